//! The stock side of a store's REST API: quantities, listings, and batches of
//! changes whose answers get lost, whose effects come late, and in which a
//! sale can be overwritten.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::id::{Sku, StoreId};
use weir_domain::order::Order;
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adjusted, Adjustment, Change, SaleLine, SalesPage, ShopItem, ShopProduct, ShopSale, ShopStock,
};

use super::ITEMS;
use super::ground::Ground;
use super::witness::{Sent, Witness};
use crate::faults::FaultClass as F;
use crate::invocation;
use crate::shop::SimShop;
use crate::stage::{Port, Side, Stage, Strike, lock};

/// Our time-out of one request to a shop.
const TIME_OUT: Duration = Duration::from_secs(20);
/// What the shop promises, and the configuration says: later than this after
/// our time-out nothing lands.
pub const LONGEST_REQUEST: Duration = Duration::from_mins(1);
/// Orders on a full page.
const PAGE: usize = 100;

/// What customers do the moment that somebody looks.
type Impulse = Box<dyn Fn() + Send + Sync>;

/// The stock side of one store.
pub struct StockShop {
    shop: Arc<SimShop>,
    ground: Arc<Ground>,
    witness: Arc<Witness>,
    stage: Arc<Stage>,
    impulse: Mutex<Option<Impulse>>,
}

/// One adjustment, and the facts behind it.
#[derive(Debug, Clone)]
struct Parcel {
    id: u64,
    change: Change,
    sent: Sent,
}

impl StockShop {
    /// The shelves of `shop`.
    pub fn new(shop: &Arc<SimShop>, ground: &Arc<Ground>, witness: &Arc<Witness>) -> Self {
        Self {
            shop: Arc::clone(shop),
            ground: Arc::clone(ground),
            witness: Arc::clone(witness),
            stage: Arc::clone(&ground.stage),
            impulse: Mutex::default(),
        }
    }

    /// Customers who buy exactly between two calls.
    pub fn on_impulse(&self, impulse: Impulse) {
        *lock(&self.impulse) = Some(impulse);
    }

    /// Its name.
    pub fn store(&self) -> &StoreId {
        &self.shop.store
    }

    fn somebody_looks(&self) {
        if let Some(impulse) = &*lock(&self.impulse) {
            impulse();
        }
    }

    /// A late write of a process that slept before it sent: beyond the bounds.
    fn next_strike(&self) -> Option<Strike> {
        let strike = self.stage.next_strike(Port::ShopAdjust)?;
        (strike.class != F::L3 || strike.side == Side::After).then_some(strike)
    }

    fn commits_late(&self, strike: Strike) -> bool {
        let sent_and_died = strike.class == F::L1 && strike.side == Side::After;
        strike.class == F::K2 || sent_and_died && self.stage.draw(fastrand::Rng::bool)
    }

    fn parcels(&self, adjustments: &[Adjustment]) -> Vec<Parcel> {
        let parcel = |adjustment: &Adjustment| {
            let item = item_of(adjustment.id);
            let sent = self.witness.sent(&self.shop.store, adjustment.id, &item);
            Parcel { id: adjustment.id, change: adjustment.change, sent }
        };
        adjustments.iter().map(parcel).collect()
    }

    fn land_late(&self, parcels: Vec<Parcel>) {
        let promised = u64::try_from(LONGEST_REQUEST.as_millis()).unwrap_or_default();
        let late = TIME_OUT + Duration::from_millis(self.stage.draw(|dice| dice.u64(0..promised)));
        let (ground, store) = (Arc::clone(&self.ground), self.shop.store.clone());
        tokio::task::spawn_local(async move {
            sleep(late).await;
            ground.stage.log(|| format!("shop: a write to {store} lands late"));
            for parcel in &parcels {
                ground.land(&store, parcel.id, parcel.change, None, &parcel.sent);
            }
        });
    }

    /// The shop's own request: now and then customers buy inside it.
    async fn land(&self, parcels: &[Parcel]) -> Vec<Adjusted> {
        let store = &self.shop.store;
        let mut read: Vec<Option<Decimal>> = vec![None; parcels.len()];
        if self.stage.strikes(F::K4) {
            let present = |parcel: &Parcel| self.quantity(parcel.id);
            read = parcels.iter().map(present).collect();
            self.somebody_looks();
            sleep(Duration::from_millis(self.stage.draw(|dice| dice.u64(5..120)))).await;
        }
        let land = |(parcel, read): (&Parcel, Option<Decimal>)| {
            let refused = self.stage.strikes(F::K3);
            let land = || self.ground.land(store, parcel.id, parcel.change, read, &parcel.sent);
            match (!refused).then(land).flatten() {
                Some(product) => Adjusted::Now(product),
                None => refusal(),
            }
        };
        parcels.iter().zip(read).map(land).collect()
    }

    fn quantity(&self, id: u64) -> Option<Decimal> {
        self.ground.products(&self.shop.store, |product| product.id == id).first()?.quantity
    }

    fn list(&self, after: Timestamp, page: u32) -> Vec<ShopSale> {
        let mut sales = Vec::new();
        self.shop.visit(|order| {
            if order.modified_at.as_second() > after.as_second() {
                sales.push(sale(order));
            }
        });
        sales.sort_by_key(|sale| (sale.modified_at, sale.order));
        let before = PAGE * (usize::try_from(page.max(1)).unwrap_or(1) - 1);
        sales.into_iter().skip(before).take(PAGE).collect()
    }

    async fn lost(&self, class: F) -> CallError {
        match class {
            F::K1 | F::K2 => {
                sleep(TIME_OUT).await;
                CallError::unknown("timed out")
            }
            class => self.shop.refusal(class),
        }
    }
}

fn refusal() -> Adjusted {
    Adjusted::Refused { code: "woocommerce_rest_product_invalid_id".to_owned(), status: 404 }
}

/// The ERP's item of a product; a second product of one SKU has another id.
fn item_of(id: u64) -> Sku {
    let found = ITEMS.iter().find(|(_, _, product, _)| *product == id || *product + 800 == id);
    Sku(found.map_or("", |(item, ..)| item).to_owned())
}

fn sale(order: &Order) -> ShopSale {
    let line = |line: &weir_domain::order::Line| SaleLine {
        id: line.id,
        product: line.product.clone(),
        quantity: line.quantity,
        reduced: line.reduced_stock,
    };
    ShopSale {
        order: order.key.order,
        status: order.status.clone(),
        placed_at: order.created_at,
        modified_at: order.modified_at,
        lines: order.lines.iter().map(line).collect(),
    }
}

/// For the history: id, status and what was taken of each line.
fn in_short(sale: &ShopSale) -> String {
    let taken = |line: &SaleLine| line.reduced.map_or_else(|| "?".to_owned(), |units| units.to_string());
    let taken: Vec<String> = sale.lines.iter().map(taken).collect();
    format!("{} {} {}", sale.order, sale.status, taken.join("+"))
}

#[async_trait]
impl ShopStock for StockShop {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        let fail = |class| self.shop.refusal(class);
        let read = || {
            let products = self.ground.products(&self.shop.store, |product| {
                items.iter().any(|item| match item {
                    ShopItem::Sku(sku) => *sku == product.sku,
                    ShopItem::Id(id) => *id == product.id,
                })
            });
            self.witness.read_products(&self.shop.store, &products);
            self.stage.log(|| {
                let shown = |product: &ShopProduct| {
                    format!("{} {}", product.sku, product.quantity.unwrap_or_default())
                };
                let shown: Vec<String> = products.iter().map(shown).collect();
                format!("{} reads {}: {}", invocation::name(), self.shop.store, shown.join(", "))
            });
            self.somebody_looks();
            Ok(products)
        };
        self.stage.call(Port::ShopStock, "shop.products", fail, read).await
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        let fail = |class| self.shop.refusal(class);
        let list = || {
            let sales = self.list(after, page);
            self.stage.log(|| {
                let listed: Vec<String> = sales.iter().map(in_short).collect();
                format!(
                    "{} reads the orders of {}: {}",
                    invocation::name(),
                    self.shop.store,
                    listed.join(", ")
                )
            });
            self.somebody_looks();
            Ok(SalesPage { sales, answered_at: Some(self.shop.said()) })
        };
        self.stage.call(Port::ShopStock, "shop.sales_after", fail, list).await
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        let name = format!("shop.adjust {}", self.shop.store);
        let parcels = self.parcels(adjustments);
        let ids: Vec<u64> = parcels.iter().map(|parcel| parcel.id).collect();
        let request = self.witness.begin_request(&self.shop.store, &ids);
        let strike = self.next_strike();
        self.stage.reach(&name, strike, Side::Before).await;
        if let Some(class) = self.stage.answer_lost(&name, strike, Side::Before) {
            return Err(self.lost(class).await);
        }
        if let Some(strike) = strike.filter(|strike| self.commits_late(*strike)) {
            self.land_late(parcels);
            drop(request);
            self.stage.reach(&name, Some(strike), Side::After).await;
            self.stage.answer_lost(&name, Some(strike), Side::After);
            return Err(self.lost(F::K2).await);
        }
        self.stage.log(|| format!("{} changes {}", invocation::name(), self.shop.store));
        let adjusted = self.land(&parcels).await;
        // It is done, whatever becomes of whoever asked for it.
        drop(request);
        self.stage.reach(&name, strike, Side::After).await;
        match self.stage.answer_lost(&name, strike, Side::After) {
            Some(class) => Err(self.lost(class).await),
            None => Ok(adjusted),
        }
    }
}
