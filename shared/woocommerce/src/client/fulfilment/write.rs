//! One write about an order: what the shop said, with the refusals that this
//! kind of write knows. Whatever else may have had an effect.

use reqwest::{Method, StatusCode};
use url::Url;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::super::effect::{self, Success};
use super::super::{MAX_ANSWER_BYTES, ShopClient};

/// A write.
pub(super) struct Write<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) json: Option<String>,
    pub(super) success: Success,
    /// Status and code of its refusals, each certainly without effect.
    pub(super) refusals: &'a [(u16, &'a str)],
}

/// What the shop said to it.
pub(super) enum Said {
    /// It was done; the answer.
    Done(Vec<u8>),
    /// One of its refusals.
    Refused { code: String, body: Vec<u8> },
}

impl ShopClient {
    pub(super) async fn write(&self, write: Write<'_>) -> Result<Said, ShopError> {
        let Write { method, url, json, success, refusals } = write;
        let sent = self.exchange(method, url, json.map(String::into_bytes), MAX_ANSWER_BYTES).await;
        let answer = sent.map_err(|failure| effect::no_answer(&failure))?;
        let (status, headers) = (answer.status, &answer.headers);
        let body = answer.body.as_deref().unwrap_or_default();
        let code = effect::refusal(headers, body);
        if effect::says_gone(status, &code) {
            return Err(ShopError::Gone);
        }
        if refusals.contains(&(status.as_u16(), code.as_str())) {
            return Ok(Said::Refused { code, body: body.to_vec() });
        }
        effect::judge(success, status, headers, body, self.clock.now())?;
        answer.body.map(Said::Done).ok_or_else(|| unreadable(status))
    }

    /// A write that knows no refusals.
    pub(super) async fn write_plain(
        &self,
        method: Method,
        url: Url,
        json: String,
        success: Success,
    ) -> Result<Vec<u8>, ShopError> {
        let write = Write { method, url, json: Some(json), success, refusals: &[] };
        match self.write(write).await? {
            Said::Done(body) => Ok(body),
            Said::Refused { .. } => Err(CallError::unknown("the shop refused what it never refuses").into()),
        }
    }
}

fn unreadable(status: StatusCode) -> ShopError {
    CallError::unknown(format!("status {}: the answer to a write is too long to be read", status.as_u16()))
        .into()
}

/// The answer is no JSON, or of something else.
pub(super) fn doubtful(what: &str) -> ShopError {
    CallError::unknown(format!("{what}: the answer to a write makes no sense")).into()
}
