//! The webhook guardian over fakes: every fault is found and put right once,
//! a second look finds nothing, and nothing becomes a loop.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use url::Url;
use weir_domain::circuit::{Circuit, Peer};
use weir_domain::config::{StoreConfig, WebhooksConfig};
use weir_domain::guardian::{Guard, GuardError, GuardRun, Guarded, NOT_MANAGEABLE};
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::ports::{
    Clock, Jobs, Ledger, LedgerError, NewWebhook, Schedules, Trouble, Webhook, WebhookStatus, WebhookTroubles,
};
use weir_domain::reconcile::Outcome;
use weir_testkit::fault::{server_error, timed_out, unauthorised};
use weir_testkit::{FakeClock, FakeLedger, FakeWebhooks, Fault, LedgerOp, WebhookOp, sample};

mod bounds;

const BASE: &str = "https://weir.example.com/prod";
const TOPICS: [&str; 4] = ["order.created", "order.deleted", "order.restored", "order.updated"];

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    shop: FakeWebhooks,
    config: StoreConfig,
}

impl World {
    /// A store without webhooks.
    fn new() -> Self {
        let config = sample::store_config("main", "erp");
        Self { clock: Arc::default(), ledger: Arc::default(), shop: FakeWebhooks::default(), config }
    }

    /// A store whose webhooks were made, and found well ten minutes later.
    fn guarded() -> Self {
        let world = Self::new();
        world.look();
        let again = world.look_later();
        assert_eq!(again.faults, []);
        world
    }

    fn run(&self) -> Result<Guarded, GuardError> {
        self.run_for(48)
    }

    fn run_for(&self, seconds: i64) -> Result<Guarded, GuardError> {
        let guard = Guard {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            troubles: self.ledger.clone(),
            jobs: self.ledger.clone(),
            clock: self.clock.clone(),
        };
        let base_url: Url = BASE.parse().unwrap();
        block_on(guard.run(&GuardRun {
            config: &self.config,
            shop: &self.shop,
            base_url: &base_url,
            owner: "a",
            until: self.now() + SignedDuration::from_secs(seconds),
            lease: SignedDuration::from_secs(70),
        }))
    }

    fn look(&self) -> Guarded {
        let guarded = self.run().unwrap();
        assert!(!guarded.skipped && !guarded.unfinished);
        guarded
    }

    fn look_later(&self) -> Guarded {
        self.later(10);
        self.look()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn later(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    fn id(&self, topic: &str) -> u64 {
        let all = self.shop.all();
        all.iter().find(|webhook| webhook.topic == topic).unwrap().id
    }

    fn change(&self, topic: &str, change: impl FnOnce(&mut Webhook)) {
        self.shop.change(self.id(topic), change);
    }

    fn note(&self, trouble: Trouble) {
        block_on(self.ledger.note_trouble(&self.config.store, trouble, self.now())).unwrap();
    }

    fn backfills(&self) -> Vec<Job> {
        block_on(self.ledger.jobs(&self.config.store, 50)).unwrap()
    }

    /// Each wanted topic delivers to its address, once, with the secret.
    fn is_whole(&self) -> bool {
        let mut found: Vec<(String, String)> = self
            .shop
            .all()
            .into_iter()
            .filter(|webhook| webhook.status == WebhookStatus::Active && webhook.name.starts_with("Weir"))
            .map(|webhook| (webhook.topic, webhook.url))
            .collect();
        found.sort();
        let wanted = TOPICS.map(|topic| (topic.to_owned(), format!("{BASE}/stores/main/webhooks/{topic}")));
        found == wanted && self.shop.sign_alike()
    }

    /// The one fault of a run, with its outcome.
    fn one(guarded: &Guarded) -> (String, String, Outcome) {
        let [fault] = guarded.faults.as_slice() else { panic!("{:?}", guarded.faults) };
        (fault.kind.clone(), fault.subject.clone(), fault.outcome)
    }
}

fn repaired(kind: &str, topic: &str) -> (String, String, Outcome) {
    (kind.to_owned(), format!("main/{topic}"), Outcome::Repaired)
}

fn parked(kind: &str, topic: &str) -> (String, String, Outcome) {
    (kind.to_owned(), format!("main/{topic}"), Outcome::Parked)
}

#[test]
fn a_new_store_gets_its_webhooks_and_a_second_look_finds_nothing() {
    let world = World::new();
    let guarded = world.look();
    let mut found: Vec<_> =
        guarded.faults.iter().map(|it| (it.kind.as_str(), it.subject.as_str(), it.outcome)).collect();
    found.sort_by_key(|it| it.1);
    let made = |topic| ("webhook_missing", topic, Outcome::Repaired);
    let subjects = ["main/order.created", "main/order.deleted", "main/order.restored", "main/order.updated"];
    assert_eq!(found, subjects.map(made));
    assert_eq!((guarded.repaired(), guarded.missed_since), (4, None), "nothing was to be delivered before");
    assert!(world.is_whole());
    assert_eq!(world.shop.all()[0].name, "Weir order.created (main)");
    assert!(world.run().unwrap().skipped, "not every minute");
    let again = world.look_later();
    assert_eq!((again.checked, again.faults), (4, Vec::new()));
    assert_eq!(world.backfills(), []);
}

/// What happens to the webhook of one topic; the kind that is reported.
type Harm = (&'static str, fn(&World));

const HARMS: [Harm; 8] = [
    ("webhook_missing", |world| world.shop.remove(world.id("order.updated"))),
    ("webhook_disabled", |world| world.change("order.updated", |it| it.status = WebhookStatus::Disabled)),
    ("webhook_url", |world| {
        world.change("order.updated", |it| it.url = it.url.replace("weir.example.com", "old.example.com"));
    }),
    ("webhook_url", |world| {
        // Known by its name alone.
        world.change("order.updated", |it| "https://elsewhere.example.com/hook".clone_into(&mut it.url));
    }),
    ("webhook_topic", |world| {
        world.change("order.updated", |it| it.url = it.url.replace("order.updated", "order.created"));
    }),
    ("webhook_topic", |world| {
        world.change("order.updated", |it| "product.updated".clone_into(&mut it.topic));
    }),
    ("webhook_secret", |world| {
        // Deliveries do not verify any more.
        world.shop.set_secret_of(world.id("order.updated"), "another");
        world.later(1);
        world.note(Trouble::BadSignatures);
    }),
    ("webhook_owner", |world| {
        world.later(1);
        world.note(Trouble::OwnerWithoutRights);
    }),
];

#[test]
fn every_harm_is_put_right_and_what_was_missed_is_looked_at_again() {
    for (kind, harm) in HARMS {
        let world = World::guarded();
        let healthy_at = world.now();
        harm(&world);
        let guarded = world.look_later();
        let touched: Vec<_> = guarded.faults.iter().map(|it| (it.kind.as_str(), it.outcome)).collect();
        assert!(touched.iter().all(|it| *it == (kind, Outcome::Repaired)), "{kind}: {touched:?}");
        // A trouble is the whole store's.
        let all = if ["webhook_secret", "webhook_owner"].contains(&kind) { 4 } else { 1 };
        assert_eq!(touched.len(), all, "{kind}: {:?}", guarded.faults);
        assert!(world.is_whole(), "{kind}: {:?}", world.shop.all());
        assert_eq!(guarded.missed_since, Some(healthy_at), "{kind}");
        let [backfill] = world.backfills().try_into().unwrap();
        let from = healthy_at - SignedDuration::from_mins(world.config.poll.overlap_minutes.into());
        let what = JobKind::Backfill { from, until: world.now(), by: BackfillBy::Changed };
        assert_eq!(backfill.what, what, "{kind}");
        assert_eq!((backfill.state, backfill.version), (JobState::Running, 1));
        let again = world.look_later();
        assert_eq!((again.faults, again.missed_since), (Vec::new(), None), "{kind}");
    }
}

#[test]
fn one_that_was_switched_off_is_made_anew_before_it_is_deleted() {
    let world = World::guarded();
    let old = world.id("order.updated");
    world.change("order.updated", |it| it.status = WebhookStatus::Disabled);
    // The new one is made, the old one cannot be deleted yet.
    world.shop.faults.script(WebhookOp::Delete, [Fault::Before(unauthorised())]);
    assert_eq!(World::one(&world.look_later()), parked("webhook_disabled", "order.updated"));
    let of_topic = || world.shop.all().into_iter().filter(|it| it.topic == "order.updated");
    assert_eq!(of_topic().count(), 2, "there is no gap");
    assert_eq!(World::one(&world.look_later()), repaired("webhook_disabled", "order.updated"));
    assert!(of_topic().all(|it| it.id != old), "its count of failures is gone with it");
    assert!(world.is_whole());
}

#[test]
fn the_younger_of_two_is_deleted_and_nothing_was_missed() {
    let world = World::guarded();
    let elder = world.id("order.created");
    let copy = world.shop.all().into_iter().find(|it| it.id == elder).unwrap();
    let copy = NewWebhook { name: "A copy".to_owned(), topic: copy.topic, url: copy.url };
    world.shop.put(&copy, "the-secret-of-today");
    let guarded = world.look_later();
    assert_eq!(World::one(&guarded), repaired("webhook_twice", "order.created"));
    assert_eq!((world.id("order.created"), guarded.missed_since), (elder, None));
    assert!(world.is_whole());
}

#[test]
fn one_that_people_made_is_given_the_secret_when_it_is_first_seen() {
    let world = World::new();
    for topic in TOPICS {
        let url = format!("{BASE}/stores/main/webhooks/{topic}/");
        world.shop.put(&NewWebhook { name: "By hand".to_owned(), topic: topic.to_owned(), url }, "typed");
    }
    let guarded = world.look();
    assert!(guarded.faults.iter().all(|it| it.kind == "webhook_secret"), "{:?}", guarded.faults);
    assert_eq!((guarded.repaired(), world.shop.all().len()), (4, 4));
    assert!(world.shop.sign_alike());
    assert_eq!(world.look_later().faults, []);
}

#[test]
fn a_rotated_secret_reaches_every_webhook() {
    let world = World::guarded();
    world.shop.rotate("the-secret-of-tomorrow");
    assert_eq!(world.look_later().repaired(), 4);
    assert!(world.is_whole());
    assert_eq!(world.look_later().faults, []);
}

#[test]
fn bad_signatures_right_after_a_renewal_are_those_under_way() {
    let world = World::guarded();
    world.shop.rotate("the-secret-of-tomorrow");
    world.look_later();
    world.later(1);
    world.note(Trouble::BadSignatures);
    // Ten minutes later they count, and an hour has to pass between repairs.
    let again = world.look_later();
    assert!(again.faults.iter().all(|it| it.outcome == Outcome::Parked && it.kind == "webhook_secret"));
    world.later(60);
    assert_eq!(world.look().repaired(), 4);
    assert_eq!(world.look_later().faults, []);
}

#[test]
fn others_webhooks_are_nobodys_business() {
    let world = World::guarded();
    let other = |topic: &str, url: &str| NewWebhook {
        name: "ERP".to_owned(),
        topic: topic.to_owned(),
        url: url.to_owned(),
    };
    world.shop.put(&other("order.updated", "https://erp.example.com/hook"), "x");
    world.shop.put(&other("order.updated", &format!("{BASE}/stores/other/webhooks/order.updated")), "x");
    world.shop.put(&other("product.updated", &format!("{BASE}/stores/main/webhooks/product.updated")), "x");
    let guarded = world.look_later();
    assert_eq!((guarded.checked, guarded.faults.len(), world.shop.all().len()), (4, 0, 7));
}

#[test]
fn a_paused_one_is_a_persons_and_comes_back_with_a_backfill() {
    let world = World::guarded();
    let healthy_at = world.now();
    world.change("order.created", |it| it.status = WebhookStatus::Paused);
    let before = world.shop.all();
    for _ in 0..5 {
        let guarded = world.look_later();
        assert_eq!(World::one(&guarded), parked("webhook_paused", "order.created"));
        assert_eq!(guarded.missed_since, None);
    }
    assert_eq!(world.shop.all(), before);
    world.change("order.created", |it| it.status = WebhookStatus::Active);
    let guarded = world.look_later();
    assert_eq!((guarded.faults.len(), guarded.missed_since), (0, Some(healthy_at)));
    assert_eq!(world.backfills().len(), 1);
}

#[test]
fn a_shop_that_deletes_what_is_made_is_no_loop() {
    let world = World::guarded();
    let made = || world.shop.faults.calls(WebhookOp::Create);
    let before = made();
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        world.shop.remove(world.id_or("order.updated"));
        outcomes.push(world.look_later().faults[0].outcome);
    }
    let repaired = outcomes.iter().filter(|it| **it == Outcome::Repaired).count();
    assert_eq!((repaired, outcomes.len(), made() - before), (3, 6, 3), "{outcomes:?}");
    world.later(60);
    assert_eq!(world.look().repaired(), 1, "an hour later it is tried again");
}

#[test]
fn one_that_is_disabled_again_and_again_is_made_anew_once_an_hour() {
    let world = World::guarded();
    let mut outcomes = Vec::new();
    for _ in 0..7 {
        world.change("order.updated", |it| it.status = WebhookStatus::Disabled);
        outcomes.extend(world.look_later().faults.iter().map(|fault| fault.outcome));
    }
    let repaired = outcomes.iter().filter(|it| **it == Outcome::Repaired).count();
    assert_eq!((repaired, outcomes.len()), (2, 7), "{outcomes:?}");
}

#[test]
fn after_a_lost_answer_the_shop_is_looked_at_before_another_is_made() {
    // It was made: the listing tells.
    let world = World::guarded();
    world.shop.remove(world.id("order.updated"));
    world.shop.faults.script(WebhookOp::Create, [Fault::After(timed_out())]);
    assert_eq!(World::one(&world.look_later()), repaired("webhook_missing", "order.updated"));
    assert!(world.is_whole());
    assert_eq!(world.look_later().faults, []);
    // It was not, or the listing fails, too: the next run looks first.
    for listing in [Fault::None, Fault::Before(server_error())] {
        let world = World::guarded();
        world.shop.remove(world.id("order.updated"));
        world.shop.faults.script(WebhookOp::Create, [Fault::Before(timed_out())]);
        world.shop.faults.script(WebhookOp::List, [Fault::None, listing]);
        let guarded = world.look_later();
        assert_eq!(World::one(&guarded), parked("webhook_missing", "order.updated"));
        assert_eq!(guarded.missed_since, None, "not whole yet");
        let guarded = world.look_later();
        assert_eq!(World::one(&guarded), repaired("webhook_missing", "order.updated"));
        assert!(world.is_whole() && guarded.missed_since.is_some());
    }
}

#[test]
fn a_key_that_may_only_read_is_one_problem_and_no_circuit() {
    let world = World::guarded();
    let healthy_at = world.now();
    world.shop.set_read_only(true);
    world.shop.remove(world.id("order.updated"));
    world.change("order.created", |it| it.status = WebhookStatus::Disabled);
    let before = world.shop.faults.all_calls();
    let guarded = world.look_later();
    let [problem] = guarded.faults.as_slice() else { panic!("{:?}", guarded.faults) };
    assert_eq!((problem.kind.as_str(), problem.subject.as_str()), (NOT_MANAGEABLE, "main"));
    for named in ["webhook_missing of order.updated", "webhook_disabled of order.created"] {
        assert!(problem.detail.contains(named), "{}", problem.detail);
    }
    assert_eq!(world.shop.faults.all_calls() - before, 2, "a listing and one try");
    let peer = weir_domain::circuit::Peer::Store(world.config.store.clone());
    let slot = block_on(weir_domain::ports::Ledger::circuit(&*world.ledger, &peer)).unwrap();
    assert!(slot.circuit.is_closed());
    world.shop.set_read_only(false);
    let guarded = world.look_later();
    assert_eq!((guarded.repaired(), guarded.missed_since), (2, Some(healthy_at)));
    assert!(world.is_whole());
}

#[test]
fn a_crash_at_any_step_leaves_nothing_doubled_and_forgets_no_backfill() {
    let down = || LedgerError::Unavailable("crashed".to_owned());
    for op in [LedgerOp::Advance, LedgerOp::PutJob, LedgerOp::End] {
        for call in 0..4 {
            for fault in [Fault::Before(down()), Fault::After(down())] {
                let world = World::guarded();
                world.shop.remove(world.id("order.updated"));
                let faults = std::iter::repeat_n(Fault::None, call).chain([fault.clone()]);
                world.ledger.faults.script(op, faults);
                world.later(10);
                let first = world.run();
                for _ in 0..10 {
                    world.later(10);
                    let _ = world.run();
                }
                world.later(10);
                let last = world.run().unwrap();
                assert_eq!(last.faults, [], "{op:?} {call} {fault:?}");
                assert!(world.is_whole(), "{op:?} {call} {fault:?} {first:?}");
                assert!(!world.backfills().is_empty(), "{op:?} {call} {fault:?}");
            }
        }
    }
}

#[test]
fn a_listing_that_fails_repairs_nothing_and_is_tried_again_soon() {
    let world = World::guarded();
    world.shop.faults.script(WebhookOp::List, [Fault::Before(unauthorised())]);
    world.later(10);
    assert!(matches!(world.run(), Err(GuardError::Shop(_))));
    let asked = world.shop.faults.all_calls();
    world.later(1);
    assert!(world.run().unwrap().skipped, "a shop that hangs costs a call, not one a minute");
    assert_eq!(world.shop.faults.all_calls(), asked);
    world.later(1);
    assert_eq!(world.look().faults, []);
}

#[test]
fn a_store_that_people_manage_is_left_alone() {
    let mut world = World::new();
    world.config.webhooks = WebhooksConfig { manage: false, ..WebhooksConfig::default() };
    assert!(world.run().unwrap().skipped);
    assert_eq!(world.shop.faults.all_calls(), 0);
}

#[test]
fn a_store_may_be_reached_elsewhere() {
    let mut world = World::new();
    world.config.webhooks.url = Some("https://hooks.example.com/".parse().unwrap());
    world.look();
    assert_eq!(world.shop.all()[1].url, "https://hooks.example.com/stores/main/webhooks/order.updated");
}

#[test]
fn runs_do_not_overlap() {
    let world = World::new();
    let lease = SignedDuration::from_secs(70);
    block_on(world.ledger.begin("guard/main", "other", world.now(), lease)).unwrap();
    assert!(world.run().unwrap().skipped);
}

impl World {
    /// Of the newest one of a topic; 0 where there is none.
    fn id_or(&self, topic: &str) -> u64 {
        self.shop.all().iter().filter(|it| it.topic == topic).map(|it| it.id).max().unwrap_or_default()
    }
}
