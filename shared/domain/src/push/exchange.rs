//! What the worker asked of shops and ERPs and what they answered, in words
//! for the order's timeline: items, amounts, numbers and states, and nothing
//! that names a person.

use std::fmt::Write;

use crate::fulfilment::{Deliveries, ShownParcel};
use crate::id::RefundId;
use crate::order::Refund;
use crate::ports::{Amendment, Cancellation, Creation, ErpDocument, ShopError, ShopOrder};
use crate::sales::{SalesOrder, SalesPayment};

/// Lines of one document that are told.
const LINES: usize = 12;

/// "make 4711: 2 × MUG-L, 1 × SHIPPING; 50.00 + 9.50 = 59.50 EUR".
pub(super) fn of_document(verb: &str, order: &SalesOrder) -> String {
    let mut text = format!("{verb} {}:", order.key.reference());
    for (n, line) in order.lines.iter().take(LINES).enumerate() {
        let comma = if n == 0 { " " } else { ", " };
        // Writing to a string fails never.
        let _ = write!(text, "{comma}{} × {}", line.quantity.normalize(), line.item);
    }
    if let Some(more) = order.lines.len().checked_sub(LINES).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    let _ = write!(text, "; {}", order.totals);
    text
}

/// "book 59.50 EUR into CARD".
pub(super) fn of_payment(payment: &SalesPayment) -> String {
    format!("book {} {} into {}", payment.amount, payment.currency, payment.journal)
}

/// What people call a document, and where it is.
pub(super) fn name(document: &ErpDocument) -> &str {
    document.number.as_deref().unwrap_or(&document.id)
}

/// An answer, in words.
pub(super) trait Answer {
    fn told(&self) -> String;
}

/// What the shop said instead of what was asked for.
impl<T: Answer> Answer for Result<T, ShopError> {
    fn told(&self) -> String {
        self.as_ref().map_or_else(ToString::to_string, Answer::told)
    }
}

impl Answer for ErpDocument {
    fn told(&self) -> String {
        let state = format!("{:?}", self.state).to_lowercase();
        let totals = self.totals.as_ref().map_or_else(String::new, |totals| format!(", {totals}"));
        format!("{} is {state}{totals}", name(self))
    }
}

impl Answer for Option<ErpDocument> {
    fn told(&self) -> String {
        self.as_ref().map_or_else(|| "there is none".to_owned(), Answer::told)
    }
}

impl Answer for Creation {
    fn told(&self) -> String {
        match self {
            Self::Created(document) => document.told(),
            Self::AlreadyExists => "its reference exists already".to_owned(),
        }
    }
}

impl Answer for Amendment {
    fn told(&self) -> String {
        match self {
            Self::Amended(document) => document.told(),
            Self::Refused(document) => format!("refused: {}", document.told()),
        }
    }
}

impl Answer for Cancellation {
    fn told(&self) -> String {
        match self {
            Self::Cancelled(document) => document.told(),
            Self::Refused(document) => format!("refused: {}", document.told()),
        }
    }
}

impl Answer for Deliveries {
    fn told(&self) -> String {
        format!("{}; {} parcels, {} returns", self.sale.told(), self.parcels.len(), self.returns.len())
    }
}

impl Answer for ShopOrder {
    fn told(&self) -> String {
        let Self { order, .. } = self;
        format!("{}, {}, changed {}", order.status, order.totals(), order.modified_at)
    }
}

impl Answer for Vec<Refund> {
    fn told(&self) -> String {
        format!("{} refunds", self.len())
    }
}

impl Answer for Vec<ShownParcel> {
    fn told(&self) -> String {
        format!("{} parcels", self.len())
    }
}

impl Answer for Vec<String> {
    fn told(&self) -> String {
        format!("{} notes", self.len())
    }
}

impl Answer for Option<String> {
    fn told(&self) -> String {
        if self.is_some() { "done".to_owned() } else { "it has no such parcel any more".to_owned() }
    }
}

impl Answer for RefundId {
    fn told(&self) -> String {
        format!("refund {self}")
    }
}

impl Answer for () {
    fn told(&self) -> String {
        "done".to_owned()
    }
}
