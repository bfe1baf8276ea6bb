//! The kinds of difference between shop, ledger and ERP, and what is done
//! about each.

use rust_decimal::Decimal;

use crate::hint::Cause;
use crate::id::{ErpId, Generation, RefundId};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $word:literal,)*) => {
        /// A kind of difference.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Stable, `snake_case`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// The shop has an order that is to be imported, and the ledger has none.
    MissingInLedger "missing_in_ledger",
    /// The order has other content than was last seen, whatever its date says.
    ContentUnseen "content_unseen",
    /// It has another status than was last seen …
    StatusUnseen "status_unseen",
    /// … and is cancelled.
    CancelledUnseen "cancelled_unseen",
    /// It was seen as it is, and what follows from that was not done.
    Undone "undone",
    /// It is paid, and its payment is not in the ERP.
    PaymentUnseen "payment_unseen",
    /// It names a refund that is not in the ERP.
    RefundUnseen "refund_unseen",
    /// It names a refund with another amount than was booked.
    RefundChanged "refund_changed",
    /// It does not name a refund any more that was booked.
    RefundGone "refund_gone",
    /// The shop's order makes no sense to us.
    Unreadable "unreadable",
    /// It was deleted in the shop, and is there again.
    Restored "restored",
    /// It was put into the shop's trash.
    Trashed "trashed",
    /// The shop deleted it for good.
    ForceDeleted "force_deleted",
    /// The ledger knows a sales order that the ERP does not have.
    DocumentMissing "document_missing",
    /// The ERP has several sales orders of it.
    DocumentDoubled "document_doubled",
    /// The ERP has a sales order of it that the ledger does not know.
    DocumentUnknown "document_unknown",
    /// Somebody made a sales order with its number by hand.
    MadeByHandToo "made_by_hand_too",
    /// The ERP's sales order comes to another total.
    TotalDiffers "total_differs",
    /// It comes to the same, with other tax.
    TaxDiffers "tax_differs",
    /// It has other items, or other quantities of them.
    UnitsDiffer "units_differ",
    /// It was cancelled in the ERP, and the shop still wants it.
    CancelledInErp "cancelled_in_erp",
    /// It was cancelled, and is alive again in the ERP.
    RevivedInErp "revived_in_erp",
    /// It is not as far any more as it was brought.
    ReleaseRegressed "release_regressed",
    /// The ERP does not have the credit of a refund any more.
    CreditMissing "credit_missing",
    /// The ERP has several credits of one refund.
    CreditDoubled "credit_doubled",
    /// The ERP has a credit of a refund that neither side knows.
    CreditUnknown "credit_unknown",
    /// The credit comes to another amount than the refund.
    CreditTotalDiffers "credit_total_differs",
    /// The credit was cancelled in the ERP; the refund is still in the shop.
    CreditCancelled "credit_cancelled",
    /// All was sent, and the ledger does not know.
    DeliveryUnseen "delivery_unseen",
    /// It has been due for long.
    Stuck "stuck",
    /// A difference for people is gone: their exception is released.
    Settled "settled",
    /// The shop shows another quantity than it was brought to.
    StockDrift "stock_drift",
    /// The ERP's figure is not the one on record.
    PositionBehind "position_behind",
    /// The shop has no such product any more.
    ProductGone "product_gone",
    /// Several products of the shop are one item.
    SkuTwice "sku_twice",
    /// The shop sells it, and was never brought to a quantity.
    NotPublished "not_published",
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its kind.
    pub kind: Kind,
    /// One sentence. Never names a person.
    pub detail: String,
    /// What is done about it.
    pub remedy: Remedy,
}

impl Difference {
    pub(super) fn look(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), remedy: Remedy::Look(Cause::Sweep) }
    }

    pub(super) fn resume(kind: Kind, detail: impl Into<String>, from: Resumption) -> Self {
        Self { kind, detail: detail.into(), remedy: Remedy::Resume(from) }
    }

    pub(super) fn park(
        kind: Kind,
        code: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, detail: detail.into(), remedy: Remedy::Park { code, subject: subject.into() } }
    }
}

/// What is done about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The worker looks at the order.
    Look(Cause),
    /// The record is made to say what the worker has to look for first.
    Resume(Resumption),
    /// It becomes an exception; the difference's detail is the exception's.
    Park {
        /// Stable, `snake_case`.
        code: &'static str,
        /// What it is about.
        subject: String,
    },
}

/// What a record is made to say, so that whoever comes next looks before
/// making anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumption {
    /// A sales order of this life may exist in this ERP.
    Document {
        /// Which life.
        generation: Generation,
        /// Where.
        erp: ErpId,
    },
    /// The sales order is on its way to where it was.
    Release,
    /// A credit of this refund may exist.
    Credit {
        /// Which refund.
        refund: RefundId,
        /// What the customer got back, gross, positive.
        amount: Decimal,
    },
}
