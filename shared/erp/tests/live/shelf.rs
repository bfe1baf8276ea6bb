//! An item of its own for each test, and what people in a warehouse do to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, tz::Offset};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::id::{DocumentKey, LineKey, Sku};
use weir_domain::ports::{BookedLine, ErpStock};
use weir_domain::sales::SalesOrder;

use crate::lab::{Lab, fresh_id, now};

/// An item that no other test knows.
pub(crate) struct Shelf {
    pub(crate) lab: Lab,
    pub(crate) stock: Arc<dyn ErpStock>,
    pub(crate) sku: Sku,
    pub(crate) product: u64,
}

/// What a test reads of a location: on hand, reserved, available, incoming.
pub(crate) type Figures = [String; 4];

pub(crate) fn figures(figures: [&str; 4]) -> Figures {
    figures.map(str::to_owned)
}

/// Which places a move goes from and to.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Zone(&'static str, &'static str),
    /// By its type, outside of every warehouse.
    Outside(&'static str),
}

pub(crate) const STORAGE: Place = Place::Zone("WH1", "storage_location");
pub(crate) const INPUT: Place = Place::Zone("WH1", "input_location");
pub(crate) const OUTPUT: Place = Place::Zone("WH1", "output_location");
pub(crate) const SECOND: Place = Place::Zone("WH2", "storage_location");
pub(crate) const CUSTOMER: Place = Place::Outside("customer");
pub(crate) const SUPPLIER: Place = Place::Outside("supplier");
pub(crate) const LOST: Place = Place::Outside("lost_found");

/// A day, `days` from today.
pub(crate) fn day(days: i64) -> Value {
    let today = Offset::UTC.to_datetime(now()).date();
    let date: Date = today + Span::new().days(days);
    json!({"__class__": "date", "year": date.year(), "month": date.month(), "day": date.day()})
}

impl Shelf {
    /// A new item, of which there are `on_hand` in the first warehouse.
    pub(crate) async fn new(lab: Lab, on_hand: u32) -> Self {
        let sku = Sku(format!("LIVE-{}", fresh_id()));
        // A variant of something that is on sale: only an accountant may say
        // to which accounts a new product's sales go.
        let like = lab.records("product.product", json!([["code", "=", "LAMP-1"]]), &["template"]).await;
        let template = like[0]["template"].as_u64().unwrap();
        let product = json!({"template": template, "suffix_code": sku.0});
        let product = lab.raw(Method::POST, "product.product?f=code", Some(product)).await;
        assert_eq!(product["code"], json!(sku.0));
        let stock = lab.connect_stock();
        let shelf = Self { lab, stock, sku, product: product["id"].as_u64().unwrap() };
        if on_hand > 0 {
            let found = shelf.moves(LOST, STORAGE, on_hand, json!({})).await;
            shelf.done(found).await;
        }
        shelf
    }

    /// The figures of both warehouses.
    pub(crate) async fn figures(&self) -> (Figures, Figures) {
        let mut stock = self.stock.stock(std::slice::from_ref(&self.sku)).await.unwrap();
        let mut locations: BTreeMap<_, _> = stock.remove(&self.sku).unwrap();
        let mut of = |name: &str| {
            let stock = locations.remove(&name.parse().unwrap()).unwrap();
            [stock.on_hand, stock.reserved, stock.available, stock.incoming]
                .map(|quantity| quantity.to_string())
        };
        (of("main"), of("second"))
    }

    /// The figures of the first warehouse; the second has nothing.
    pub(crate) async fn main(&self) -> Figures {
        let (main, second) = self.figures().await;
        assert_eq!(second, figures(["0", "0", "0", "0"]));
        main
    }

    pub(crate) async fn place(&self, place: Place) -> u64 {
        let found = match place {
            Place::Zone(warehouse, zone) => {
                let id = self.lab.warehouse(warehouse);
                self.lab.records("stock.location", json!([["id", "=", id]]), &[zone]).await[0][zone].clone()
            }
            Place::Outside(kind) => {
                self.lab.records("stock.location", json!([["type", "=", kind]]), &["name"]).await[0]["id"]
                    .clone()
            }
        };
        found.as_u64().unwrap()
    }

    /// A draft move; its id.
    pub(crate) async fn moves(&self, from: Place, to: Place, quantity: u32, more: Value) -> u64 {
        let mut record = json!({
            "product": self.product, "unit": 1, "quantity": quantity, "company": self.lab.company(),
            "from_location": self.place(from).await, "to_location": self.place(to).await,
        });
        let priced = [from, to].iter().any(|place| matches!(place, Place::Outside("supplier" | "customer")));
        if priced {
            let price = json!({"__class__": "Decimal", "decimal": "1"});
            record
                .as_object_mut()
                .unwrap()
                .extend([("unit_price".into(), price), ("currency".into(), json!(1))]);
        }
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.lab.raw(Method::POST, "stock.move?f=state", Some(record)).await;
        made["id"].as_u64().unwrap()
    }

    /// Does a draft move. Goods that leave a shelf must be assigned first,
    /// which is no button of a move on its own.
    pub(crate) async fn done(&self, id: u64) {
        self.assign(id).await;
        assert_eq!(self.press("stock.move", id, "do").await, json!("done"));
    }

    pub(crate) async fn assign(&self, id: u64) {
        self.lab.raw(Method::PUT, &format!("stock.move/{id}"), Some(json!({"state": "assigned"}))).await;
    }

    pub(crate) async fn press(&self, model: &str, id: u64, button: &str) -> Value {
        self.lab.raw(Method::POST, &format!("{model}/{id}/{button}?f=state"), Some(json!({}))).await["state"]
            .clone()
    }

    /// Sells this item instead of what an order has.
    pub(crate) fn order(&self, quantity: u32) -> SalesOrder {
        let mut order = crate::lab::order("main", "EUR", &[("MUG-L", "1", "10.00", "0.00", &[])]);
        order.lines[0].item.clone_from(&self.sku.0);
        order.lines[0].quantity = Decimal::from(quantity);
        order
    }

    /// E of the first line of an order; `None` where Tryton knows none.
    pub(crate) async fn included(&self, order: &SalesOrder) -> Option<String> {
        let line = self.booked(&order.key, order.lines[0].line);
        let included = self.stock.included(std::slice::from_ref(&line)).await.unwrap();
        included.get(&line.line).map(|quantity| quantity.normalize().to_string())
    }

    pub(crate) fn booked(&self, document: &DocumentKey, line: u64) -> BookedLine {
        let key = LineKey { order: document.order.clone(), line };
        BookedLine { document: document.clone(), line: key, sku: self.sku.clone() }
    }

    /// Everything that the feed names from a cursor on, and where it is then.
    pub(crate) async fn drain(&self, cursor: &str) -> (BTreeSet<Sku>, String) {
        let mut named = BTreeSet::new();
        let mut cursor = cursor.to_owned();
        loop {
            let page = self.stock.moved(Some(&cursor)).await.unwrap();
            assert!(page.skus.len() <= 100);
            named.extend(page.skus);
            assert!(page.next != cursor || !page.more, "a feed that stands still");
            cursor = page.next;
            if !page.more {
                return (named, cursor);
            }
        }
    }

    /// Changes the item.
    pub(crate) async fn change(&self, changes: Value) {
        self.lab.raw(Method::PUT, &format!("product.product/{}", self.product), Some(changes)).await;
    }
}
