//! The canonical order: what the shop sold, in the shop's own references,
//! before anything is mapped to an ERP.

mod content;
mod outline;
mod refund;
mod status;
mod totals;

pub use content::{ContentHash, Version};
pub use outline::Outline;
pub use refund::{Refund, RefundLine};
pub use status::OrderStatus;
pub use totals::{Residuals, TotalsError};

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{OrderKey, RefundId, Sku};
use crate::money::Currency;
use crate::private::Personal;

/// One order as the shop has it now. Amounts are in major units of
/// `currency`, net unless said otherwise, with all the digits the shop gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Store and shop id.
    pub key: OrderKey,
    /// What people call it; plugins rewrite it, so it is never a key.
    pub number: String,
    /// Where the shop says it is.
    pub status: OrderStatus,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When the shop says it last changed: whole seconds, and not bumped by
    /// every change, so that [`Version`] also carries the content.
    pub modified_at: Timestamp,
    /// Currency of every amount.
    pub currency: Currency,
    /// Goods, services and hand-written lines.
    pub lines: Vec<Line>,
    /// Shipping lines.
    pub shipping: Vec<Charge>,
    /// Fees; can be negative.
    pub fees: Vec<Charge>,
    /// Coupons, for information: their discount is already in the lines.
    pub coupons: Vec<Coupon>,
    /// Gift cards and store credit: they pay, they do not lower the tax base.
    pub tender: Vec<Tender>,
    /// The rates named by the tax rows, in the shop's order.
    pub rates: Vec<TaxRate>,
    /// All tax of the order, as the shop totalled it.
    pub total_tax: Decimal,
    /// What remains to be paid after tender, as the shop totalled it.
    pub total: Decimal,
    /// How and whether it is paid.
    pub payment: Payment,
    /// Who bought.
    pub customer: Customer,
    /// Invoice address of this document.
    pub billing: Address,
    /// Delivery address of this document; `None` where the shop has none.
    pub delivery: Option<Address>,
    /// What the customer wrote.
    pub note: Personal<String>,
    /// Only the keys on the store's allow-list.
    pub metadata: BTreeMap<String, Personal<String>>,
    /// Refunds the shop knows of; their lines are documents of their own.
    pub refunds: Vec<RefundRef>,
}

/// One sold position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The shop's line id: the key that refunds and shipments point to.
    pub id: u64,
    /// What was sold.
    pub product: ProductRef,
    /// As printed on the order.
    pub name: String,
    /// Units sold; decimal where a plugin allows it.
    pub quantity: Decimal,
    /// Net before discount.
    pub subtotal: Decimal,
    /// Net after the discount distributed to this line.
    pub net: Decimal,
    /// Tax on `net`.
    pub tax: Decimal,
    /// Which rates made `tax`, in the shop's order.
    pub taxes: Vec<TaxShare>,
    /// The product's tax class; empty is the standard one.
    pub tax_class: String,
    /// How much the shop has taken off its own stock (`_reduced_stock`).
    pub reduced_stock: Option<Decimal>,
}

/// How a line names its product. The SKU is the product's *present* one and
/// absent when the product is gone, so ids are preferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRef {
    /// 0 for a hand-written line.
    pub product: u64,
    /// 0 for a simple product.
    pub variation: u64,
    /// `None` when the product is gone or has none.
    pub sku: Option<Sku>,
}

impl ProductRef {
    /// The most specific id: the variation's where there is one.
    pub fn id(&self) -> u64 {
        if self.variation == 0 { self.product } else { self.variation }
    }
}

/// A shipping or fee line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The shop's line id.
    pub id: u64,
    /// Shipping: `method_id:instance_id`, or `method_id`. Fee: its name.
    pub code: String,
    /// As printed; people edit and translate it.
    pub name: String,
    /// Net.
    pub net: Decimal,
    /// Tax on `net`.
    pub tax: Decimal,
    /// Which rates made `tax`.
    pub taxes: Vec<TaxShare>,
    /// Tax class of a fee; empty is the standard one.
    pub tax_class: String,
}

/// A coupon as it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its code.
    pub code: String,
    /// What it took off, net; already distributed to the lines.
    pub discount: Decimal,
}

/// Something that paid a part of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// Which recogniser of the store's configuration found it.
    pub kind: String,
    /// Amount paid, positive.
    pub amount: Decimal,
}

/// A tax row of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxShare {
    /// The shop's id of the rate.
    pub rate: u64,
    /// Tax by this rate, up to six decimals.
    pub amount: Decimal,
}

/// A rate of the shop's tax tables as the order remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// The shop's id.
    pub id: u64,
    /// E.g. `DE-MWST.-1`.
    pub code: String,
    /// Per cent, where the shop still knows it.
    pub percent: Option<Decimal>,
    /// Charged on top of the taxes before it.
    pub compound: bool,
}

/// How the customer pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The gateway's id; empty for an order of zero.
    pub method: String,
    /// The gateway's reference, where it gave one.
    pub transaction: Option<String>,
    /// When the shop first considered it paid. Absent for cash on delivery,
    /// present for an order of zero.
    pub paid_at: Option<Timestamp>,
}

/// Who bought. Company and person are kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's customer id; `None` for a guest.
    pub id: Option<u64>,
    /// Trimmed and lower case; `None` if the shop has none.
    pub email: Option<Personal<String>>,
    /// A VAT id that a configured metadata key carried.
    pub vat_id: Option<Personal<String>>,
    /// The shop says that it checked the VAT id and took the tax off.
    pub vat_exempt: bool,
}

/// A postal address of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are what they are called")]
pub struct Address {
    pub first_name: Personal<String>,
    pub last_name: Personal<String>,
    pub company: Personal<String>,
    pub line_1: Personal<String>,
    pub line_2: Personal<String>,
    pub city: Personal<String>,
    pub postcode: Personal<String>,
    /// State or county code, e.g. `CA`; empty where the country has none.
    pub state: String,
    /// ISO 3166 alpha-2; empty if the shop never asked.
    pub country: String,
    pub phone: Personal<String>,
}

/// A refund the order names; the whole of it is a [`Refund`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRef {
    /// The shop's id.
    pub id: RefundId,
    /// Negative, gross.
    pub total: Decimal,
}

impl Order {
    /// Where the goods go: decides the tax, and the delivery.
    pub fn destination(&self) -> &Address {
        self.delivery.as_ref().filter(|address| !address.country.is_empty()).unwrap_or(&self.billing)
    }

    /// WooCommerce's privacy eraser has been here. Erased content never
    /// amends anything.
    pub fn is_anonymised(&self) -> bool {
        let email = self.customer.email.as_ref().map(Personal::expose);
        email.is_some_and(|email| email.ends_with("@site.invalid"))
    }
}
