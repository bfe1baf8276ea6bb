//! Moves across the border of a warehouse: promised, on their way in, and
//! done on a day that Tryton's figure of what is on hand leaves out.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::outcome::CallError;

use super::super::Tryton;
use super::super::client::Query;
use super::super::wire::{WireBool, WireDate, WireQuantity};
use super::MOVE;

/// Moves a call, some 400 bytes each.
const MOVES_PER_CALL: usize = 2_000;

/// What moves do to a product in a warehouse, in the product's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flow {
    /// Done after the settled day: to be added to what was on hand on it.
    /// Negative if more left than came.
    pub(super) settling: Decimal,
    /// Not done, and leaving. Staging, draft or assigned.
    pub(super) outgoing: Decimal,
    /// Not done, and coming.
    pub(super) incoming: Decimal,
}

/// By (product, warehouse).
pub(super) type Flows = BTreeMap<(u64, u64), Flow>;

/// Tryton's states of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::tryton) enum MoveState {
    Done,
    Cancelled,
    /// Staging, draft, assigned, and whatever a module adds before done.
    #[serde(other)]
    Open,
}

/// One end of a move.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Place {
    /// The warehouse it is in, also where it is inactive.
    warehouse: Option<u64>,
    active: WireBool,
}

impl Place {
    /// An inactive place is empty and in no warehouse: Tryton's figure of what
    /// is on hand leaves it out, too.
    fn within(&self) -> Option<u64> {
        self.warehouse.filter(|_| self.active.is_true())
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Move {
    id: u64,
    product: u64,
    /// In the product's default unit, whatever unit the move is in.
    internal_quantity: WireQuantity,
    state: MoveState,
    effective_date: Option<WireDate>,
    from_location: Place,
    to_location: Place,
}

const FIELDS: [&str; 8] = [
    "product",
    "internal_quantity",
    "state",
    "effective_date",
    "from_location.warehouse",
    "from_location.active",
    "to_location.warehouse",
    "to_location.active",
];

impl Tryton {
    /// What moves do to these products in these warehouses.
    pub(super) async fn flows(
        &self,
        products: &BTreeSet<u64>,
        warehouses: &BTreeSet<u64>,
        day: WireDate,
    ) -> Result<Flows, CallError> {
        let mut rest = Rest { products: products.iter().copied().collect(), after: 0 };
        let mut flows = Flows::new();
        loop {
            let query = Query {
                domain: self.domain(&rest, warehouses, day),
                fields: &FIELDS,
                order: json!([["product.id", "ASC"], ["id", "ASC"]]),
                limit: MOVES_PER_CALL,
                context: Value::Null,
            };
            let mut page: Vec<Move> = self.client.query(MOVE, &query).await?;
            let more = rest.take(&mut page, MOVES_PER_CALL);
            tally(&page, day, &mut flows);
            if !more {
                return Ok(flows);
            }
        }
    }

    fn domain(&self, rest: &Rest, warehouses: &BTreeSet<u64>, day: WireDate) -> Value {
        let mut crossing = vec![json!("OR")];
        for warehouse in warehouses {
            for (inside, outside) in [("from_location", "to_location"), ("to_location", "from_location")] {
                crossing.push(json!([
                    [inside, "child_of", [warehouse], "parent"],
                    [outside, "not child_of", [warehouse], "parent"],
                ]));
            }
        }
        json!([
            rest.domain(),
            ["company", "=", self.config.company],
            [
                "OR",
                ["state", "not in", ["done", "cancelled"]],
                [["state", "=", "done"], ["effective_date", ">", day]]
            ],
            crossing,
        ])
    }
}

/// Products whose moves are not read yet, by id.
#[derive(Debug, PartialEq, Eq)]
struct Rest {
    products: Vec<u64>,
    /// Of the first product, moves up to this one are read.
    after: u64,
}

impl Rest {
    fn domain(&self) -> Value {
        match self.products.split_first() {
            Some((first, others)) if self.after > 0 => {
                json!(["OR", [["product", "=", first], ["id", ">", self.after]], ["product", "in", others]])
            }
            _ => json!(["product", "in", self.products]),
        }
    }

    /// Takes off what a page, sorted by product and id, holds; `false` when
    /// that was all. The last product of a full page may have more moves: it
    /// is dropped and asked for again, so that all moves of a product come
    /// from one call. Only a product that fills a page alone goes on.
    fn take(&mut self, page: &mut Vec<Move>, full: usize) -> bool {
        let last = match page.last() {
            Some(last) if page.len() >= full => (last.product, last.id),
            _ => return false,
        };
        self.after = if self.products.first() == Some(&last.0) { last.1 } else { 0 };
        if self.after == 0 {
            page.retain(|one| one.product != last.0);
        }
        self.products.retain(|product| *product >= last.0);
        true
    }
}

fn tally(moves: &[Move], day: WireDate, flows: &mut Flows) {
    for one in moves {
        let (from, to) = (one.from_location.within(), one.to_location.within());
        if from == to {
            continue;
        }
        let quantity = one.internal_quantity.0;
        let mut at = |warehouse: Option<u64>, change: &dyn Fn(&mut Flow)| {
            if let Some(warehouse) = warehouse {
                change(flows.entry((one.product, warehouse)).or_default());
            }
        };
        match one.state {
            MoveState::Open => {
                at(from, &|flow| flow.outgoing += quantity);
                at(to, &|flow| flow.incoming += quantity);
            }
            MoveState::Done if one.effective_date.is_some_and(|date| date > day) => {
                at(from, &|flow| flow.settling -= quantity);
                at(to, &|flow| flow.settling += quantity);
            }
            // Done while it was being read: what is on hand contains it.
            MoveState::Done | MoveState::Cancelled => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i8) -> Value {
        json!({"__class__": "date", "year": 2026, "month": 11, "day": day})
    }

    fn moved(id: u64, state: &str, from: u64, to: u64, effective: &Value) -> Move {
        // 0 is outside of every warehouse.
        let place = |id: u64| json!({"warehouse": Some(id).filter(|id| *id > 0), "active": 1});
        let one = json!({
            "id": id, "product": 1, "internal_quantity": 2.0, "state": state, "effective_date": effective,
            "from_location": place(from), "to_location": place(to),
        });
        serde_json::from_value(one).unwrap()
    }

    fn flow(moves: &[Move]) -> BTreeMap<u64, (String, String, String)> {
        let mut flows = Flows::new();
        tally(moves, serde_json::from_value(day(23)).unwrap(), &mut flows);
        let text =
            |flow: Flow| (flow.settling.to_string(), flow.outgoing.to_string(), flow.incoming.to_string());
        flows.into_iter().map(|((_, warehouse), flow)| (warehouse, text(flow))).collect()
    }

    fn shown(settling: &str, outgoing: &str, incoming: &str) -> (String, String, String) {
        (settling.to_owned(), outgoing.to_owned(), incoming.to_owned())
    }

    #[test]
    fn what_is_not_done_leaves_or_comes_in_every_state() {
        for state in ["staging", "draft", "assigned", "held_by_a_module"] {
            let leaves = moved(1, state, 5, 0, &Value::Null);
            assert_eq!(flow(&[leaves])[&5], shown("0", "2.0", "0"), "{state}");
            let transfer = flow(&[moved(1, state, 5, 12, &Value::Null)]);
            assert_eq!((&transfer[&5], &transfer[&12]), (&shown("0", "2.0", "0"), &shown("0", "0", "2.0")));
        }
    }

    #[test]
    fn neither_a_move_inside_nor_a_cancelled_one_counts() {
        assert!(flow(&[moved(1, "draft", 5, 5, &Value::Null)]).is_empty());
        assert!(flow(&[moved(1, "cancelled", 5, 0, &Value::Null)]).is_empty());
    }

    #[test]
    fn what_was_done_after_the_settled_day_is_settled_here() {
        let shipped = flow(&[moved(1, "done", 5, 12, &day(24))]);
        assert_eq!((&shipped[&5], &shipped[&12]), (&shown("-2.0", "0", "0"), &shown("2.0", "0", "0")));
        assert!(flow(&[moved(1, "done", 5, 0, &day(23))]).is_empty(), "on hand contains it");
    }

    #[test]
    fn an_inactive_place_is_in_no_warehouse() {
        let mut one = moved(1, "done", 5, 5, &day(24));
        one.from_location.active = serde_json::from_value(json!(false)).unwrap();
        assert_eq!(flow(&[one])[&5], shown("2.0", "0", "0"));
    }

    #[test]
    fn all_moves_of_a_product_come_from_one_page_unless_they_fill_it() {
        let of = |rows: &[(u64, u64)]| -> Vec<Move> {
            let row = |(product, id): &(u64, u64)| Move {
                product: *product,
                ..moved(*id, "draft", 5, 0, &Value::Null)
            };
            rows.iter().map(row).collect()
        };
        let mut rest = Rest { products: vec![1, 2, 3], after: 0 };
        let mut page = of(&[(1, 10), (1, 20), (2, 5)]);
        assert!(rest.take(&mut page, 3));
        assert_eq!((page.len(), &rest), (2, &Rest { products: vec![2, 3], after: 0 }));
        assert_eq!(rest.domain(), json!(["product", "in", [2, 3]]));

        let mut page = of(&[(2, 5), (2, 6), (2, 9)]);
        assert!(rest.take(&mut page, 3));
        assert_eq!((page.len(), &rest), (3, &Rest { products: vec![2, 3], after: 9 }));
        let expected = json!(["OR", [["product", "=", 2], ["id", ">", 9]], ["product", "in", [3]]]);
        assert_eq!(rest.domain(), expected);

        let mut page = of(&[(2, 11), (3, 1)]);
        assert!(!rest.take(&mut page, 3));
        assert_eq!(page.len(), 2);
    }
}
