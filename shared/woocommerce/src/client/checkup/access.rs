//! Whether the shop takes our key, for reading and for writing.

use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use url::Url;
use weir_domain::doctor::{Access, Fact, Unread};
use weir_domain::outcome::CallError;
use weir_http::{TransportFailure, answered_at, is_json};

use super::super::exchange::Exchanged;
use super::super::stock::call_error;
use super::super::{Answer, MAX_ANSWER_BYTES, ShopClient, answer, effect, oauth};
use crate::checkup::{Probe, Said, Step, refusal};

fn said(status: StatusCode, Answer { headers, body }: &Answer) -> Said {
    Said { status: status.as_u16(), json: is_json(headers), code: effect::refusal(headers, body) }
}

impl ShopClient {
    /// How the shop takes the key, and how its clock stands to ours.
    pub(super) async fn access(&self) -> Result<(Access, Fact<SignedDuration>), CallError> {
        let (status, answer) = self.fetch(self.one_order()).await.map_err(call_error)?;
        let ahead = answered_at(&answer.headers).map(|theirs| theirs.duration_since(self.clock.now()));
        let ahead = ahead.ok_or_else(|| Unread::Failed("its answers have no date".to_owned()));
        let access = match (status.as_u16(), is_json(&answer.headers)) {
            (200, true) => Access::Granted,
            (300..=399, _) => Access::Moved,
            (404, _) => Access::NoApi,
            (401 | 403, true) => self.refused(said(status, &answer)).await,
            (503, _) | (200..=299 | 400..=499, false) => Access::Edge { status: status.as_u16() },
            _ => {
                let Answer { headers, body } = &answer;
                answer::judge(status, headers, body, self.clock.now()).map_err(call_error)?;
                Access::Refused { status: status.as_u16() }
            }
        };
        Ok((access, ahead))
    }

    fn one_order(&self) -> Url {
        let mut url = self.url(&["orders"]);
        url.query_pairs_mut().append_pair("per_page", "1").append_pair("_fields", "id");
        url
    }

    async fn refused(&self, refused: Said) -> Access {
        // Over plain http, which is loopback, the request was signed already.
        if self.base.scheme() != "https" {
            return Access::Refused { status: refused.status };
        }
        let mut since = Vec::new();
        loop {
            match refusal(&refused, &since) {
                Step::Know(access) => return access,
                Step::Ask(probe) => since.push(self.probe(probe).await.unwrap_or_default()),
            }
        }
    }

    /// `None`: no answer.
    async fn probe(&self, probe: Probe) -> Option<Said> {
        let signed_as = match probe {
            Probe::Describe => {
                let (status, answer) = self.described().await.ok()?;
                return Some(said(status, &answer));
            }
            Probe::Sign => "https",
            Probe::SignForHttp => "http",
        };
        let mut url = self.one_order();
        url.set_scheme(signed_as).ok()?;
        let mut url = oauth::sign(&self.key, &self.nonces, self.clock.now(), "GET", url);
        url.set_scheme("https").ok()?;
        let (status, answer) = self.fetch(url).await.ok()?;
        Some(said(status, &answer))
    }

    /// The API's own description of orders, which needs no right.
    pub(super) async fn described(&self) -> Result<(StatusCode, Answer), TransportFailure> {
        let sent = self.exchange(Method::OPTIONS, self.url(&["orders"]), None, MAX_ANSWER_BYTES).await?;
        let Exchanged { status, headers, body } = sent;
        Ok((status, Answer { headers, body: body.unwrap_or_default() }))
    }

    /// Whether the key may write. The batch is empty: recorded shops answer it
    /// with nothing, and refuse any write to a key that may only read.
    pub(super) async fn may_write(&self) -> Fact<bool> {
        let url = self.url(&["products", "batch"]);
        let sent = self.exchange(Method::POST, url, Some(b"{}".to_vec()), MAX_ANSWER_BYTES).await;
        let Exchanged { status, headers, body } =
            sent.map_err(|failure| Unread::Failed(failure.to_string()))?;
        let code = effect::refusal(&headers, &body.unwrap_or_default());
        match (status.as_u16(), is_json(&headers)) {
            (200, true) => Ok(true),
            (401 | 403, true) => Ok(false),
            (404, true) if code == answer::NO_ROUTE => Err(Unread::NotThere),
            (status, true) => Err(Unread::Failed(format!("status {status} to a write of nothing"))),
            (status, false) => Err(Unread::Failed(format!("status {status} without JSON: a firewall"))),
        }
    }
}
