//! The stock side of the scripted Tryton: what it answers about warehouses,
//! what is on hand, moves and lines of sales. It evaluates no domain.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// What is on hand of every product: warehouse → quantity.
pub(crate) type Reading = BTreeMap<u64, i64>;

#[derive(Default)]
pub(crate) struct Stockroom {
    /// What each call finds, first to last; the last stays.
    pub(crate) readings: VecDeque<Reading>,
    /// The answers to searches for moves, in turn; afterwards there are none.
    pub(crate) moves: VecDeque<Value>,
    pub(crate) sale_lines: VecDeque<Value>,
    /// Products for sale, by id.
    pub(crate) for_sale: u64,
}

impl Stockroom {
    /// `None` for what is not about stock.
    pub(crate) fn answer(
        &mut self,
        ask: &str,
        domain: &Value,
        context: &Value,
        fields: &[&str],
    ) -> Option<Value> {
        let nothing = || json!([]);
        match ask {
            "GET stock.move" => Some(self.moves.pop_front().unwrap_or_else(nothing)),
            "GET sale.line" => Some(self.sale_lines.pop_front().unwrap_or_else(nothing)),
            "GET stock.location" if context.get("product").is_some() => {
                let at =
                    |(warehouse, quantity): (u64, i64)| json!({"id": warehouse, "quantity": float(quantity)});
                Some(self.reading().into_iter().map(at).collect())
            }
            // Everything up to 50 is a warehouse.
            "GET stock.location" => {
                Some(ids(&domain[0][2]).filter(|id| *id <= 50).map(|id| json!({"id": id})).collect())
            }
            "GET product.product" if context.get("locations").is_some() => {
                let reading = self.reading();
                let sum =
                    ids(&context["locations"]).map(|id| reading.get(&id).copied().unwrap_or_default()).sum();
                let sum = float(sum);
                Some(ids(&domain[0][2]).map(|id| json!({"id": id, "quantity": sum})).collect())
            }
            "GET product.product" if fields.contains(&"default_uom.factor") => Some(goods(domain)),
            "GET product.product" if domain[0][0] == "salable" => {
                let after = domain[3][2].as_u64().unwrap();
                let item = |id: u64| json!({"id": id, "code": format!("SKU-{id}")});
                Some((after + 1..=self.for_sale).take(100).map(item).collect())
            }
            _ => None,
        }
    }

    fn reading(&mut self) -> Reading {
        let last = self.readings.len() <= 1;
        let reading = if last { self.readings.front().cloned() } else { self.readings.pop_front() };
        reading.unwrap_or_default()
    }
}

fn ids(value: &Value) -> impl Iterator<Item = u64> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap())
}

/// A quantity as Python writes it.
fn float(quantity: i64) -> Value {
    format!("{quantity}.0").parse::<serde_json::Number>().unwrap().into()
}

/// Every code but those that begin with `NO-`; the id is what follows the dash.
fn goods(domain: &Value) -> Value {
    let codes = domain[0][2].as_array().unwrap().iter().map(|code| code.as_str().unwrap());
    let unit = json!({"id": 1, "digits": 0, "factor": 1.0, "rate": 1.0});
    let id = |code: &str| code.rsplit('-').next().unwrap().parse::<u64>().unwrap();
    let product = |code: &str| json!({"id": id(code), "code": code, "sale_uom": unit, "default_uom": unit});
    codes.filter(|code| !code.starts_with("NO-")).map(product).collect()
}
