//! E: how much of each order line Tryton's figure is already lower by. A line
//! has one move to the customer for each shipment it is in, from the moment
//! its sale is processed; a draft or a quotation has none.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::id::{LineKey, OrderKey, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::BookedLine;

use super::super::Tryton;
use super::super::client::Query;
use super::super::lines::{is_adjustment, shop_line};
use super::super::wire::WireQuantity;
use super::goods::{UNIT_FIELDS, WireUnits};
use super::moves::MoveState;

/// Sales asked for in one call: keeps the URL well under 8 KiB.
const SALES_PER_CALL: usize = 100;
/// Lines a call; with their moves some 1,000 bytes each.
const LINES_PER_CALL: usize = 500;

/// A line of a sale as Tryton has it.
#[derive(Deserialize)]
struct SaleLine {
    id: u64,
    note: Option<String>,
    sale: Sale,
    /// Absent where the key's user may not read moves.
    moves: Option<Vec<Move>>,
}

#[derive(Deserialize)]
struct Sale {
    web_id: String,
}

#[derive(Deserialize)]
struct Move {
    state: MoveState,
    internal_quantity: WireQuantity,
    product: Product,
    to_location: Place,
}

#[derive(Deserialize)]
struct Product {
    code: Option<String>,
    #[serde(flatten)]
    units: WireUnits,
}

#[derive(Deserialize)]
struct Place {
    #[serde(rename = "type")]
    kind: String,
}

impl Move {
    /// What of `sku` it takes to the customer, in the unit that is sold.
    ///
    /// From wherever: goods that a shipment takes from a warehouse which is no
    /// location here, or straight from a supplier, are not awaited from any
    /// location either.
    fn taken(&self, sku: &Sku) -> Result<Decimal, CallError> {
        let taken = self.state != MoveState::Cancelled
            && self.to_location.kind == "customer"
            && self.product.code.as_ref() == Some(&sku.0);
        if taken { self.product.units.units().sold(self.internal_quantity.0) } else { Ok(Decimal::ZERO) }
    }
}

/// Lines that are asked for, by the sale's reference and the shop's line.
type Wanted<'a> = BTreeMap<(String, u64), Vec<&'a BookedLine>>;

impl Tryton {
    pub(super) async fn included_lines(
        &self,
        lines: &[BookedLine],
    ) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        let mut by_store: BTreeMap<&StoreId, Wanted<'_>> = BTreeMap::new();
        for line in lines {
            let OrderKey { store, .. } = &line.document.order;
            let key = (line.document.reference(), line.line.line);
            by_store.entry(store).or_default().entry(key).or_default().push(line);
        }
        let mut included = BTreeMap::new();
        for (store, wanted) in &by_store {
            // What has no web shop was never pushed.
            if let Some(&web_shop) = self.config.web_shops.get(*store) {
                self.included_of(web_shop, wanted, &mut included).await?;
            }
        }
        Ok(included)
    }

    async fn included_of(
        &self,
        web_shop: u64,
        wanted: &Wanted<'_>,
        included: &mut BTreeMap<LineKey, Decimal>,
    ) -> Result<(), CallError> {
        let references: BTreeSet<&str> = wanted.keys().map(|(reference, _)| reference.as_str()).collect();
        let references: Vec<&str> = references.into_iter().collect();
        for references in references.chunks(SALES_PER_CALL) {
            let mut after = 0;
            loop {
                let lines = self.sale_lines(web_shop, references, after).await?;
                for line in &lines {
                    add(line, wanted, included)?;
                }
                match lines.last() {
                    Some(last) if lines.len() >= LINES_PER_CALL => after = last.id,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    async fn sale_lines(
        &self,
        web_shop: u64,
        references: &[&str],
        after: u64,
    ) -> Result<Vec<SaleLine>, CallError> {
        let units: Vec<String> = UNIT_FIELDS.iter().map(|field| format!("moves.product.{field}")).collect();
        let mut fields = vec![
            "note",
            "sale.web_id",
            "moves.state",
            "moves.internal_quantity",
            "moves.product.code",
            "moves.to_location.type",
        ];
        fields.extend(units.iter().map(String::as_str));
        let query = Query {
            domain: json!([
                ["sale.web_shop", "=", web_shop],
                ["sale.web_id", "in", references],
                ["type", "=", "line"],
                ["id", ">", after],
            ]),
            fields: &fields,
            order: json!([["id", "ASC"]]),
            limit: LINES_PER_CALL,
            context: Value::Null,
        };
        self.client.query("sale.line", &query).await
    }
}

/// Adds what a line of a sale takes. A line of the shop may be several here.
fn add(
    line: &SaleLine,
    wanted: &Wanted<'_>,
    included: &mut BTreeMap<LineKey, Decimal>,
) -> Result<(), CallError> {
    // Tryton leaves out what the key's user may not read.
    let moves = line.moves.as_ref();
    let moves = moves.ok_or_else(|| CallError::blocked("the key's user may not read stock.move"))?;
    let note = line.note.as_deref().unwrap_or_default();
    let sale = line.sale.web_id.as_str();
    match shop_line(note) {
        Some(shop_line) => {
            let key = (sale.to_owned(), shop_line);
            wanted.get(&key).into_iter().flatten().try_for_each(|booked| count(booked, moves, included))
        }
        None if is_adjustment(note) => Ok(()),
        None => moves.iter().try_for_each(|one| match first_of_its_item(one, sale, wanted) {
            Some(booked) => count(booked, std::slice::from_ref(one), included),
            None => Ok(()),
        }),
    }
}

/// Whose a move is of a line that people typed: in a sale that was made by hand
/// and adopted, no line says so. It counts once, for the first of the shop's
/// lines with its item, so that what is taken is rather too little.
fn first_of_its_item<'a>(one: &Move, sale: &str, wanted: &Wanted<'a>) -> Option<&'a BookedLine> {
    let lines = wanted.range((sale.to_owned(), 0)..=(sale.to_owned(), u64::MAX));
    let mut lines = lines.flat_map(|(_, lines)| lines.iter().copied());
    lines.find(|booked| one.product.code.as_ref() == Some(&booked.sku.0))
}

fn count(
    booked: &BookedLine,
    moves: &[Move],
    included: &mut BTreeMap<LineKey, Decimal>,
) -> Result<(), CallError> {
    let sum = included.entry(booked.line.clone()).or_default();
    for one in moves {
        *sum += one.taken(&booked.sku)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weir_domain::id::{DocumentKey, Generation, OrderId};

    use super::*;

    fn booked(generation: u32, line: u64) -> BookedLine {
        let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(4711) };
        BookedLine {
            document: DocumentKey::of_order(&order, Generation(generation)),
            line: LineKey { order, line },
            sku: Sku("MUG".to_owned()),
        }
    }

    fn line(web_id: &str, note: &Value, moves: &Value) -> SaleLine {
        let line = json!({"id": 1, "note": note, "sale": {"web_id": web_id}, "moves": moves});
        serde_json::from_value(line).unwrap()
    }

    fn one(state: &str, code: &str, to: &str) -> Value {
        let piece = json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0});
        let product = json!({"code": code, "default_uom": piece, "sale_uom": piece});
        json!({"state": state, "internal_quantity": 2.0, "product": product, "to_location": {"type": to}})
    }

    fn sums(lines: &[SaleLine], booked: &[BookedLine]) -> Vec<(u64, String)> {
        let mut wanted = Wanted::new();
        for line in booked {
            wanted.entry((line.document.reference(), line.line.line)).or_default().push(line);
        }
        let mut included = BTreeMap::new();
        for line in lines {
            add(line, &wanted, &mut included).unwrap();
        }
        included.into_iter().map(|(key, sum)| (key.line, sum.normalize().to_string())).collect()
    }

    #[test]
    fn every_move_to_the_customer_counts_until_it_is_cancelled() {
        let moves =
            ["staging", "draft", "assigned", "done", "cancelled"].map(|state| one(state, "MUG", "customer"));
        let lines = [line("4711", &json!("weir:line:17"), &json!(moves))];
        assert_eq!(sums(&lines, &[booked(1, 17)]), [(17, "8".to_owned())]);
    }

    #[test]
    fn neither_another_item_nor_another_way_counts() {
        let moves = json!([one("done", "CUP", "customer"), one("done", "MUG", "storage")]);
        let lines = [line("4711", &json!("weir:line:17"), &moves)];
        assert_eq!(sums(&lines, &[booked(1, 17)]), [(17, "0".to_owned())]);
    }

    #[test]
    fn a_line_that_became_two_is_one_and_a_life_is_not_another() {
        let moves = json!([one("draft", "MUG", "customer")]);
        let note = json!("weir:line:17");
        let lines = [line("4711", &note, &moves), line("4711", &note, &moves), line("4711.2", &note, &moves)];
        assert_eq!(sums(&lines, &[booked(1, 17)]), [(17, "4".to_owned())]);
        assert_eq!(sums(&lines, &[booked(2, 17)]), [(17, "2".to_owned())]);
    }

    #[test]
    fn what_is_nobodys_is_left_out() {
        for note in [json!("weir:rounding"), json!("weir:tax"), json!("a remark")] {
            let lines = [line("4711", &note, &json!([one("draft", "CUP", "customer")]))];
            assert!(sums(&lines, &[booked(1, 17)]).is_empty());
        }
        let rounding = [line("4711", &json!("weir:rounding"), &json!([one("draft", "MUG", "customer")]))];
        assert!(sums(&rounding, &[booked(1, 17)]).is_empty());
    }

    #[test]
    fn a_line_that_people_typed_counts_once_for_its_item() {
        let moves = json!([one("draft", "MUG", "customer"), one("draft", "CUP", "customer")]);
        for note in [Value::Null, json!("a remark"), json!("weir:line:x")] {
            let lines = [line("4711", &note, &moves)];
            let wanted = [booked(1, 17), booked(1, 18), booked(2, 17)];
            assert_eq!(sums(&lines, &wanted), [(17, "2".to_owned())], "{note}");
        }
    }

    #[test]
    fn moves_that_may_not_be_read_block() {
        let hidden: SaleLine =
            serde_json::from_value(json!({"id": 1, "note": "weir:line:17", "sale": {"web_id": "4711"}}))
                .unwrap();
        let error = add(&hidden, &Wanted::new(), &mut BTreeMap::new()).unwrap_err();
        assert!(matches!(error, CallError::Blocked { .. }));
    }
}
