//! What people do to shipments and return sales.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use weir_domain::fulfilment::Deliveries;
use weir_domain::id::OrderKey;
use weir_domain::ports::{Erp, ErpDocument};
use weir_domain::sales::{Release, SalesOrder};

use crate::lab::{Lab, Row, created, decimal, order};
use crate::shelf::{Shelf, day};

pub(crate) const OUT: &str = "stock.shipment.out";
pub(crate) const RETURN: &str = "stock.shipment.out.return";

/// A parcel: its id, its number and units by line.
pub(crate) type Shown = (String, Option<String>, Vec<(u64, String)>);

/// An order with its sale, of items that no other test knows.
pub(crate) struct Dispatch {
    pub(crate) lab: Lab,
    pub(crate) erp: Arc<dyn Erp>,
    pub(crate) order: SalesOrder,
    pub(crate) sale: ErpDocument,
    /// The items of the first lines.
    pub(crate) items: Vec<String>,
}

impl Dispatch {
    /// Rows without an item get one of their own, of which there are 50.
    pub(crate) async fn new(lab: Lab, rows: &[Row<'_>]) -> Self {
        Self::released(lab, rows, Release::Ship).await
    }

    pub(crate) async fn released(lab: Lab, rows: &[Row<'_>], release: Release) -> Self {
        let erp = lab.connect();
        let mut order = order("main", "EUR", rows);
        order.release = release;
        let mut items = Vec::new();
        for line in order.lines.iter_mut().filter(|line| line.item.is_empty()) {
            line.item = Shelf::new(lab.clone(), 50).await.sku.0;
            items.push(line.item.clone());
        }
        let draft = created(&erp, &order).await;
        let sale = erp.confirm(&draft, &order).await.unwrap();
        Self { lab, erp, order, sale, items }
    }

    pub(crate) fn key(&self) -> &OrderKey {
        &self.order.key.order
    }

    pub(crate) async fn deliveries(&self) -> Deliveries {
        self.erp.deliveries(&self.sale).await.unwrap()
    }

    /// Every parcel.
    pub(crate) async fn parcels(&self) -> Vec<Shown> {
        let parcels = self.deliveries().await.parcels;
        let shown = |parcel: &weir_domain::fulfilment::Parcel| {
            let units = parcel.units().into_iter().map(|(line, units)| (line, units.normalize().to_string()));
            (parcel.id.0.clone(), parcel.tracking.clone(), units.collect())
        };
        parcels.iter().map(shown).collect()
    }

    pub(crate) async fn press(&self, model: &str, id: u64, button: &str) -> String {
        let path = format!("{model}/{id}/{button}?f=state");
        let pressed = self.lab.raw(Method::POST, &path, Some(json!({}))).await;
        pressed["state"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn put(&self, model: &str, id: u64, changes: Value) {
        self.lab.raw(Method::PUT, &format!("{model}/{id}"), Some(changes)).await;
    }

    /// Shipments of a sale, oldest first.
    pub(crate) async fn shipments(&self, sale: &str, field: &str) -> Vec<u64> {
        let id: u64 = sale.parse().unwrap();
        let found = self.lab.records("sale.sale", json!([["id", "=", id]]), &[field]).await;
        let ids: BTreeSet<u64> =
            found[0][field].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
        ids.into_iter().collect()
    }

    pub(crate) async fn shipment(&self) -> u64 {
        *self.shipments(&self.sale.id, "shipments").await.last().unwrap()
    }

    /// Gives a shipment its carrier and takes its goods off the shelves.
    pub(crate) async fn pick(&self, shipment: u64) {
        self.put(OUT, shipment, json!({"carrier": self.lab.carrier()})).await;
        for (button, state) in [("assign_try", "assigned"), ("pick", "picked")] {
            assert_eq!(self.press(OUT, shipment, button).await, state);
        }
    }

    /// The moves of a shipment in a field of it, with their items.
    pub(crate) async fn moves(&self, shipment: u64, field: &str) -> Vec<(u64, String)> {
        let fields = [format!("{field}.product.code")];
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let found = self.lab.records(OUT, json!([["id", "=", shipment]]), &fields).await;
        let one =
            |one: &Value| (one["id"].as_u64().unwrap(), one["product"]["code"].as_str().unwrap().to_owned());
        found[0][field].as_array().unwrap().iter().map(one).collect()
    }

    /// A package with all that a shipment has of an item; its id.
    pub(crate) async fn package(&self, shipment: u64, item: &str, tracking: Option<&str>) -> u64 {
        let moves = self.moves(shipment, "outgoing_moves").await;
        let moves: Vec<u64> = moves.iter().filter(|(_, code)| code == item).map(|(id, _)| *id).collect();
        let kind =
            self.lab.raw(Method::POST, "stock.package.type?f=name", Some(json!({"name": "Box"}))).await;
        let package = json!({
            "shipment": format!("{OUT},{shipment}"), "type": kind["id"], "company": self.lab.company(),
            "moves": [["add", moves]], "shipping_reference": tracking,
        });
        let made = self.lab.raw(Method::POST, "stock.package?f=number", Some(package)).await;
        made["id"].as_u64().unwrap()
    }

    /// What the button "Return" of a sale makes, with these quantities by the
    /// shop's line; what is not named is taken out. Its id.
    pub(crate) async fn returned(&self, quantities: &[(u64, &str)]) -> u64 {
        let origin = json!({"default": {"origin": format!("sale.sale,{}", self.sale.id)}});
        let copy =
            self.lab.raw(Method::POST, &format!("sale.sale/{}/copy", self.sale.id), Some(origin)).await;
        let id = copy[0].as_u64().unwrap();
        let fields = ["lines.note", "lines.quantity", "web_shop", "web_id", "origin"];
        let sale = self.lab.records("sale.sale", json!([["id", "=", id]]), &fields).await.remove(0);
        assert_eq!((&sale["web_shop"], &sale["web_id"]), (&Value::Null, &Value::Null));
        let mut changes = Vec::new();
        for line in sale["lines"].as_array().unwrap() {
            let note = line["note"].as_str().unwrap();
            let shop_line = note.strip_prefix("weir:line:").map(|id| id.parse::<u64>().unwrap());
            let quantity = match shop_line {
                Some(line) => {
                    quantities.iter().find(|(id, _)| *id == line).map(|(_, quantity)| decimal(quantity))
                }
                None => Some(decimal(&line["quantity"].to_string())),
            };
            changes.push(match quantity {
                Some(quantity) => {
                    let quantity: serde_json::Number = (-quantity).to_string().parse().unwrap();
                    json!(["write", [line["id"]], {"quantity": quantity}])
                }
                None => json!(["delete", [line["id"]]]),
            });
        }
        self.put("sale.sale", id, json!({"lines": changes, "sale_date": day(0)})).await;
        id
    }

    pub(crate) async fn process(&self, sale: u64) {
        for button in ["quote", "confirm", "process"] {
            self.press("sale.sale", sale, button).await;
        }
    }

    /// Whether the feed names this order from a cursor on; it is moved on.
    pub(crate) async fn is_named(&self, cursor: &mut String) -> bool {
        drain(&*self.erp, cursor).await.contains(self.key())
    }

    pub(crate) async fn cursor(&self) -> String {
        cursor(&*self.erp).await
    }
}

/// Everything that the feed names from a cursor on; it is moved on.
pub(crate) async fn drain(erp: &dyn Erp, cursor: &mut String) -> BTreeSet<OrderKey> {
    let mut named = BTreeSet::new();
    loop {
        let page = erp.changed_orders(Some(cursor)).await.unwrap();
        assert!(page.orders.len() <= 100);
        assert!(page.next != *cursor || !page.more, "a feed that stands still");
        named.extend(page.orders);
        *cursor = page.next;
        if !page.more {
            return named;
        }
    }
}

/// Where a feed is that begins now.
pub(crate) async fn cursor(erp: &dyn Erp) -> String {
    let page = erp.changed_orders(None).await.unwrap();
    assert!(page.orders.is_empty() && !page.more);
    let mut cursor = page.next;
    drain(erp, &mut cursor).await;
    cursor
}
