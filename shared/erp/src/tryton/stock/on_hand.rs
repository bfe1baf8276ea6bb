//! What is physically there. A call of Tryton's gives the sum over the
//! warehouses that it names, so each warehouse takes a call of its own; a
//! transfer between two of these calls would be seen half, as stock twice.
//! The sum over all of them, in one call, gives that away.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::outcome::CallError;

use super::super::Tryton;
use super::super::client::Query;
use super::super::wire::{WireDate, WireQuantity};

/// Ids asked for in one call.
const IDS_PER_CALL: usize = 100;

#[derive(Deserialize)]
struct Counted {
    id: u64,
    quantity: Option<WireQuantity>,
}

impl Counted {
    fn entry(self) -> (u64, Decimal) {
        (self.id, self.quantity.map_or(Decimal::ZERO, |quantity| quantity.0))
    }
}

/// By (product, warehouse), in the product's unit.
type OnHand = BTreeMap<(u64, u64), Decimal>;

impl Tryton {
    /// What was on hand at the end of `day`.
    pub(super) async fn on_hand(
        &self,
        products: &BTreeSet<u64>,
        warehouses: &BTreeSet<u64>,
        day: WireDate,
    ) -> Result<OnHand, CallError> {
        let mut on_hand = OnHand::new();
        // A few products are read sooner one by one.
        let mut doubtful = products.clone();
        if products.len() > warehouses.len() || warehouses.len() == 1 {
            for &warehouse in warehouses {
                for (product, quantity) in self.sums(products, &[warehouse], day).await? {
                    on_hand.insert((product, warehouse), quantity);
                }
            }
            doubtful.clear();
        }
        if doubtful.is_empty() && warehouses.len() > 1 {
            let all: Vec<u64> = warehouses.iter().copied().collect();
            doubtful = in_doubt(&on_hand, &self.sums(products, &all, day).await?);
        }
        for product in doubtful {
            for (warehouse, quantity) in self.at_once(product, warehouses, day).await? {
                on_hand.insert((product, warehouse), quantity);
            }
        }
        Ok(on_hand)
    }

    /// What was on hand of products, the warehouses added up.
    async fn sums(
        &self,
        products: &BTreeSet<u64>,
        warehouses: &[u64],
        day: WireDate,
    ) -> Result<BTreeMap<u64, Decimal>, CallError> {
        let products: Vec<u64> = products.iter().copied().collect();
        let mut sums = BTreeMap::new();
        for ids in products.chunks(IDS_PER_CALL) {
            let query = Query {
                domain: json!([["id", "in", ids]]),
                fields: &["quantity"],
                order: Value::Null,
                limit: IDS_PER_CALL,
                context: json!({"locations": warehouses, "with_childs": true, "stock_date_end": day}),
            };
            let counted: Vec<Counted> = self.client.query("product.product", &query).await?;
            sums.extend(counted.into_iter().map(Counted::entry));
        }
        Ok(sums)
    }

    /// What was on hand of one product, by warehouse, from one call.
    async fn at_once(
        &self,
        product: u64,
        warehouses: &BTreeSet<u64>,
        day: WireDate,
    ) -> Result<BTreeMap<u64, Decimal>, CallError> {
        let query = Query {
            domain: json!([["id", "in", warehouses]]),
            fields: &["quantity"],
            order: Value::Null,
            limit: warehouses.len(),
            context: json!({"product": product, "with_childs": true, "stock_date_end": day}),
        };
        let counted: Vec<Counted> = self.client.query("stock.location", &query).await?;
        Ok(counted.into_iter().map(Counted::entry).collect())
    }
}

/// Products of which the warehouses, read one after the other, had more than
/// all of them at one instant. The other way round nothing is there twice.
fn in_doubt(on_hand: &OnHand, sums: &BTreeMap<u64, Decimal>) -> BTreeSet<u64> {
    let mut added: BTreeMap<u64, Decimal> = BTreeMap::new();
    for ((product, _), quantity) in on_hand {
        *added.entry(*product).or_default() += quantity;
    }
    let sum = |product| sums.get(product).copied().unwrap_or_default();
    added.iter().filter(|(product, added)| **added > sum(product)).map(|(product, _)| *product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_seen_half_is_in_doubt() {
        let on_hand = |first: i64, second: i64| {
            OnHand::from([((1, 5), Decimal::from(first)), ((1, 12), Decimal::from(second))])
        };
        let doubt =
            |on_hand: &OnHand, sum: i64| in_doubt(on_hand, &BTreeMap::from([(1, Decimal::from(sum))]));
        assert_eq!(doubt(&on_hand(10, 2), 10), BTreeSet::from([1]), "two of them moved from 5 to 12");
        assert!(doubt(&on_hand(10, 0), 10).is_empty());
        assert!(doubt(&on_hand(8, 0), 10).is_empty(), "low is what a reading may be");
        assert_eq!(in_doubt(&on_hand(1, 0), &BTreeMap::new()), BTreeSet::from([1]), "it is gone by now");
    }
}
