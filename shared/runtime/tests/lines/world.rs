//! The webhook's receiver and the orders' worker over fakes.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use lambda_http::{Body, Context, Request, RequestExt};
use serde_json::Value;
use weir_domain::config::StoreConfig;
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{OrderId, OrderKey};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::order::Order;
use weir_domain::ports::Clock;
use weir_domain::push::OrderPush;
use weir_runtime::batch::Record;
use weir_testkit::{FakeClock, FakeConnections, FakeErp, FakeLedger, FakeQueue, FakeShop, sample};
use weir_woocommerce::canonical;
use weir_woocommerce::receive::{Receiver, SecretSource, SecretsUnavailable};
use weir_woocommerce::signature::WebhookSecrets;
use weir_woocommerce::watch::Watch;

use crate::http;

const SECRET: &str = "SampleSecretOfThirtyTwoCharacters0";

/// What a shop would sign a body with.
pub(crate) fn signature(body: &str) -> String {
    let mut keyed = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
    keyed.update(body.as_bytes());
    BASE64_STANDARD.encode(keyed.finalize().into_bytes())
}

struct Secrets;

#[async_trait]
impl SecretSource for Secrets {
    async fn secrets(&self, store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        Ok((store == "main").then(|| WebhookSecrets { current: SECRET.into(), previous: None }))
    }

    async fn refreshed(&self, _: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        Ok(None)
    }
}

pub(crate) struct World {
    pub(crate) queue: Arc<FakeQueue>,
    pub(crate) shop: Arc<FakeShop>,
    pub(crate) erp: Arc<FakeErp>,
    clock: Arc<FakeClock>,
    store: StoreConfig,
    receiver: Receiver,
    watch: Watch,
    push: OrderPush,
}

impl World {
    /// Nothing is mapped yet.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock::at("2027-03-02T12:00:00Z".parse().unwrap()));
        let (ledger, queue) = (Arc::new(FakeLedger::default()), Arc::new(FakeQueue::default()));
        let (shop, erp) = (Arc::new(FakeShop::default()), Arc::new(FakeErp::default()));
        let store = sample::store_config("main", "books");
        let connections = FakeConnections::default();
        connections.add_store(store.clone(), Arc::clone(&shop));
        connections.add_erp("books".parse().unwrap(), Arc::clone(&erp));
        let push = OrderPush {
            ledger: ledger.clone(),
            mappings: ledger.clone(),
            connections: Arc::new(connections),
            stock: None,
            clock: clock.clone(),
            lease: SignedDuration::from_secs(130),
            amnesia: false,
        };
        let receiver = Receiver { secrets: Arc::new(Secrets), queue: queue.clone(), clock: clock.clone() };
        let watch = Watch::new(ledger, clock.clone(), ["main".parse().unwrap()]);
        Self { queue, shop, erp, clock, store, receiver, watch, push }
    }

    /// What the test orders name is mapped.
    pub(crate) fn mapped() -> Self {
        let world = Self::new();
        for (kind, name, code) in [
            (MappingKind::Tax, "rates:1", "DE19"),
            (MappingKind::Shipping, "flat_rate", "SHIPPING"),
            (MappingKind::Payment, "stripe", "CARD"),
        ] {
            let (key, note) = (MappingKey::new(kind, name), sample::note("mapped", world.clock.now()));
            let target = [code.to_owned()];
            let added = world.push.mappings.set_mapping(&world.store.store, &key, &target, &note);
            futures::executor::block_on(added).unwrap();
        }
        world
    }

    /// A POST from the gateway.
    pub(crate) async fn deliver(&self, topic: &str, body: String, signature: Option<String>, request: &str) {
        let mut context = Context::default();
        request.clone_into(&mut context.request_id);
        let mut delivery = Request::new(Body::from(body));
        let headers = delivery.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        if let Some(signature) = signature {
            headers.insert("x-wc-webhook-signature", signature.parse().unwrap());
        }
        let path = format!("/stores/main/webhooks/{topic}");
        let delivery = delivery.with_raw_http_path(path).with_lambda_context(context);
        http::answer(&self.receiver, &self.watch, &delivery).await;
    }

    /// The shop has an order.
    pub(crate) fn put(&self, order: Order) -> OrderKey {
        let key = order.key.clone();
        self.shop.put(order);
        key
    }

    /// The shop has a sample, and somebody hints at it; `None` for one that
    /// cannot be read at all.
    pub(crate) fn place(&self, body: &Value) -> Option<OrderKey> {
        let id = OrderId(body["id"].as_u64()?);
        let order = canonical::order(&self.store, id, body.to_string().as_bytes()).ok()?;
        Some(self.put(order))
    }

    /// A hint's delivery by the queue.
    pub(crate) async fn push(&self, hint: impl Hinted) {
        let message = hint.hint(self.clock.now());
        let deadline = self.clock.now() + SignedDuration::from_secs(50);
        let message_id = format!("message-{}", message.order);
        let record = Record { message, message_id, receives: 1, deadline };
        order_push::work(&self.push, record, "invocation-1").await;
    }
}

/// A hint, or an order to hint at.
pub(crate) trait Hinted {
    fn hint(self, now: jiff::Timestamp) -> Hint;
}

impl Hinted for Hint {
    fn hint(self, _: jiff::Timestamp) -> Hint {
        self
    }
}

impl Hinted for OrderKey {
    fn hint(self, now: jiff::Timestamp) -> Hint {
        sample::hint(&self, Cause::Webhook, now)
    }
}
