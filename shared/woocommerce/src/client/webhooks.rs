//! The store's webhooks: listed, made, given the secret, deleted.
//!
//! A refusal of the key's writes is an answer of its own,
//! `webhooks_not_manageable`: a key that may only read orders is a choice, and
//! no reason to stop reading them.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use weir_domain::guardian::NOT_MANAGEABLE;
use weir_domain::outcome::CallError;
use weir_domain::ports::{NewWebhook, ShopWebhooks, Webhook};

use super::effect::{self, Success};
use super::stock::call_error;
use super::{Answer, MAX_ANSWER_BYTES, PAGE, ShopClient, answer};
use crate::webhooks::{webhook, webhooks};

/// Pages of a store's webhooks that are read: more have no sense.
const PAGES: u32 = 10;
/// The shop's code for a webhook it does not have: 404 to a DELETE, 400 to a
/// PUT.
const NO_SUCH_WEBHOOK: &str = "woocommerce_rest_shop_webhook_invalid_id";
/// The shop takes no address that is not http or https.
const BAD_URL: &str = "woocommerce_rest_shop_webhook_invalid_delivery_url";

/// The webhooks of one store, with the secret that they are given.
pub struct StoreWebhooks {
    shop: Arc<ShopClient>,
    secret: SecretString,
}

impl StoreWebhooks {
    /// By a client of the store, whose key has to be `read_write` to change
    /// anything, and the store's present webhook secret.
    pub fn new(shop: Arc<ShopClient>, secret: SecretString) -> Self {
        Self { shop, secret }
    }

    fn url(&self, id: u64) -> Url {
        self.shop.url(&["webhooks", &id.to_string()])
    }

    /// One write; status, code and body of an answer that says something.
    async fn write(
        &self,
        method: Method,
        url: Url,
        json: Option<String>,
        success: Success,
    ) -> Result<Said, CallError> {
        let sent = self.shop.exchange(method, url, json.map(String::into_bytes), MAX_ANSWER_BYTES).await;
        let answer = sent.map_err(|failure| effect::no_answer(&failure))?;
        let body = answer.body.unwrap_or_default();
        let code = effect::refusal(&answer.headers, &body);
        if is_not_ours(answer.status, &code) {
            return Err(not_manageable());
        }
        match (answer.status.as_u16(), code.as_str()) {
            (400 | 404, NO_SUCH_WEBHOOK) => return Ok(Said::NoSuchWebhook),
            (400, BAD_URL) => {
                return Err(CallError::rejected(
                    "webhook_url_refused",
                    "the shop takes no such address for a webhook",
                ));
            }
            _ => {}
        }
        effect::judge(success, answer.status, &answer.headers, &body, self.shop.clock.now())?;
        Ok(Said::Done(body))
    }
}

enum Said {
    Done(Vec<u8>),
    NoSuchWebhook,
}

#[async_trait]
impl ShopWebhooks for StoreWebhooks {
    async fn webhooks(&self) -> Result<Vec<Webhook>, CallError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let mut url = self.shop.url(&["webhooks"]);
            url.query_pairs_mut()
                .append_pair("orderby", "id")
                .append_pair("order", "asc")
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let (status, Answer { headers, body }) = self.shop.fetch(url).await.map_err(call_error)?;
            if is_not_ours(status, &effect::refusal(&headers, &body)) {
                return Err(not_manageable());
            }
            if answer::is_no_route(status, &headers, &body) {
                return Err(answer::no_route(None));
            }
            answer::judge(status, &headers, &body, self.shop.clock.now()).map_err(call_error)?;
            let found = webhooks(&body)?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last {
                return Ok(all);
            }
        }
        Err(CallError::unknown(format!("more than {} webhooks", all.len())))
    }

    async fn create_webhook(&self, new: &NewWebhook) -> Result<Webhook, CallError> {
        let body = json!({
            "name": new.name,
            "topic": new.topic,
            "delivery_url": new.url,
            "secret": self.secret.expose_secret(),
        });
        let url = self.shop.url(&["webhooks"]);
        let doubtful = || CallError::unknown("a new webhook: the answer to a write makes no sense");
        match self.write(Method::POST, url, Some(body.to_string()), Success::Created).await? {
            Said::Done(body) => webhook(&body).ok_or_else(doubtful),
            Said::NoSuchWebhook => Err(doubtful()),
        }
    }

    /// Setting it twice is setting it once: the answer is not read.
    async fn renew_secret(&self, id: u64) -> Result<(), CallError> {
        let body = json!({ "secret": self.secret.expose_secret() }).to_string();
        match self.write(Method::PUT, self.url(id), Some(body), Success::Changed).await? {
            Said::Done(_) => Ok(()),
            Said::NoSuchWebhook => Err(CallError::retry_soon("the webhook is gone since it was listed")),
        }
    }

    /// Without `force` the shop refuses: webhooks have no trash.
    async fn delete_webhook(&self, id: u64) -> Result<(), CallError> {
        let mut url = self.url(id);
        url.query_pairs_mut().append_pair("force", "true");
        self.write(Method::DELETE, url, None, Success::Changed).await.map(|_| ())
    }

    fn secret_fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.shop.store.store.as_str(), self.secret.expose_secret()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
            // Writing to a string never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Whether the API itself says that this is not for our key to do: an edge
/// that says the same says it without one of the API's codes.
fn is_not_ours(status: StatusCode, code: &str) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !code.is_empty()
}

fn not_manageable() -> CallError {
    let why = "the key may only read, or its user may not manage webhooks";
    CallError::rejected(NOT_MANAGEABLE, why)
}
