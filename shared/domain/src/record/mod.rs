//! The ledger's record of one order: four axes instead of one line of
//! states, and only facts. No personal data is kept.

mod hold;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::fulfilment::{ParcelRecord, ReturnRecord};
use crate::id::{EntityId, ErpId, Generation, OrderKey, ParcelId, RefundId, ReturnId, Sku};
use crate::money::Totals;
use crate::order::{Order, OrderStatus, Outline, Version};
use crate::ports::{DocumentState, ErpDocument};
use crate::sales::Release;
use crate::stock::effects::StockEffects;
pub use hold::{Acceptance, Concern, Exception, Hold, OrderState, WaitReason};

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
    /// The refunds that it named: a new one does not always move its date.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refunds: BTreeSet<RefundId>,
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

    /// A person holds or skipped it: no trouble ends that, only a person.
    pub fn is_kept(&self) -> bool {
        matches!(self.hold, Hold::Held { .. } | Hold::Skipped { .. })
    }

    /// Lets it wait, without forgetting the exception it may be in. What a
    /// person keeps waits for that person only.
    pub fn wait(&mut self, reason: WaitReason, due_at: Timestamp) {
        if self.is_kept() {
            return;
        }
        let excepted = self.exception().cloned().map(Box::new);
        self.hold = Hold::Waiting { reason, due_at, excepted };
    }

    /// The exception it is in, even while it waits.
    pub fn exception(&self) -> Option<&Exception> {
        match &self.hold {
            Hold::Exception(exception) => Some(exception),
            Hold::Waiting { excepted, .. } => excepted.as_deref(),
            Hold::None | Hold::Held { .. } | Hold::Skipped { .. } => None,
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
            (Hold::Exception(exception), _) if exception.accepted.is_some() => "accepted",
            (Hold::Exception(_), _) => "exception",
            (Hold::Held { .. }, _) => "held",
            (Hold::Skipped { .. }, _) => "skipped",
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
