//! What keeps an order from going on: time, an exception, or a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderStatus, RefundRef, Version};

/// What keeps an order from going on. An exception never erases the fact
/// that a document exists: that is another axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hold", rename_all = "snake_case")]
pub enum Hold {
    /// Nothing.
    None,
    /// Time: it is looked at again at `due_at`.
    Waiting {
        /// For what.
        reason: WaitReason,
        /// When the minute tick wakes it.
        due_at: Timestamp,
        /// The exception it was in when it had to wait: a wait hides none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excepted: Option<Box<Exception>>,
    },
    /// A person has to decide.
    Exception(Exception),
    /// A person said so.
    Held {
        /// Their words.
        reason: String,
    },
    /// A person decided that nothing more is to be done for it. Unlike a held
    /// order it is not open work.
    Skipped {
        /// Their words.
        reason: String,
    },
}

/// What an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The customer, or a plugin, may still be changing it.
    QuietPeriod,
    /// A bank transfer or a capture: the reservation ends when due.
    Payment,
    /// The outcome of a call is unknown; looked up when due.
    UnknownOutcome,
    /// The peer asked for time, or refused connections.
    PeerBusy,
    /// The circuit of an ERP or a shop is open.
    CircuitOpen(crate::circuit::Peer),
    /// The store's configuration is not usable.
    StoreDisabled,
    /// Something newer was heard while it was worked on.
    NewerHint,
    /// The shop showed an older state than before: a cache, or a replica that
    /// lags. It is read again.
    StaleRead,
    /// A person released it.
    Released,
}

impl WaitReason {
    /// For people, as the end of "it waits: …".
    pub fn words(&self) -> String {
        match self {
            Self::QuietPeriod => "the customer, or a plugin, may still be changing it".to_owned(),
            Self::Payment => "its payment is awaited".to_owned(),
            Self::UnknownOutcome => "the outcome of a call is not known yet and will be looked up".to_owned(),
            Self::PeerBusy => "the shop or the ERP asked for time".to_owned(),
            Self::CircuitOpen(peer) => format!("{peer} cannot be worked with now"),
            Self::StoreDisabled => "its store is switched off by its configuration".to_owned(),
            Self::NewerHint => "something newer was heard of it".to_owned(),
            Self::StaleRead => "the shop showed an older state than before".to_owned(),
            Self::Released => "a person let it go on".to_owned(),
        }
    }
}

/// Why a person has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Stable, `snake_case`: exceptions are grouped by (code, subject).
    pub code: String,
    /// What the code is about, e.g. the SKU that is not mapped; one bad SKU
    /// is one group however many orders it stops.
    pub subject: String,
    /// One sentence for people. Never names a person.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// The state of the order that it is about: it stands while the shop says
    /// the same. `None` where the order could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<OrderState>,
    /// Whether the next look at its deliveries answers it.
    #[serde(default, skip_serializing_if = "is_order")]
    pub concern: Concern,
    /// A person took it as it is, until it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
}

impl Exception {
    /// Whether it says what another one says, of the same state of the order.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |it: &Self| (it.code.clone(), it.subject.clone(), it.detail.clone());
        said(self) == said(other) && self.about == other.about
    }

    /// In place of the one before: as old and of the same concern if it is about
    /// the same thing, and accepted if it says the same.
    #[must_use]
    pub fn after(mut self, known: Option<&Self>) -> Self {
        if let Some(known) = known.filter(|it| it.code == self.code && it.subject == self.subject) {
            self.since = known.since;
            if known.concern == Concern::Documents {
                self.concern = Concern::Documents;
            }
            self.accepted = known.accepted.clone().filter(|_| known.says_the_same(&self));
        }
        self
    }
}

/// A person's word that an exception may stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Whose.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Their words.
    pub reason: String,
}

/// What an exception is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The order itself, or its refunds.
    #[default]
    Order,
    /// What was sent, or came back.
    Deliveries,
    /// What the ERP has of it: no change in the shop answers that.
    Documents,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_order(concern: &Concern) -> bool {
    *concern == Concern::Order
}

/// What the shop said about an order, as far as it can be answered by us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    /// Which content.
    pub version: Version,
    /// Where the shop said it was.
    pub status: OrderStatus,
    /// Its refunds, by id. A list: serde reads no number as a key inside a
    /// tagged enum, which [`Hold`] is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<RefundRef>,
}

impl OrderState {
    /// Of an order as it was read.
    pub fn of(order: &Order) -> Self {
        let mut refunds = order.refunds.clone();
        refunds.sort_by_key(|refund| refund.id);
        Self { version: order.version(), status: order.status.clone(), refunds }
    }
}
