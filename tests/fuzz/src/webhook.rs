//! Verify-and-parse: whoever sends whatever, the answer is the right one.
//!
//! An input is three lines and a body: the topic; how it is signed (`current`,
//! `previous`, `nobody`, `flip:N`, `cut:N`, `none`, or the header itself);
//! the world, a letter for each of its troubles; and the bytes of the body.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::executor::block_on;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::Sha256;
use weir_domain::hint::{Cause, HINT_VERSION, Hint};
use weir_domain::id::OrderId;
use weir_domain::ports::{Clock, OrderQueue, QueueError};
use weir_woocommerce::delivery::Topic;
use weir_woocommerce::receive::{Delivery, Receipt, Receiver, SecretSource, SecretsUnavailable};
use weir_woocommerce::signature::WebhookSecrets;

const STORE: &str = "lights";
const CORRELATION: &str = "request-1";
const CURRENT: &str = "uV3kQ8mZ1xT6bN0cR5wY2pL9sD4fG7hJ";
const PREVIOUS: &str = "Previous3kQ8mZ1xT6bN0cR5wY2pL9sD";
/// What an unknown store's deliveries are compared with.
const NOBODYS: &str = "0000000000000000000000000000000000000000";

/// One input, taken apart.
struct Input<'a> {
    topic: &'a str,
    signature: Option<Vec<u8>>,
    world: World,
    body: &'a [u8],
}

/// What is wrong with the world.
#[derive(Clone, Copy)]
struct World {
    /// `1`: the store has no previous secret.
    one_secret: bool,
    /// `r`: the secrets were rotated, and the cache still has the old one.
    rotated: bool,
    /// `l`: they were read too recently to be read again.
    limited: bool,
    /// `s`: the secret store cannot be reached at all.
    secrets_down: bool,
    /// `f`: nor can it when it is asked again.
    refresh_down: bool,
    /// `u`: nobody has this store.
    unknown_store: bool,
    /// `q`: the queue takes nothing.
    queue_down: bool,
    /// `p`: the body is said to be a form.
    form: bool,
}

/// Where the body begins: after the third line.
pub fn body_start(data: &[u8]) -> usize {
    let ends = data.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1).nth(2).unwrap_or(data.len())
}

/// Panics if the delivery gets an answer that it must not get.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let queue = Arc::new(Queue { down: input.world.queue_down, sent: Mutex::default() });
    let receiver =
        Receiver { secrets: Arc::new(input.world), queue: queue.clone(), clock: Arc::new(Stopped) };
    let delivery = Delivery {
        store: STORE,
        topic: input.topic,
        content_type: Some(if input.world.form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        }),
        signature: input.signature.as_deref(),
        body: input.body,
        correlation: CORRELATION,
    };
    let receipt = block_on(receiver.receive(delivery));
    let sent = queue.sent.lock().expect("one thread").clone();
    input.judge(&receipt, &sent);
}

impl<'a> Input<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut lines = data.splitn(4, |byte| *byte == b'\n');
        let (topic, signing, world) = (lines.next()?, lines.next()?, lines.next()?);
        let body = lines.next()?;
        let topic = std::str::from_utf8(topic).ok()?;
        Some(Self { topic, signature: header(signing, body), world: World::read(world), body })
    }

    fn judge(&self, receipt: &Receipt, sent: &[Hint]) {
        let status = receipt.status();
        if self.is_ping() {
            assert!(status == 200 && sent.is_empty(), "a ping: {receipt:?}");
            return;
        }
        match self.verdict() {
            Verdict::Forged => assert!(status == 401 && sent.is_empty(), "forged: {receipt:?}"),
            Verdict::CannotTell => assert!(status == 503 && sent.is_empty(), "cannot tell: {receipt:?}"),
            Verdict::Genuine => self.judge_genuine(receipt, sent),
        }
    }

    fn judge_genuine(&self, receipt: &Receipt, sent: &[Hint]) {
        let status = receipt.status();
        assert!(matches!(status, 200 | 503), "a correctly signed body got {receipt:?}");
        assert!(status == 200 || self.world.queue_down, "{receipt:?}");
        match (self.order(), receipt) {
            (Reading::Order(id), Receipt::Queued(order, _))
            | (Reading::OldApi(id), Receipt::OldApi(order, _)) => {
                assert_eq!((order.0, sent), (id, [expected_hint(id)].as_slice()));
            }
            (Reading::Order(_) | Reading::OldApi(_), Receipt::Unavailable(_)) => assert!(sent.is_empty()),
            (Reading::Nothing, Receipt::Nothing(..) | Receipt::UnknownTopic(_)) => assert!(sent.is_empty()),
            // Too deep for our own reading: what is hinted at is a number of the body.
            (Reading::TooDeep, Receipt::Queued(order, _) | Receipt::OldApi(order, _)) => {
                let number = order.0.to_string();
                assert!(order.0 > 0 && contains(self.body, number.as_bytes()), "{receipt:?}");
            }
            (Reading::TooDeep, Receipt::Nothing(..) | Receipt::Unavailable(_)) => assert!(sent.is_empty()),
            (reading, _) => panic!("{reading:?} became {receipt:?}"),
        }
        for hint in sent {
            let message = serde_json::to_string(hint).expect("a hint serialises");
            assert_eq!(message.parse::<Hint>().as_ref(), Ok(hint));
        }
    }

    fn is_ping(&self) -> bool {
        let number = std::str::from_utf8(self.body).ok().and_then(|body| body.strip_prefix("webhook_id="));
        let digits = number.is_some_and(|number| {
            (1..=20).contains(&number.len()) && number.chars().all(|digit| digit.is_ascii_digit())
        });
        self.world.form && digits && self.signature.is_none()
    }

    /// Whether the delivery is the shop's, computed another way: from the
    /// secrets to the header, not from the header to the secrets.
    fn verdict(&self) -> Verdict {
        let world = self.world;
        if world.secrets_down {
            return Verdict::CannotTell;
        }
        let signed_with = |secrets: &[&str]| {
            let header = self.signature.as_deref();
            secrets.iter().any(|secret| header == Some(sign(secret, self.body).as_bytes()))
        };
        if world.unknown_store {
            return Verdict::Forged;
        }
        let well_formed = self.signature.as_deref().is_some_and(is_canonical);
        match (signed_with(world.cached()), world.limited) {
            (true, _) => Verdict::Genuine,
            (false, false) if well_formed && world.refresh_down => Verdict::CannotTell,
            (false, false) if signed_with(world.fresh()) => Verdict::Genuine,
            (false, _) => Verdict::Forged,
        }
    }

    /// What the body says, read with another reader.
    fn order(&self) -> Reading {
        let Ok(topic) = self.topic.parse::<Topic>() else { return Reading::Nothing };
        if !topic.to_string().starts_with("order.") {
            return Reading::Nothing;
        }
        let value = match serde_json::from_slice::<Value>(self.body) {
            Ok(value) => value,
            Err(error) if error.is_syntax() && !is_too_deep(&error) => return Reading::Nothing,
            Err(error) if is_too_deep(&error) => return Reading::TooDeep,
            Err(_) => return Reading::Nothing,
        };
        if !value.is_object() {
            return Reading::Nothing;
        }
        let is_draft = |of: &Value| matches!(of["status"].as_str(), Some("checkout-draft" | "auto-draft"));
        let is_word = |of: &Value| of.as_u64().is_some() || of.is_string();
        let member = &value["order"];
        match (value["id"].as_u64(), member["id"].as_u64()) {
            (Some(id), _) if id > 0 && !is_draft(&value) => Reading::Order(id),
            (None, Some(id)) if id > 0 && !is_draft(member) => {
                if is_word(&value["id"]) || is_word(&value["code"]) {
                    Reading::Nothing
                } else {
                    Reading::OldApi(id)
                }
            }
            _ => Reading::Nothing,
        }
    }
}

enum Verdict {
    Genuine,
    Forged,
    CannotTell,
}

#[derive(Debug)]
enum Reading {
    Order(u64),
    /// Under `order`, as the legacy API writes it.
    OldApi(u64),
    Nothing,
    TooDeep,
}

/// Deeper than the second reader goes, or with a number or an escape that it
/// refuses where nobody looks at it.
fn is_too_deep(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    ["recursion limit", "number out of range", "unicode code point", "lone leading surrogate", "hex escape"]
        .iter()
        .any(|known| text.contains(known))
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn expected_hint(id: u64) -> Hint {
    Hint {
        v: HINT_VERSION,
        store: STORE.parse().expect("a store's name"),
        order: OrderId(id),
        received_at: Timestamp::UNIX_EPOCH,
        cause: Cause::Webhook,
        correlation: CORRELATION.to_owned(),
    }
}

fn header(signing: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(signing).unwrap_or_default();
    let number = |prefix: &str| text.strip_prefix(prefix)?.parse::<usize>().ok();
    let current = || sign(CURRENT, body).into_bytes();
    Some(match text {
        "none" => return None,
        "current" => current(),
        "previous" => sign(PREVIOUS, body).into_bytes(),
        "nobody" => sign(NOBODYS, body).into_bytes(),
        _ => match (number("flip:"), number("cut:")) {
            (Some(bit), _) => {
                let mut header = current();
                let at = bit / 8 % header.len();
                header[at] ^= 1 << (bit % 8);
                header
            }
            (_, Some(length)) => current().into_iter().take(length).collect(),
            _ => signing.to_vec(),
        },
    })
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut keyed = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("any length");
    keyed.update(body);
    BASE64_STANDARD.encode(keyed.finalize().into_bytes())
}

/// Base64 of 32 bytes, in its one spelling.
fn is_canonical(header: &[u8]) -> bool {
    BASE64_STANDARD
        .decode(header)
        .is_ok_and(|bytes| bytes.len() == 32 && BASE64_STANDARD.encode(&bytes).as_bytes() == header)
}

impl World {
    fn read(letters: &[u8]) -> Self {
        let has = |letter| letters.contains(&letter);
        Self {
            one_secret: has(b'1'),
            rotated: has(b'r'),
            limited: has(b'l'),
            secrets_down: has(b's'),
            refresh_down: has(b'f'),
            unknown_store: has(b'u'),
            queue_down: has(b'q'),
            form: has(b'p'),
        }
    }

    fn fresh(self) -> &'static [&'static str] {
        if self.one_secret { &[CURRENT] } else { &[CURRENT, PREVIOUS] }
    }

    fn cached(self) -> &'static [&'static str] {
        if self.rotated { &[PREVIOUS] } else { self.fresh() }
    }
}

fn secrets(active: &[&str]) -> WebhookSecrets {
    WebhookSecrets { current: active[0].into(), previous: active.get(1).map(|secret| (*secret).into()) }
}

#[async_trait]
impl SecretSource for World {
    async fn secrets(&self, _: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        if self.secrets_down {
            return Err(SecretsUnavailable("down".to_owned()));
        }
        Ok((!self.unknown_store).then(|| secrets(self.cached())))
    }

    async fn refreshed(&self, _: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        if self.limited || self.unknown_store {
            return Ok(None);
        }
        if self.refresh_down {
            return Err(SecretsUnavailable("down".to_owned()));
        }
        Ok(Some(secrets(self.fresh())))
    }
}

struct Queue {
    down: bool,
    sent: Mutex<Vec<Hint>>,
}

#[async_trait]
impl OrderQueue for Queue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        if self.down {
            return Err(QueueError("down".to_owned()));
        }
        self.sent.lock().expect("one thread").extend_from_slice(hints);
        Ok(())
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn steady(&self) -> SignedDuration {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::BODIES;

    #[test]
    fn every_sample_under_every_signature_and_in_every_world() {
        for body in BODIES.iter() {
            let body = serde_json::to_vec(body).unwrap();
            for signing in ["current", "previous", "nobody", "none", "", "flip:3", "cut:43", "canary"] {
                for world in ["", "1", "r", "rl", "rf", "s", "u", "q", "p", "1rq"] {
                    let head = format!("order.updated\n{signing}\n{world}\n");
                    check(&[head.as_bytes(), &body].concat());
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a correctly signed body got")]
    fn a_refused_genuine_delivery_is_a_finding() {
        let input = Input::read(b"order.updated\ncurrent\n\n{\"id\":1}").unwrap();
        input.judge(&Receipt::Refused(weir_woocommerce::signature::SignatureError::Mismatch), &[]);
    }

    #[test]
    #[should_panic(expected = "forged")]
    fn a_believed_forgery_is_a_finding() {
        let input = Input::read(b"order.updated\nflip:9\n\n{\"id\":1}").unwrap();
        let receipt = Receipt::Queued(OrderId(1), weir_woocommerce::signature::SignedWith::Current);
        input.judge(&receipt, &[expected_hint(1)]);
    }
}
