//! Quantities, in as few requests as the shop takes.

use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjusted, Adjustment};

use super::super::ShopClient;
use super::super::effect::{self, Success};
use crate::stock::{adjusted, batch, fits};

/// The answer to a batch cannot be asked to be short (`_fields` empties it),
/// and holds the texts of 100 products.
const MAX_ECHO_BYTES: usize = 32 * 1024 * 1024;
/// No further part of a batch is begun after so long: all of it then takes
/// little longer than one request may.
const PARTS: SignedDuration = SignedDuration::from_secs(4);

/// Why a part of a batch was not answered.
enum Failed {
    /// It was refused as too much at once: nothing of it was done.
    TooMuch(CallError),
    Otherwise(CallError),
}

impl ShopClient {
    /// Sends what can be sent; the rest is refused here, each for itself, so
    /// that one item never keeps the others of its batch.
    pub(super) async fn adjust_what_fits(
        &self,
        adjustments: &[Adjustment],
    ) -> Result<Vec<Adjusted>, CallError> {
        let fit = fits(adjustments)?;
        let fitting = adjustments.iter().zip(&fit).filter(|(_, fits)| **fits);
        let fitting: Vec<Adjustment> = fitting.map(|(adjustment, _)| adjustment.clone()).collect();
        let mut answers = self.adjust_in_parts(&fitting).await?.into_iter();
        fit.into_iter()
            .map(|fits| if fits { answers.next() } else { Some(Adjusted::Impossible) })
            .collect::<Option<_>>()
            .ok_or_else(|| CallError::unknown("the shop answered for another number of items"))
    }

    /// In one request, or in several where the shop takes fewer at once. If a
    /// later one fails it is no longer so that nothing was done.
    async fn adjust_in_parts(&self, mut rest: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        let began = self.clock.steady();
        let mut done = Vec::new();
        while !rest.is_empty() {
            if !done.is_empty() && self.clock.steady() - began > PARTS {
                return Err(CallError::unknown("the shop took long for a part: the rest was not sent"));
            }
            let (part, later) = rest.split_at(rest.len().min(self.learned.at_once()));
            match self.adjust_part(part).await {
                Ok(answers) => {
                    done.extend(answers);
                    rest = later;
                }
                Err(Failed::TooMuch(_)) if part.len() > 1 => self.learned.too_many(part.len()),
                Err(Failed::TooMuch(error) | Failed::Otherwise(error)) if done.is_empty() => {
                    return Err(error);
                }
                Err(Failed::TooMuch(error) | Failed::Otherwise(error)) => {
                    return Err(CallError::unknown(format!("a part was done, then: {error}")));
                }
            }
        }
        Ok(done)
    }

    async fn adjust_part(&self, part: &[Adjustment]) -> Result<Vec<Adjusted>, Failed> {
        let batch = batch(part).map_err(Failed::Otherwise)?;
        let url = match batch.parent {
            None => self.url(&["products", "batch"]),
            Some(parent) => self.url(&["products", &parent.to_string(), "variations", "batch"]),
        };
        let sent = self.exchange(Method::POST, url, Some(batch.body.into_bytes()), MAX_ECHO_BYTES).await;
        let answer = sent.map_err(|failure| Failed::Otherwise(effect::no_answer(&failure)))?;
        let body = answer.body.as_deref();
        let (status, headers) = (answer.status, &answer.headers);
        let judged =
            effect::judge(Success::Changed, status, headers, body.unwrap_or_default(), self.clock.now());
        judged.map_err(|error| match answer.status {
            StatusCode::PAYLOAD_TOO_LARGE => Failed::TooMuch(error),
            _ => Failed::Otherwise(error),
        })?;
        let too_long = || CallError::unknown("the answer to a batch is too long to be read");
        let body = body.ok_or_else(too_long).map_err(Failed::Otherwise)?;
        adjusted(part, body).map_err(Failed::Otherwise)
    }
}
