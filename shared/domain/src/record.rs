//! The ledger's record of one order: four axes instead of one line of
//! states, and only facts. No personal data is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::fulfilment::{ParcelRecord, ReturnRecord};
use crate::id::{EntityId, ErpId, Generation, OrderKey, ParcelId, RefundId, ReturnId, Sku};
use crate::money::Totals;
use crate::order::{Order, OrderStatus, Outline, RefundRef, Version};
use crate::ports::{DocumentState, ErpDocument};
use crate::sales::Release;
use crate::stock::effects::StockEffects;

/// Everything Weir knows about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Which order.
    pub key: OrderKey,
    /// Which of its lives.
    pub generation: Generation,
    /// Where its sales order is.
    pub document: DocumentAxis,
    /// Where its money is.
    pub payment: PaymentAxis,
    /// Where its goods are.
    pub fulfilment: FulfilmentAxis,
    /// What keeps it from going on.
    pub hold: Hold,
    /// Every ERP document made for it, all generations, oldest first.
    pub documents: Vec<DocumentRef>,
    /// The entity and ERP it was given to; fixed once a document may exist.
    pub booked_with: Option<Booking>,
    /// The version that the ERP document has.
    pub booked_version: Option<Version>,
    /// What that version was made of, to tell people what changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_outline: Option<Outline>,
    /// How far the ERP document was released.
    pub released: Option<Release>,
    /// What the shop said at the last read.
    pub seen: Option<Seen>,
    /// First SKU seen for each line, by the shop's line id: the shop reports
    /// only a product's present one.
    pub first_skus: BTreeMap<u64, String>,
    /// What was begun on the sales order and is not on record as ended.
    /// Written *before* the ERP is called: should the end get lost, whoever
    /// comes next knows that the document may be another than it says here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// The refunds of the shop that were given to the ERP, or begun to be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refunds: BTreeMap<RefundId, Credit>,
    /// Since when the shop names a refund that it does not list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted_since: Option<Timestamp>,
    /// The ERP said something of its deliveries that the shop may not show yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deliveries_unread: bool,
    /// The parcels that the shop shows, or was begun to show.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parcels: BTreeMap<ParcelId, ParcelRecord>,
    /// The returns that the shop refunds, or was begun to refund.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub returns: BTreeMap<ReturnId, ReturnRecord>,
    /// For which of its deliveries the shop's status was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_told: Option<FulfilmentAxis>,
    /// Until then what was asked of the shop may still happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_in_doubt_until: Option<Timestamp>,
    /// What its lines mean for stock, as last written to the in-flight rows.
    #[serde(default, skip_serializing_if = "StockEffects::is_empty")]
    pub stock: StockEffects,
    /// Items whose news are written and not yet said to whoever publishes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stock_unsaid: BTreeSet<Sku>,
    /// Attempts in a row that ended unknown while the ERP was otherwise well.
    pub unknowns: u32,
    /// Attempts in a row that ended in a definite, temporary failure.
    pub failures: u32,
    /// Until then what was asked of the ERP may still happen. A fact of its
    /// own: whatever the order waits for meanwhile does not end the doubt.
    #[serde(default)]
    pub in_doubt_until: Option<Timestamp>,
    /// Workers in a row that took the order and never finished.
    #[serde(default)]
    pub crashes: u32,
    /// When we first heard of it.
    pub first_heard_at: Timestamp,
    /// When its sales order was first complete in the ERP.
    pub in_erp_at: Option<Timestamp>,
    /// The correlation id of the message that touched it last.
    pub correlation: String,
    /// How many audit entries there are.
    pub audit_seq: u64,
}

/// Which legal entity in which ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The legal entity.
    pub entity: EntityId,
    /// The ERP connection.
    pub erp: ErpId,
}

/// What the shop said at the last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Just before the read began, by our clock.
    pub read_at: Timestamp,
    /// The same instant by the shop's clock, or a little before it; `None` if
    /// the shop did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at_by_shop: Option<Timestamp>,
    /// What people call the order.
    pub number: String,
    /// Where the shop said it was.
    pub status: OrderStatus,
    /// Which state was read.
    pub version: Version,
    /// What it came to.
    pub totals: Totals,
}

impl Seen {
    /// The shop's modification time up to which nothing was missed. Dates are
    /// whole seconds: a read within the second of the change, or right after
    /// it, may have come before another change of that second.
    pub fn surely_until(&self) -> Timestamp {
        let modified_at = self.version.modified_at;
        // Both by the shop's clock: ours may be minutes from it.
        let read_at = self.read_at_by_shop.unwrap_or(self.read_at);
        let second_was_over = read_at >= modified_at + SignedDuration::from_secs(2);
        if second_was_over { modified_at } else { modified_at - SignedDuration::from_secs(1) }
    }
}

/// Where the sales order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentAxis {
    /// There is none, for certain.
    None,
    /// One may exist: written *before* the ERP is called, so that whoever
    /// comes next looks before creating.
    Pushing,
    /// It exists.
    InErp,
    /// It exists and nothing is left to do for it.
    Closed,
    /// It existed and is cancelled.
    Cancelled,
}

/// A change of an existing sales order that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfinished {
    /// It was to go further, its content as it is.
    Release,
    /// It was to have the content of this version.
    Change(Version),
    /// It was to be cancelled.
    Cancellation,
}

/// A refund of the shop, as the ERP has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// What the customer got back, gross, positive.
    pub amount: Decimal,
    /// Whether it is in the ERP, or not to be booked. Until then a document
    /// may exist: written *before* the ERP is called.
    pub booked: bool,
    /// The ERP's id of its document; `None` until it is known, and where
    /// nothing was to be booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// Where the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentAxis {
    /// Nothing paid, or nothing booked yet.
    None,
    /// Reserved by the gateway, not captured.
    Authorised,
    /// Paid, and the payment is booked where the method has a journal.
    Paid,
    /// A part was given back.
    PartRefunded,
    /// All was given back.
    Refunded,
}

/// Where the goods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum FulfilmentAxis {
    None,
    Allocated,
    PartShipped,
    Shipped,
    Returned,
}

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

/// An ERP document made for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRef {
    /// What it is.
    pub kind: DocumentKind,
    /// For which life of the order.
    pub generation: Generation,
    /// The ERP's document as last seen.
    #[serde(flatten)]
    pub document: ErpDocument,
}

/// What an ERP document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum DocumentKind {
    SalesOrder,
    Payment,
    CreditNote,
    Return,
    Shipment,
}

impl OrderRecord {
    /// The record of an order nobody has heard of before.
    pub fn new(key: OrderKey, heard_at: Timestamp, correlation: &str) -> Self {
        Self {
            key,
            generation: Generation::FIRST,
            document: DocumentAxis::None,
            payment: PaymentAxis::None,
            fulfilment: FulfilmentAxis::None,
            hold: Hold::None,
            documents: Vec::new(),
            booked_with: None,
            booked_version: None,
            booked_outline: None,
            released: None,
            seen: None,
            first_skus: BTreeMap::new(),
            unfinished: None,
            refunds: BTreeMap::new(),
            unlisted_since: None,
            deliveries_unread: false,
            parcels: BTreeMap::new(),
            returns: BTreeMap::new(),
            status_told: None,
            shop_in_doubt_until: None,
            stock: StockEffects::new(),
            stock_unsaid: BTreeSet::new(),
            unknowns: 0,
            failures: 0,
            in_doubt_until: None,
            crashes: 0,
            first_heard_at: heard_at,
            in_erp_at: None,
            correlation: correlation.to_owned(),
            audit_seq: 0,
        }
    }

    /// The ERP's document has, or is to have, this content.
    pub fn booked_as(&mut self, order: &Order) {
        self.booked_version = Some(order.version());
        self.booked_outline = Some(order.outline());
    }

    /// Whether its goods may be on their way: the shop asked for it, or people
    /// in the ERP did it.
    pub fn is_released(&self) -> bool {
        let further =
            |sale: &ErpDocument| matches!(sale.state, DocumentState::Processing | DocumentState::Done);
        self.released == Some(Release::Ship) || self.sales_order().is_some_and(further)
    }

    /// Lets it wait, without forgetting the exception it may be in.
    pub fn wait(&mut self, reason: WaitReason, due_at: Timestamp) {
        let excepted = self.exception().cloned().map(Box::new);
        self.hold = Hold::Waiting { reason, due_at, excepted };
    }

    /// The exception it is in, even while it waits.
    pub fn exception(&self) -> Option<&Exception> {
        match &self.hold {
            Hold::Exception(exception) => Some(exception),
            Hold::Waiting { excepted, .. } => excepted.as_deref(),
            Hold::None | Hold::Held { .. } => None,
        }
    }

    /// The key of the present life's sales order.
    pub fn document_key(&self) -> crate::id::DocumentKey {
        crate::id::DocumentKey::of_order(&self.key, self.generation)
    }

    /// The present life's sales order, if one is known.
    pub fn sales_order(&self) -> Option<&ErpDocument> {
        self.find_document(DocumentKind::SalesOrder)
    }

    /// The present life's payment, if one is booked.
    pub fn payment_document(&self) -> Option<&ErpDocument> {
        self.find_document(DocumentKind::Payment)
    }

    /// The credit for a refund, if one is known.
    pub fn credit_note(&self, refund: RefundId) -> Option<&ErpDocument> {
        let id = self.refunds.get(&refund)?.document.as_ref()?;
        let is_it = |found: &&DocumentRef| found.kind == DocumentKind::CreditNote && found.document.id == *id;
        self.documents.iter().find(is_it).map(|found| &found.document)
    }

    fn find_document(&self, kind: DocumentKind) -> Option<&ErpDocument> {
        let of_this_life = |found: &&DocumentRef| found.kind == kind && found.generation == self.generation;
        self.documents.iter().find(of_this_life).map(|found| &found.document)
    }

    /// Remembers a document, or what became of it.
    pub fn remember(&mut self, kind: DocumentKind, document: ErpDocument) {
        let generation = self.generation;
        let same = |known: &&mut DocumentRef| {
            known.kind == kind && known.generation == generation && known.document.id == document.id
        };
        match self.documents.iter_mut().find(same) {
            Some(known) => known.document = document,
            None => self.documents.push(DocumentRef { kind, generation, document }),
        }
    }

    /// What people see: a view of the four axes.
    pub fn view(&self) -> &'static str {
        match (&self.hold, self.document) {
            (Hold::Exception(_), _) => "exception",
            (Hold::Held { .. }, _) => "held",
            (Hold::Waiting { reason: WaitReason::Payment, .. }, DocumentAxis::InErp) => "reserved",
            (Hold::Waiting { .. }, _) => "waiting",
            (Hold::None, DocumentAxis::Pushing) => "pushing",
            (Hold::None, DocumentAxis::InErp) => match self.sales_order().map(|document| document.state) {
                Some(DocumentState::Reserved) => "reserved",
                _ => self.delivered(),
            },
            (Hold::None, DocumentAxis::Closed) => "closed",
            (Hold::None, DocumentAxis::Cancelled) => "cancelled",
            (Hold::None, DocumentAxis::None) => "not imported",
        }
    }

    fn delivered(&self) -> &'static str {
        match self.fulfilment {
            FulfilmentAxis::None | FulfilmentAxis::Allocated => "in ERP",
            FulfilmentAxis::PartShipped => "part shipped",
            FulfilmentAxis::Shipped => "shipped",
            FulfilmentAxis::Returned => "returned",
        }
    }

    /// When the minute tick has to look again, if ever.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.hold {
            Hold::Waiting { due_at, .. } => Some(due_at),
            _ => None,
        }
    }
}
