//! What is wrong with a store's webhooks, told from a listing of them.

use url::Url;

use super::memory::Known;
use crate::id::StoreId;
use crate::ports::{Webhook, WebhookStatus};

/// The topics that Weir wants to hear of.
pub(super) const TOPICS: [&str; 4] = ["order.created", "order.updated", "order.deleted", "order.restored"];

/// A webhook that a store is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// E.g. `order.updated`.
    pub(super) topic: &'static str,
    /// What people call it.
    pub(super) name: String,
    /// Where it has to deliver to.
    pub(super) url: String,
}

/// The webhooks that a store is to have, given where Weir is reached.
pub(super) fn wanted(store: &StoreId, base: &Url) -> Vec<Wanted> {
    let base = base.as_str().trim_end_matches('/');
    let of = |topic| Wanted { topic, name: name(store, topic), url: format!("{base}{}", path(store, topic)) };
    TOPICS.map(of).into()
}

fn name(store: &StoreId, topic: &str) -> String {
    format!("Weir {topic} ({store})")
}

fn path(store: &StoreId, topic: &str) -> String {
    format!("/stores/{store}/webhooks/{topic}")
}

/// Something that is wrong with one topic's webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What.
    pub(super) kind: FaultKind,
    /// Which topic's.
    pub(super) topic: &'static str,
    /// What to do about it.
    pub(super) repair: Repair,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    /// There is none.
    Missing,
    /// The shop switched it off after failures, or a person did.
    Disabled,
    /// A person paused it.
    Paused,
    /// It delivers to another host or path.
    Url,
    /// It delivers one topic to the address of another.
    Topic,
    /// There is more than one.
    Twice,
    /// Its secret may be another than ours.
    Secret,
    /// Whoever made it may not read orders any more.
    Owner,
    /// It delivers what the legacy API writes.
    Api,
}

impl FaultKind {
    /// A stable word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "webhook_missing",
            Self::Disabled => "webhook_disabled",
            Self::Paused => "webhook_paused",
            Self::Url => "webhook_url",
            Self::Topic => "webhook_topic",
            Self::Twice => "webhook_twice",
            Self::Secret => "webhook_secret",
            Self::Owner => "webhook_owner",
            Self::Api => "webhook_api",
        }
    }

    /// Whether deliveries were lost while it lasted.
    pub(super) fn loses(self) -> bool {
        !matches!(self, Self::Twice | Self::Api)
    }

    /// One sentence for people.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Missing => "the shop has no such webhook",
            Self::Disabled => "it was switched off, and would be again at the next failure",
            Self::Paused => "a person paused it: switch it on again in the shop, or delete it there",
            Self::Url => "it delivers to another address",
            Self::Topic => "it delivers one topic to the address of another",
            Self::Twice => "there is more than one of it",
            Self::Secret => "its secret may be another than the store's",
            Self::Owner => "whoever made it may not read orders any more",
            Self::Api => "it delivers what the legacy API writes",
        }
    }
}

/// What to do about a fault, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repair {
    /// Give this one the present secret.
    pub(super) renew: Option<u64>,
    /// Make one: before others are deleted, so that there is no gap.
    pub(super) create: bool,
    /// Delete these.
    pub(super) delete: Vec<u64>,
}

impl Repair {
    /// Nothing that a machine may do.
    pub(super) fn is_by_hand(&self) -> bool {
        *self == Self::default()
    }
}

/// What is wrong with the webhooks of a store.
pub(super) fn faults(
    store: &StoreId,
    wanted: &[Wanted],
    present: &[Webhook],
    known: &Known<'_>,
) -> Vec<Fault> {
    let of = |wanted: &Wanted| {
        let ours = present.iter().filter(|webhook| topic_of(store, webhook) == Some(wanted.topic));
        faults_of(store, wanted, ours.collect(), known)
    };
    wanted.iter().flat_map(of).collect()
}

/// How many of a listing are ours.
pub(super) fn count_ours(store: &StoreId, present: &[Webhook]) -> usize {
    present.iter().filter(|webhook| topic_of(store, webhook).is_some()).count()
}

/// The wanted topic that a webhook is about; `None` if it is not ours. The
/// host says nothing: a shop that was copied, or moved, still names the old one.
fn topic_of(store: &StoreId, webhook: &Webhook) -> Option<&'static str> {
    let by_path = path_topic(store, webhook);
    let by_name = TOPICS.into_iter().find(|topic| webhook.name == name(store, topic));
    let own = TOPICS.into_iter().find(|topic| webhook.topic == *topic);
    if by_path.is_none() && by_name.is_none() {
        return None;
    }
    let by_path = TOPICS.into_iter().find(|topic| by_path.as_deref() == Some(topic));
    own.or(by_path).or(by_name)
}

/// `…/stores/<store>/webhooks/<topic>`, on whatever host.
fn path_topic(store: &StoreId, webhook: &Webhook) -> Option<String> {
    let url = Url::parse(&webhook.url).ok()?;
    let (before, topic) = url.path().trim_end_matches('/').rsplit_once('/')?;
    let is_ours = before.ends_with(&format!("/stores/{store}/webhooks"));
    (is_ours && !topic.is_empty()).then(|| topic.to_owned())
}

fn faults_of(store: &StoreId, wanted: &Wanted, ours: Vec<&Webhook>, known: &Known<'_>) -> Vec<Fault> {
    let sorted = Sorted::of(store, wanted, ours);
    let fault = |kind, repair| Fault { kind, topic: wanted.topic, repair };
    if sorted.right.is_empty() && sorted.paused {
        return vec![fault(FaultKind::Paused, Repair::default())];
    }
    let mut found = Vec::new();
    let mut right = sorted.right.iter().copied();
    let keeper = right.next();
    let mut lacking = keeper.is_none();
    let younger: Vec<u64> = right.collect();
    if let Some(id) = keeper {
        if known.owner_lost_rights(id) {
            found.push(fault(FaultKind::Owner, Repair { create: true, delete: vec![id], renew: None }));
        } else if known.is_old_api(id) {
            found.push(fault(FaultKind::Api, Repair { create: true, delete: vec![id], renew: None }));
        } else if known.secret_may_differ(id) {
            found.push(fault(FaultKind::Secret, Repair { renew: Some(id), ..Repair::default() }));
        }
    }
    for (kind, ids) in [
        (FaultKind::Disabled, sorted.disabled),
        (FaultKind::Url, sorted.elsewhere),
        (FaultKind::Topic, sorted.crossed),
        (FaultKind::Twice, younger),
    ] {
        if !ids.is_empty() {
            let create = std::mem::take(&mut lacking);
            found.push(fault(kind, Repair { create, delete: ids, renew: None }));
        }
    }
    if lacking {
        found.push(fault(FaultKind::Missing, Repair { create: true, ..Repair::default() }));
    }
    found
}

/// The webhooks of one topic by what is wrong with them, oldest first.
#[derive(Default)]
struct Sorted {
    right: Vec<u64>,
    disabled: Vec<u64>,
    elsewhere: Vec<u64>,
    crossed: Vec<u64>,
    /// A person paused one: it is never touched.
    paused: bool,
}

impl Sorted {
    fn of(store: &StoreId, wanted: &Wanted, mut ours: Vec<&Webhook>) -> Self {
        ours.sort_by_key(|webhook| webhook.id);
        let mut sorted = Self::default();
        for webhook in ours {
            let by_path = path_topic(store, webhook);
            let crossed = webhook.topic != wanted.topic || by_path.is_some_and(|topic| topic != wanted.topic);
            let list = match webhook.status {
                WebhookStatus::Paused => {
                    sorted.paused = true;
                    continue;
                }
                _ if crossed => &mut sorted.crossed,
                _ if !is_same(&webhook.url, &wanted.url) => &mut sorted.elsewhere,
                WebhookStatus::Disabled => &mut sorted.disabled,
                WebhookStatus::Active => &mut sorted.right,
            };
            list.push(webhook.id);
        }
        sorted
    }
}

/// The same address, however it is written.
fn is_same(one: &str, other: &str) -> bool {
    let normal = |url: &str| Url::parse(url).map(|url| url.as_str().trim_end_matches('/').to_owned());
    match (normal(one), normal(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
