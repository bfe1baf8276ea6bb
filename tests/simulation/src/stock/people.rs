//! What people do meanwhile: to the warehouse, and to the shops by hand.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::{Instant, sleep};
use weir_domain::id::{Sku, StoreId};

use super::wiring::StockWorld;
use super::{ITEMS, LOCATIONS};
use crate::faults::FaultClass as F;

/// They are busy for so long.
pub async fn be_busy(stock: Arc<StockWorld>, length: Duration) {
    let stage = Arc::clone(&stock.ground.stage);
    let ends = Instant::now() + length;
    while Instant::now() < ends {
        sleep(Duration::from_millis(stage.draw(|dice| dice.u64(2_000..60_000)))).await;
        if stage.is_healed() {
            return;
        }
        let item = Sku(ITEMS[stage.draw(|dice| dice.usize(0..stock.items))].0.to_owned());
        in_the_warehouse(&stock, &item);
        in_a_shop(&stock, &item);
    }
}

fn in_the_warehouse(stock: &StockWorld, item: &Sku) {
    let (stage, ground) = (&stock.ground.stage, &stock.ground);
    let (name, other) = if stage.draw(fastrand::Rng::bool) { (0, 1) } else { (1, 0) };
    let (name, other) = (LOCATIONS[name], LOCATIONS[other]);
    let units = Decimal::from(stage.draw(|dice| dice.u32(1..=3)));
    let there = ground.on_hand(item, name);
    if stage.draw(|dice| dice.u32(0..4)) == 0 {
        ground.order_goods(item, units);
        ground.count(item, name, units, "goods are received");
        stock.tell(item);
    }
    if stage.strikes(F::K14) && there > Decimal::ZERO {
        ground.count(item, name, -units.min(there), "counted less");
        stock.tell(item);
    }
    if stage.strikes(F::K13) && there > Decimal::ZERO {
        ground.transfer(item, name, other, units.min(there));
        stock.tell(item);
    }
}

fn in_a_shop(stock: &StockWorld, item: &Sku) {
    let (stage, ground) = (&stock.ground.stage, &stock.ground);
    let stores: Vec<&StoreId> = stock.shops.keys().collect();
    let store = stores[stage.draw(|dice| dice.usize(0..stores.len()))];
    if stage.strikes(F::K6) {
        let by = stage.draw(|dice| dice.i64(-3..=3));
        ground.edit_by_hand(store, item, Decimal::from(by));
    }
    if stage.strikes(F::K7) {
        ground.spoil(store, item, false);
    }
    if stage.strikes(F::K8) {
        ground.spoil(store, item, true);
    }
}
