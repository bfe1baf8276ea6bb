//! The way back: what of a sale has left for the customer, what has come back,
//! and of which orders that may have changed.
//!
//! A sale, its shipments and its return sales come in one call, so that they
//! are of one instant, where the database has such (PostgreSQL has). When a
//! shipment left is in Tryton's log: a second call, where something has left.

mod feed;
mod quantity;
#[cfg(test)]
mod recorded;
mod returns;
mod shipments;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::fulfilment::Deliveries;
use weir_domain::outcome::CallError;
use weir_domain::ports::ErpDocument;

use super::Tryton;
use super::client::Query;
use super::lines::shop_line;
use super::sale::{HEAD_FIELDS, Head, SALE};
use super::stock::{MOVE, MoveState, Unit};
use super::wire::{Shown, WireQuantity};
use super::workflow::id;
pub(super) use quantity::UNIT;
use returns::ReturnShipment;
use shipments::{Extras, SHIPMENT, Shipment};

pub(super) const PRODUCT: &str = "product.product";
const RETURN_SHIPMENT: &str = "stock.shipment.out.return";
/// What people are told of a line of which nobody said what it sells.
pub(super) const NO_ITEM: &str = "a line without an item";
/// A sale and its return sales. Nobody returns one order a hundred times.
const SALES_PER_CALL: usize = 100;

/// A sale with what became of it.
#[derive(Deserialize)]
struct Booked {
    #[serde(flatten)]
    head: Head,
    /// Tryton's own judgement of what is still to leave, or to come back.
    shipment_state: String,
    lines: Vec<BookedLine>,
    #[serde(default)]
    shipments: Shown<Vec<Shipment>>,
    #[serde(default)]
    shipment_returns: Shown<Vec<ReturnShipment>>,
}

#[derive(Deserialize)]
struct BookedLine {
    id: u64,
    #[serde(rename = "type")]
    kind: String,
    note: Option<String>,
    quantity: Option<WireQuantity>,
    /// A line without a product may have none.
    #[serde(default)]
    unit: Shown<Unit>,
    #[serde(default)]
    product: Shown<Product>,
    #[serde(default)]
    moves: Shown<Vec<LineMove>>,
}

/// Units of a line on their way, out or back.
#[derive(Deserialize)]
struct LineMove {
    state: MoveState,
    quantity: WireQuantity,
    #[serde(default)]
    unit: Shown<Unit>,
}

/// A line of the order's sale, for what left of it and what came back.
#[derive(Debug, Clone, Copy)]
struct SoldLine {
    /// The shop's line; `None` for one that people added.
    of: Option<u64>,
    unit: Option<Unit>,
}

#[derive(Deserialize)]
struct Product {
    code: Option<String>,
    #[serde(rename = "type")]
    kind: String,
}

impl BookedLine {
    /// Whether it sells something: neither a title nor a comment.
    fn is_sold(&self) -> bool {
        self.kind == "line"
    }

    fn note(&self) -> &str {
        self.note.as_deref().unwrap_or_default()
    }

    /// Whether units of it leave for the customer.
    fn is_goods(&self) -> Result<bool, CallError> {
        let is_service = self.product.of(PRODUCT)?.is_none_or(|product| product.kind == "service");
        let is_positive = self.quantity.is_some_and(|quantity| quantity.0.is_sign_positive());
        let moves = !self.moves.all(MOVE)?.is_empty();
        Ok(self.is_sold() && is_positive && (!is_service || moves))
    }
}

impl Booked {
    /// The shop's lines of which units leave.
    fn goods(&self) -> Result<BTreeSet<u64>, CallError> {
        let mut goods = BTreeSet::new();
        for line in &self.lines {
            if line.is_goods()? {
                goods.extend(shop_line(line.note()));
            }
        }
        Ok(goods)
    }

    /// Every line here, by its id.
    fn sold(&self) -> Result<BTreeMap<u64, SoldLine>, CallError> {
        let sold = |line: &BookedLine| {
            let unit = line.unit.of(UNIT)?.copied();
            Ok((line.id, SoldLine { of: shop_line(line.note()), unit }))
        };
        self.lines.iter().map(sold).collect()
    }
}

impl Tryton {
    pub(super) async fn deliveries_of(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        let id = id(document)?;
        let extras = self.extras().await?;
        let found = self.booked(id, &extras).await?;
        let (sales, returned): (Vec<_>, Vec<_>) = found.into_iter().partition(|sale| sale.head.id == id);
        let gone = || CallError::rejected("document_gone", format!("there is no sale with id {id} any more"));
        let sale = sales.into_iter().next().ok_or_else(gone)?;
        let shipments = sale.shipments.all(SHIPMENT)?;
        let departures = self.departures(shipments).await?;
        let sold = sale.sold()?;
        let mut returns = Vec::new();
        for sale in &returned {
            returns.extend(sale.goods_return(&sold)?);
        }
        Ok(Deliveries {
            sale: sale.head.document(),
            goods: sale.goods()?,
            parcels: shipments::parcels(shipments, &sold, &departures, &extras)?,
            returns,
        })
    }

    /// The sale with this id, and the sales by which people take it back. One
    /// with a `web_id` is a credit for a refund of the shop, or another
    /// program's.
    async fn booked(&self, id: u64, extras: &Extras) -> Result<Vec<Booked>, CallError> {
        let mut fields = HEAD_FIELDS.to_vec();
        fields.extend(FIELDS);
        fields.extend(extras.fields());
        let query = Query {
            domain: json!([
                "OR",
                ["id", "=", id],
                [
                    ["origin", "=", format!("{SALE},{id}")],
                    ["OR", ["web_id", "=", null], ["web_id", "=", ""]],
                    ["state", "!=", "cancelled"],
                ],
            ]),
            fields: &fields,
            order: json!([["id", "ASC"]]),
            limit: SALES_PER_CALL,
            context: Value::Null,
        };
        let found: Vec<Booked> = self.client.query(SALE, &query).await?;
        if found.len() >= SALES_PER_CALL {
            let detail = format!("a sale has {} return sales or more", SALES_PER_CALL - 1);
            return Err(CallError::rejected("too_many_returns", detail));
        }
        Ok(found)
    }
}

/// What to read of a sale, beside its [`Head`] and what modules add.
const FIELDS: [&str; 24] = [
    "shipment_state",
    "lines.type",
    "lines.note",
    "lines.quantity",
    "lines.product.code",
    "lines.product.type",
    "lines.unit.factor",
    "lines.unit.rate",
    "lines.unit.digits",
    "lines.moves.state",
    "lines.moves.quantity",
    "lines.moves.unit.factor",
    "lines.moves.unit.rate",
    "lines.moves.unit.digits",
    "shipments.state",
    "shipments.create_date",
    "shipments.outgoing_moves.origin",
    "shipments.outgoing_moves.state",
    "shipments.outgoing_moves.quantity",
    "shipments.outgoing_moves.unit.factor",
    "shipments.outgoing_moves.unit.rate",
    "shipments.outgoing_moves.unit.digits",
    "shipments.outgoing_moves.product.code",
    "shipment_returns.state",
];
