use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::SignedDuration;

use super::Fact;
use crate::config::TenderRule;
use crate::money::Currency;
use crate::order::{Order, OrderStatus};
use crate::outcome::CallError;
use crate::ports::{Managed, Webhook};

/// What a shop says about itself before go-live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopFacts {
    /// How it takes our key. Without [`Access::Granted`] nothing else is known.
    pub access: Access,
    /// Whether the key may write, tried with a request that changes nothing.
    pub may_write: Fact<bool>,
    /// How far its clock is ahead of ours, to the second.
    pub clock_ahead: Fact<SignedDuration>,
    /// WooCommerce's version, e.g. `8.2.2`.
    pub version: Fact<String>,
    /// Whether orders live in their own tables (HPOS).
    pub order_tables: Fact<bool>,
    /// The currency of its prices; `None`: one that has no minor unit by ISO 4217.
    pub currency: Fact<Option<Currency>>,
    /// Decimals of its prices.
    pub decimals: Fact<u32>,
    /// Whether prices are typed with tax.
    pub prices_include_tax: Fact<bool>,
    /// Every status that an order can have.
    pub statuses: Fact<BTreeSet<OrderStatus>>,
    /// Ways to pay.
    pub gateways: Fact<Vec<Gateway>>,
    /// Ways to ship, of all zones.
    pub shipping: Fact<Vec<ShippingMethod>>,
    /// Tax rates.
    pub tax_rates: Fact<Sample<TaxRate>>,
    /// What is sold, newest first: products, and in place of a variable one its
    /// variations.
    pub products: Fact<Sample<CatalogueItem>>,
    /// All webhooks, others' too.
    pub webhooks: Fact<Vec<Webhook>>,
    /// By what parcels can be shown.
    pub parcels: Fact<ParcelInterface>,
    /// The last orders.
    pub orders: Fact<RecentOrders>,
}

/// How a shop takes our key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It reads orders.
    Granted,
    /// The address answers, and there is no REST API of WooCommerce: plain
    /// permalinks, another path, or WooCommerce is not there.
    NoApi,
    /// Somebody before the shop answers in its place: a firewall, a cache, a
    /// page of maintenance.
    Edge {
        /// The status of that answer.
        status: u16,
    },
    /// The address has moved: redirects are not followed.
    Moved,
    /// The key is good, and the `Authorization` header does not reach the shop.
    HeaderLost,
    /// The key is good, and the shop takes our https for plain http.
    TlsUnseen,
    /// The shop does not know the key.
    KeyUnknown,
    /// It knows the key, and the secret is another.
    SecretWrong,
    /// It knows both, and the key, or its user, may not read orders.
    MayNotRead,
    /// It says no, and not why.
    Refused {
        /// The status of that answer.
        status: u16,
    },
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample<T> {
    /// What was looked at.
    pub seen: Vec<T>,
    /// How many there are, where the shop says so.
    pub of: Option<u64>,
}

/// Something that is sold: a product or a variation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueItem {
    /// The shop's id.
    pub id: u64,
    /// Its SKU; empty: none.
    pub sku: String,
    /// Whose the quantity is.
    pub managed: Managed,
}

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// What orders call it, e.g. `bacs`.
    pub id: String,
    /// Whether customers can choose it.
    pub enabled: bool,
}

/// A way to ship in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingMethod {
    /// What the zone is called.
    pub zone: String,
    /// E.g. `flat_rate`.
    pub method: String,
    /// Its number in the shop.
    pub instance: u64,
    /// Whether customers can choose it.
    pub enabled: bool,
}

/// A tax rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// The shop's id, which the mapping `rates:…` names.
    pub id: u64,
    /// Two letters; empty: everywhere.
    pub country: String,
    /// E.g. `standard`.
    pub class: String,
    /// Whether it is computed on top of others.
    pub compound: bool,
}

/// By what parcels can be shown, the best that the shop has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParcelInterface {
    /// WooCommerce's own fulfilments.
    Fulfilments,
    /// The extension Shipment Tracking.
    ShipmentTracking,
    /// Advanced Shipment Tracking.
    Ast,
    /// None: metadata of the order and a note.
    NotesOnly,
}

/// The last orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentOrders {
    /// Those that can be read.
    pub orders: Vec<Order>,
    /// Code → how many cannot.
    pub unreadable: BTreeMap<String, usize>,
    /// What looks like a gift card or store credit that paid, and in how many
    /// orders it was seen.
    pub tender: Vec<(TenderRule, usize)>,
}

/// What a shop can be asked before go-live. Nothing here changes anything.
#[async_trait]
pub trait ShopCheckup: Send + Sync {
    /// The facts. Fails only where the shop cannot be asked at all; what single
    /// questions fail with is in the facts.
    async fn facts(&self) -> Result<ShopFacts, CallError>;
}
