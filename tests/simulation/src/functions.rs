//! The functions as Lambda runs them: invocations with a time limit, fed by
//! an event source, a gateway and a schedule. What runs inside is the code
//! that ships.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use tokio::time::{sleep, timeout};
use weir_domain::fulfilment::follow::FollowRun;
use weir_domain::hint::Hint;
use weir_domain::id::StoreId;
use weir_domain::poll::Run;
use weir_domain::ports::Clock;
use weir_runtime::batch::{Batch, Record, Verdict};
use weir_woocommerce::receive::{Delivery, Receipt};

use crate::baselines::Baseline;
use crate::faults::FaultClass as F;
use crate::invocation::Invocation;
use crate::queue::{Message, SimVisibility, until};
use crate::saboteurs::Saboteur;
use crate::stage::StageClock;
use crate::world::World;

/// The function's time-out in the template.
pub(crate) const TIME_LIMIT: Duration = Duration::from_mins(1);

/// One POST of the shop. What the shop gets to see: `None` if the connection
/// ended without an answer.
pub async fn webhook(world: &Arc<World>, store: &StoreId, post: &Post) -> Option<u16> {
    let name = world.next_name("webhook");
    let Post { topic, body, delivery_id, tells } = post;
    let invocation = Invocation::draw(name.clone(), &world.stage, false);
    let signature = sign(world.rotation.shop_signs_with(), body.as_bytes());
    let delivery = Delivery {
        store: store.as_str(),
        topic,
        content_type: Some("application/json"),
        signature: Some(signature.as_bytes()),
        body: body.as_bytes(),
        correlation: &name,
    };
    let dedupes = world.saboteur == Some(Saboteur::DedupeByDeliveryId)
        || world.baseline == Some(Baseline::DedupeByDeliveryId);
    let dropped = dedupes && world.delivery_ids.seen_before(*delivery_id);
    let status = if dropped {
        200
    } else {
        let receive = weir_runtime::telemetry::contain(world.receiver.receive(delivery));
        let received: Receipt = timeout(TIME_LIMIT, invocation.run(receive)).await.ok()??.ok()?;
        received.status()
    };
    world.stage.log(|| format!("{name} {topic} {body} → {status}"));
    if *tells && status == 200 && !world.queue.was_sent(&name) {
        world.stage.violate("I8", format!("{name} was answered 200 and no hint is in the queue"));
    }
    Some(status)
}

/// What the shop posts.
#[derive(Debug, Clone)]
pub struct Post {
    /// From the URL.
    pub topic: &'static str,
    /// Signed.
    pub body: String,
    /// Not signed, and not always unique.
    pub delivery_id: u64,
    /// Whether there is an order to look at.
    pub tells: bool,
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable!());
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// The event source: gives visible messages to idle invocations, for ever.
pub async fn order_push(world: Arc<World>) {
    loop {
        let batch = world.queue.receive();
        if batch.is_empty() {
            let next = world.queue.next_visible();
            let pause = next.map_or(Duration::from_hours(1), |at| until(world.stage.now(), at));
            let _news = timeout(pause.max(Duration::from_millis(1)), world.queue.news.notified()).await;
        } else {
            world.busy(1);
            invoke(&world, batch).await;
            world.busy(-1);
        }
    }
}

async fn invoke(world: &Arc<World>, messages: Vec<Message>) {
    let name = world.next_name("order-push");
    if world.saboteur == Some(Saboteur::AcknowledgeFirst) {
        for message in &messages {
            world.check_acknowledged(message).await;
            world.queue.delete(message);
        }
    }
    let invocation = Invocation::draw(name.clone(), &world.stage, true);
    let drill_freezes = world.stage.drill().is_some_and(|drill| drill.strike.class == F::L3);
    let failed = if invocation.will_freeze() || drill_freezes {
        invocation.run(outlive_the_limit(world, &invocation, &messages)).await
    } else {
        let work = invocation.run(within_the_limit(world, &invocation, &messages));
        timeout(TIME_LIMIT, work).await.ok().flatten()
    };
    let Some(failed) = failed else {
        world.died(&messages);
        return;
    };
    if !failed.is_empty() && failed.len() < messages.len() {
        world.stage.coverage.met(F::Q5);
    }
    for message in messages {
        if !failed.contains(&message.id.to_string()) {
            if world.baseline.is_none() {
                world.check_acknowledged(&message).await;
            }
            world.queue.delete(&message);
        }
    }
}

/// The batch loop that ships, with its own deadlines.
async fn within_the_limit(
    world: &Arc<World>,
    invocation: &Arc<Invocation>,
    messages: &[Message],
) -> Vec<String> {
    let clock = Arc::new(StageClock(Arc::clone(&world.stage)));
    let deadline = clock.now() + SignedDuration::try_from(TIME_LIMIT).unwrap_or_default();
    let visibility = Arc::new(SimVisibility(Arc::clone(&world.queue)));
    let batch = Batch { concurrency: 1, clock, visibility };
    let answer = batch.process(event(messages), deadline, |record| piece(world, invocation, record)).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// A process that was frozen does not notice its time limit: record by record
/// without the loop's timers, which froze with it.
async fn outlive_the_limit(
    world: &Arc<World>,
    invocation: &Arc<Invocation>,
    messages: &[Message],
) -> Vec<String> {
    let clock = StageClock(Arc::clone(&world.stage));
    let deadline = clock.now() + SignedDuration::from_secs(56);
    let mut failed = Vec::new();
    for message in messages {
        let verdict = match message.body.parse() {
            Ok(hint) => {
                let record = Record {
                    message: hint,
                    message_id: message.id.to_string(),
                    receives: message.receives,
                    deadline,
                };
                piece(world, invocation, record).await
            }
            Err(_) => Verdict::Fail,
        };
        if verdict != Verdict::Ack {
            failed.push(message.id.to_string());
        }
    }
    failed
}

async fn piece(world: &Arc<World>, invocation: &Arc<Invocation>, record: Record<Hint>) -> Verdict {
    let order = record.message.key().to_string();
    invocation.begin_piece(&order);
    world.begin_piece(&order);
    let verdict = match world.baseline {
        Some(baseline) => baseline.work(world, &record.message).await,
        None => order_push::work(&world.push, record, invocation.name()).await,
    };
    world.end_piece(&order);
    world.stage.log(|| format!("{} {order} → {verdict:?}", invocation.name()));
    verdict
}

/// What Lambda gets from the event source.
pub(crate) fn event(messages: &[Message]) -> SqsEvent {
    let records: Vec<serde_json::Value> = messages
        .iter()
        .map(|message| {
            serde_json::json!({
                "messageId": message.id.to_string(), "receiptHandle": message.receipt, "body": message.body,
                "attributes": { "ApproximateReceiveCount": message.receives.to_string() },
                "eventSource": "aws:sqs",
            })
        })
        .collect();
    serde_json::from_value(serde_json::json!({ "Records": records })).unwrap_or_default()
}

/// The minute tick of `reconcile`, for ever.
pub async fn minutes(world: Arc<World>) {
    loop {
        sleep(Duration::from_mins(1)).await;
        let overlaps = world.stage.strikes(F::L6);
        tokio::task::spawn_local(minute(Arc::clone(&world)));
        if overlaps {
            tokio::task::spawn_local(minute(Arc::clone(&world)));
        }
    }
}

async fn minute(world: Arc<World>) {
    let name = world.next_name("reconcile");
    let invocation = Invocation::draw(name.clone(), &world.stage, false);
    world.busy(1);
    let work = weir_runtime::telemetry::contain(async {
        match world.baseline {
            Some(baseline) => baseline.look(&world).await,
            None => duties(&world, &name).await,
        }
    });
    let _ended = timeout(TIME_LIMIT, invocation.run(work)).await;
    world.busy(-1);
}

async fn duties(world: &Arc<World>, name: &str) {
    let clock = StageClock(Arc::clone(&world.stage));
    let until: Timestamp = clock.now() + SignedDuration::from_secs(45);
    for store in world.shops.keys() {
        match world.wake.tick(store, name).await {
            Ok(woken) if woken.sent > 0 => world.stage.log(|| format!("{name} wakes {store}: {woken:?}")),
            Ok(_) => {}
            Err(error) => world.stage.log(|| format!("{name} cannot wake {store}: {error}")),
        }
    }
    if world.delivers {
        follow(world, name, until).await;
    }
    for (store, shop) in &world.seen_shops {
        let Some(config) = world.configs.get(store) else { continue };
        let lease = SignedDuration::from_secs(70);
        let run = Run { config, shop: &**shop, owner: name, until, lease };
        match world.poll.run(&run).await {
            Ok(polled) if polled.skipped => {}
            Ok(polled) => {
                world.polled(store, &polled);
                world.stage.log(|| format!("{name} polls {store}: {polled:?}"));
            }
            Err(error) => world.stage.log(|| format!("{name} cannot poll {store}: {error}")),
        }
    }
}

/// The schedule of `fulfilment`, which ticks with the minute here.
pub async fn follow(world: &Arc<World>, name: &str, until: Timestamp) {
    let stores: Vec<StoreId> = world.shops.keys().cloned().collect();
    for (id, erp) in &world.seen_erps {
        let lease = SignedDuration::from_secs(70);
        let run = FollowRun { id, erp: &**erp, stores: &stores, owner: name, until, lease };
        match world.follow.run(&run).await {
            Ok(followed) if followed.skipped || followed.unfinished => {}
            Ok(followed) => {
                world.followed(id);
                if followed.orders > 0 {
                    world.stage.log(|| format!("{name} follows {id}: {followed:?}"));
                }
            }
            Err(error) => world.stage.log(|| format!("{name} cannot follow {id}: {error}")),
        }
    }
}
