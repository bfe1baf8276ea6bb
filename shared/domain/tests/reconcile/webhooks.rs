//! What goes wrong with the webhooks of a shop, found by the guard that looks
//! at them every ten minutes.

use std::sync::Arc;

use futures::executor::block_on;
use jiff::SignedDuration;
use url::Url;
use weir_domain::config::StoreConfig;
use weir_domain::guardian::{Guard, GuardRun};
use weir_domain::ports::{Clock, NewWebhook, Trouble, Webhook, WebhookStatus, WebhookTroubles};
use weir_domain::reconcile::{Example, Outcome};
use weir_testkit::{FakeClock, FakeLedger, FakeWebhooks, sample};

use crate::stock::Together;

const BASE: &str = "https://weir.example.com/prod";
const TOPICS: [&str; 4] = ["order.created", "order.deleted", "order.restored", "order.updated"];
const TOPIC: &str = "order.updated";

/// A store whose webhooks were made, and are well.
struct Hooked {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    shop: FakeWebhooks,
    config: StoreConfig,
}

impl Hooked {
    fn new() -> Self {
        let config = sample::store_config("main", "erp");
        let hooked =
            Self { clock: Arc::default(), ledger: Arc::default(), shop: FakeWebhooks::default(), config };
        hooked.look();
        assert_eq!(hooked.look(), []);
        hooked
    }

    /// The guard's next look; what it found.
    fn look(&self) -> Vec<Example> {
        self.clock.advance(SignedDuration::from_mins(10));
        let guard = Guard {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            troubles: self.ledger.clone(),
            jobs: self.ledger.clone(),
            clock: self.clock.clone(),
        };
        let base_url: Url = BASE.parse().unwrap();
        let run = GuardRun {
            config: &self.config,
            shop: &self.shop,
            base_url: &base_url,
            owner: "a",
            until: self.clock.now() + SignedDuration::from_secs(48),
            lease: SignedDuration::from_secs(70),
        };
        let guarded = block_on(guard.run(&run)).unwrap();
        assert!(!guarded.skipped && !guarded.unfinished);
        guarded.faults
    }

    fn one(&self) -> Webhook {
        self.shop.all().into_iter().find(|it| it.topic == TOPIC).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Webhook)) {
        self.shop.change(self.one().id, change);
    }

    fn note(&self, trouble: Trouble) {
        self.clock.advance(SignedDuration::from_mins(1));
        block_on(self.ledger.note_trouble(&self.config.store, trouble, self.clock.now())).unwrap();
    }

    /// Each topic is delivered to its address, once, with the secret.
    fn is_whole(&self) -> bool {
        let active = self.shop.all().into_iter().filter(|it| it.status == WebhookStatus::Active);
        let mut found: Vec<(String, String)> = active.map(|it| (it.topic, it.url)).collect();
        found.sort();
        found == TOPICS.map(|topic| (topic.to_owned(), format!("{BASE}/stores/main/webhooks/{topic}")))
            && self.shop.sign_alike()
    }
}

/// One thing that goes wrong: the kind that it is found as, and how it ends.
type Harm = (&'static str, Outcome, fn(&Hooked));

const HARMS: [Harm; 9] = [
    ("webhook_missing", Outcome::Repaired, |it| it.shop.remove(it.one().id)),
    ("webhook_disabled", Outcome::Repaired, |it| it.change(|it| it.status = WebhookStatus::Disabled)),
    ("webhook_url", Outcome::Repaired, |it| {
        it.change(|it| it.url = it.url.replace("weir.example.com", "old.example.com"));
    }),
    ("webhook_topic", Outcome::Repaired, |it| {
        it.change(|it| it.url = it.url.replace(TOPIC, "order.created"));
    }),
    ("webhook_twice", Outcome::Repaired, |it| {
        let Webhook { topic, url, .. } = it.one();
        it.shop.put(&NewWebhook { name: "A copy".to_owned(), topic, url }, "the-secret-of-today");
    }),
    // The store's secret was rotated …
    ("webhook_secret", Outcome::Repaired, |it| it.shop.rotate("the-secret-of-tomorrow")),
    // … or somebody typed another one, and deliveries do not verify any more.
    ("webhook_secret", Outcome::Repaired, |it| {
        it.shop.set_secret_of(it.one().id, "another");
        it.note(Trouble::BadSignatures);
    }),
    ("webhook_owner", Outcome::Repaired, |it| it.note(Trouble::OwnerWithoutRights)),
    ("webhook_paused", Outcome::Parked, |it| it.change(|it| it.status = WebhookStatus::Paused)),
];

/// Every harm, each to a shop of its own: found, and put right or given to
/// people; a second look finds nothing new. A harm that reaches all topics is
/// one.
pub(crate) fn all_together() -> Together {
    let mut together = Together { injected: HARMS.len(), detected: 0, repaired: 0, parked: 0 };
    for (kind, ends, harm) in HARMS {
        let hooked = Hooked::new();
        harm(&hooked);
        let found = hooked.look();
        let as_expected = |it: &Example| (it.kind.as_str(), it.outcome) == (kind, ends);
        assert!(!found.is_empty() && found.iter().all(as_expected), "{kind}: {found:?}");
        together.detected += 1;
        let again = hooked.look();
        if ends == Outcome::Repaired {
            together.repaired += 1;
            assert!(hooked.is_whole(), "{kind}: {:?}", hooked.shop.all());
            assert_eq!(again, [], "{kind}");
        } else {
            together.parked += 1;
            assert_eq!(again, found, "{kind}: it is told as long as it is so");
        }
    }
    together
}
