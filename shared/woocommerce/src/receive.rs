//! The use case of `webhook`: verify, understand, send a hint, answer.
//!
//! Every 4xx is a strike and seven in a row switch the webhook off, so a
//! correctly signed delivery is answered 200, whatever it contains, or 503 if
//! the queue did not take the hint. Everything else is 401, at the cost of a
//! real verification, and nothing of it is believed or logged.

use std::sync::Arc;

use async_trait::async_trait;
use weir_domain::hint::{Cause, HINT_VERSION, Hint};
use weir_domain::id::{OrderId, StoreId};
use weir_domain::ports::{Clock, OrderQueue};

use crate::delivery::{self, NotAnOrder, Topic, Understanding};
use crate::signature::{self, SignatureError, SignedWith, WebhookSecrets};

/// Where a store's webhook secrets come from.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secrets, possibly some minutes old. `None` for a store that does
    /// not exist or is disabled.
    async fn secrets(&self, store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable>;

    /// The secrets as they are now, after a mismatch; `None` if they were
    /// read too recently to ask again.
    async fn refreshed(&self, store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable>;
}

/// The secret store cannot be reached and nothing is cached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the webhook secrets cannot be read: {0}")]
pub struct SecretsUnavailable(pub String);

/// A POST to `/stores/{store}/webhooks/{topic}`.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// From the path.
    pub store: &'a str,
    /// From the path: the topic header is not signed.
    pub topic: &'a str,
    /// The header.
    pub content_type: Option<&'a str>,
    /// The value of [`signature::SIGNATURE_HEADER`].
    pub signature: Option<&'a [u8]>,
    /// The bytes as they were sent.
    pub body: &'a [u8],
    /// The gateway's request id: one id from here to the ERP.
    pub correlation: &'a str,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// A hint is in the queue.
    Queued(OrderId, SignedWith),
    /// A hint is in the queue, and the webhook speaks the legacy API.
    OldApi(OrderId, SignedWith),
    /// Signed, and there is nothing to look at.
    Nothing(NotAnOrder, SignedWith),
    /// Signed, under a topic that Weir does not know: nothing is done.
    UnknownTopic(SignedWith),
    /// The unsigned ping of a new webhook.
    Ping,
    /// Not from the shop.
    Refused(SignatureError),
    /// From the shop, perhaps, and we could not take it: the shop counts a
    /// failure, the poll finds the order.
    Unavailable(String),
}

impl Receipt {
    /// The HTTP status to answer with. The body of an answer is empty.
    pub fn status(&self) -> u16 {
        match self {
            Self::Queued(..) | Self::OldApi(..) | Self::Nothing(..) | Self::UnknownTopic(_) | Self::Ping => {
                200
            }
            Self::Refused(_) => 401,
            Self::Unavailable(_) => 503,
        }
    }
}

/// The outside of the use case.
#[derive(Clone)]
pub struct Receiver {
    /// The stores' webhook secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Where hints go.
    pub queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Receiver {
    /// Takes one delivery.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Receipt {
        if delivery.signature.is_none() && delivery::is_ping(delivery.content_type, delivery.body) {
            return Receipt::Ping;
        }
        let signed_with = match self.verify(&delivery).await {
            Ok(Ok(signed_with)) => signed_with,
            Ok(Err(refusal)) => return Receipt::Refused(refusal),
            Err(unavailable) => return Receipt::Unavailable(unavailable.to_string()),
        };
        let Ok(topic) = delivery.topic.parse::<Topic>() else {
            return Receipt::UnknownTopic(signed_with);
        };
        match delivery::understand(topic, delivery.body) {
            Understanding::NotAnOrder(why) => Receipt::Nothing(why, signed_with),
            Understanding::Order(order) => match self.hint(&delivery, order).await {
                Ok(()) => Receipt::Queued(order, signed_with),
                Err(why) => Receipt::Unavailable(why),
            },
            Understanding::OldApi(order) => match self.hint(&delivery, order).await {
                Ok(()) => Receipt::OldApi(order, signed_with),
                Err(why) => Receipt::Unavailable(why),
            },
        }
    }

    async fn verify(
        &self,
        delivery: &Delivery<'_>,
    ) -> Result<Result<SignedWith, SignatureError>, SecretsUnavailable> {
        let Some(secrets) = self.secrets.secrets(delivery.store).await? else {
            return Ok(Err(signature::refuse(delivery.signature, delivery.body)));
        };
        match signature::verify(&secrets, delivery.signature, delivery.body) {
            // The secret may have been rotated a moment ago.
            Err(SignatureError::Mismatch) => {}
            verdict => return Ok(verdict),
        }
        let fresh = self.secrets.refreshed(delivery.store).await?;
        let verify = |fresh| signature::verify(&fresh, delivery.signature, delivery.body);
        Ok(fresh.map_or(Err(SignatureError::Mismatch), verify))
    }

    async fn hint(&self, delivery: &Delivery<'_>, order: OrderId) -> Result<(), String> {
        // A store with secrets has a name; should it not, nothing can be sent.
        let Ok(store) = delivery.store.parse::<StoreId>() else {
            return Err("the store's name is not a name".to_owned());
        };
        let hint = Hint {
            v: HINT_VERSION,
            store,
            order,
            received_at: self.clock.now(),
            cause: Cause::Webhook,
            correlation: delivery.correlation.to_owned(),
        };
        self.queue.send(&[hint]).await.map_err(|error| error.to_string())
    }
}
