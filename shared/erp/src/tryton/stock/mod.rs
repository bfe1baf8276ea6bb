//! Stock: what is in each warehouse, and how much of it is promised.
//!
//! Available is what is on hand less every move out of the warehouse that is
//! not done, whatever its planned date; nothing that is still to come is
//! added. None of Tryton's own forecasts says that.
//!
//! A warehouse is all of it: input, storage, picking and output zones and
//! whatever is below them. Goods that are picked go from one zone to another;
//! they leave with the one move from the output zone to the customer, which is
//! there from the moment a sale is processed. So they are counted once,
//! however far their shipment is.

mod feed;
mod goods;
mod included;
mod items;
mod moves;
mod on_hand;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::json;
use weir_domain::config::{ConfigError, ErpConfig, TrytonConfig};
use weir_domain::id::{LineKey, LocationId, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedLine, ErpStock, ItemPage, StockBasis};
use weir_domain::stock::LocationStock;

use super::Tryton;
use super::feed::PAGE;
use super::wire::{Id, WireDate};
use goods::Goods;
pub(super) use goods::{DIGITS, Unit};
use moves::Flow;
pub(super) use moves::MoveState;

/// A move.
pub(super) const MOVE: &str = "stock.move";
/// Nobody's transaction is taken to be shorter.
const SHORTEST_OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// The longest that a transaction of Tryton's is taken to last, whoever began
/// it: what our own requests may take, and not less than five minutes.
pub(super) fn longest_transaction(document: &ErpConfig) -> SignedDuration {
    let ours =
        SignedDuration::from_secs(i64::from(document.timeout_s) + i64::from(document.longest_request_s));
    ours.max(SHORTEST_OVERLAP)
}

/// Two names for one warehouse would be its stock twice.
pub(crate) fn check_locations(config: &TrytonConfig) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    match config.locations.iter().find(|(_, location)| !seen.insert(location.warehouse)) {
        Some((name, _)) => {
            Err(ConfigError::new(format!("locations.{name}.warehouse"), "is another location's, too"))
        }
        None => Ok(()),
    }
}

#[async_trait]
impl ErpStock for Tryton {
    fn basis(&self) -> StockBasis {
        StockBasis::Computed
    }

    async fn included(&self, lines: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        self.included_lines(lines).await
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        let goods = self.goods(skus).await?;
        let found = self.figures(&goods).await?;
        goods.iter().map(|goods| Ok((goods.sku.clone(), self.located(goods, &found)?))).collect()
    }

    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.moved_items(cursor).await
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.salable_items(cursor).await
    }
}

/// What is known about a product in a warehouse, in the product's unit.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    on_hand: Decimal,
    flow: Flow,
}

/// By (product, warehouse).
type Found = BTreeMap<(u64, u64), Figures>;

impl Tryton {
    /// The moves are read *before* what is on hand: goods that leave in
    /// between are then taken off twice, not never.
    async fn figures(&self, goods: &[Goods]) -> Result<Found, CallError> {
        let products: BTreeSet<u64> = goods.iter().map(|goods| goods.id).collect();
        let warehouses = self.warehouses();
        if products.is_empty() || warehouses.is_empty() {
            return Ok(Found::new());
        }
        self.check_warehouses(&warehouses).await?;
        let day = settled_day(self.client.now());
        let flows = self.flows(&products, &warehouses, day).await?;
        let on_hand = self.on_hand(&products, &warehouses, day).await?;
        let mut found = Found::new();
        for (key, flow) in flows {
            found.entry(key).or_default().flow = flow;
        }
        for (key, quantity) in on_hand {
            found.entry(key).or_default().on_hand = quantity;
        }
        Ok(found)
    }

    /// The figures of one item, by location, in the unit that it is sold in.
    fn located(
        &self,
        goods: &Goods,
        found: &Found,
    ) -> Result<BTreeMap<LocationId, LocationStock>, CallError> {
        let stock = |warehouse: u64| {
            let figures = found.get(&(goods.id, warehouse)).copied().unwrap_or_default();
            let on_hand = figures.on_hand + figures.flow.settling;
            let available = goods.units.sold(on_hand - figures.flow.outgoing)?;
            Ok(LocationStock {
                on_hand: goods.units.sold(on_hand)?,
                reserved: goods.units.sold(figures.flow.outgoing)?,
                available: goods.units.whole(available),
                incoming: goods.units.sold(figures.flow.incoming)?,
            })
        };
        let locations = self.config.locations.iter();
        locations.map(|(name, location)| Ok((name.clone(), stock(location.warehouse)?))).collect()
    }

    /// A zone in a warehouse's place would have stock, and nothing would ever
    /// seem to leave it. Asked once.
    async fn check_warehouses(&self, warehouses: &BTreeSet<u64>) -> Result<(), CallError> {
        if self.warehouses_checked.get().is_some() {
            return Ok(());
        }
        let domain = json!([["id", "in", warehouses], ["type", "=", "warehouse"]]);
        let found: Vec<Id> =
            self.client.search("stock.location", &domain, &["type"], warehouses.len()).await?;
        let found: BTreeSet<u64> = found.iter().map(|found| found.id).collect();
        if let Some(missing) = warehouses.difference(&found).next() {
            return Err(CallError::blocked(format!("location {missing} is no warehouse of Tryton's")));
        }
        self.warehouses_checked.get_or_init(|| ());
        Ok(())
    }

    fn warehouses(&self) -> BTreeSet<u64> {
        self.config.locations.values().map(|location| location.warehouse).collect()
    }
}

/// The last day that has begun everywhere on earth. Tryton counts what is on
/// hand by its company's day, which only it knows: on this day and before, it
/// counts everything. What is dated later is read from the moves, so that
/// neither a time zone nor a future date changes the figure.
fn settled_day(now: jiff::Timestamp) -> WireDate {
    WireDate::of(now - SignedDuration::from_hours(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settled_day_has_begun_at_the_date_line() {
        let day = |now: &str| serde_json::to_value(settled_day(now.parse().unwrap())).unwrap()["day"].clone();
        assert_eq!(day("2026-11-23T11:59:59Z"), json!(22));
        assert_eq!(day("2026-11-23T12:00:00Z"), json!(23));
    }

    #[test]
    fn two_names_for_one_warehouse_are_refused() {
        let config = |second: u64| {
            let config = json!({
                "database": "books", "company": 1, "warehouse": 5, "web_shops": {}, "taxes": {},
                "rounding": {"item": "ROUNDING", "tax_unit": {}},
                "locations": {"main": {"warehouse": 5}, "shop-floor": {"warehouse": second}},
            });
            check_locations(&serde_json::from_value(config).unwrap())
        };
        assert!(config(6).is_ok());
        assert_eq!(config(5).unwrap_err().field, "locations.shop-floor.warehouse");
    }

    #[test]
    fn a_transaction_is_never_taken_to_be_short() {
        let longest = |timeout_s: u32, longest_request_s: u32| {
            let document = json!({
                "erp": "tryton", "url": "https://erp.example/", "secret": "none",
                "timeout_s": timeout_s, "longest_request_s": longest_request_s, "kind": "tryton",
                "database": "books", "company": 1, "warehouse": 5, "web_shops": {}, "taxes": {},
                "rounding": {"item": "ROUNDING", "tax_unit": {}},
            });
            longest_transaction(&serde_json::from_value(document).unwrap()).as_secs()
        };
        assert_eq!((longest(20, 60), longest(20, 900)), (300, 920));
    }
}
