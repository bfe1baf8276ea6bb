use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::{DocumentKey, OrderKey, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedDocument, BookedPage, BookedQuery, DocumentState, ErpBooks, ErpDocument};

use crate::fault::Faults;
use crate::{FakeErp, Sale, lock};

/// Orders of a call and of a page.
const PAGE: usize = 100;

/// What an ERP's books can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BooksOp {
    /// [`ErpBooks::booked`].
    Booked,
    /// [`ErpBooks::booked_since`].
    BookedSince,
}

/// The books of a [`FakeErp`], and what people did to them beside it.
#[derive(Debug)]
pub struct FakeBooks {
    /// What goes wrong.
    pub faults: Faults<BooksOp, CallError>,
    erp: Arc<FakeErp>,
    beside: Mutex<Beside>,
}

#[derive(Debug, Default)]
struct Beside {
    /// Documents that people deleted, by the ERP's id.
    deleted: BTreeSet<String>,
    /// Documents that people made, with the number that they carry.
    made: Vec<(String, BookedDocument)>,
}

impl FakeBooks {
    /// Of an ERP.
    pub fn new(erp: Arc<FakeErp>) -> Self {
        Self { faults: Faults::default(), erp, beside: Mutex::default() }
    }

    /// People delete every document of a key.
    pub fn delete(&self, key: &DocumentKey) {
        let ids = self.erp.sales().into_iter().filter(|sale| sale.order.key == *key).map(|sale| sale.id);
        lock(&self.beside).deleted.extend(ids);
    }

    /// A backup of the ERP brings them back.
    pub fn restore(&self) {
        lock(&self.beside).deleted.clear();
    }

    /// People copy a document, key and all; gives the copy's id.
    pub fn double(&self, key: &DocumentKey) -> String {
        let sale = self.erp.sale(key).expect("the ERP has the document to be copied");
        let mut copy = booked(&sale);
        copy.document.id = format!("{}-copy", sale.id);
        copy.document.number = Some(format!("SO-{}-copy", sale.id));
        let id = copy.document.id.clone();
        lock(&self.beside).made.push((sale.order.number, copy));
        id
    }

    /// People make a document by hand that carries an order's number; gives
    /// its id.
    pub fn make_by_hand(&self, number: &str) -> String {
        let id = format!("hand-{number}");
        let document = ErpDocument {
            id: id.clone(),
            number: Some(format!("SO-{id}")),
            state: DocumentState::Processing,
            totals: None,
        };
        let units = BTreeMap::new();
        lock(&self.beside).made.push((number.to_owned(), BookedDocument { key: None, document, units }));
        id
    }

    /// People cancel what they had made.
    pub fn cancel(&self, id: &str) {
        let mut beside = lock(&self.beside);
        let made = beside.made.iter_mut().find(|(_, made)| made.document.id == id);
        made.expect("it was made by hand").1.document.state = DocumentState::Cancelled;
    }

    /// Every document with the number it carries and the order it names.
    fn all(&self) -> Vec<(String, BookedDocument)> {
        let beside = lock(&self.beside);
        let sales = self.erp.sales();
        let kept = sales.iter().filter(|sale| !beside.deleted.contains(&sale.id));
        let kept = kept.map(|sale| (sale.order.number.clone(), booked(sale)));
        kept.chain(beside.made.iter().cloned()).collect()
    }
}

fn booked(sale: &Sale) -> BookedDocument {
    let mut units: BTreeMap<Sku, Decimal> = BTreeMap::new();
    for line in &sale.order.lines {
        *units.entry(Sku(line.item.clone())).or_default() += line.quantity;
    }
    let document = ErpDocument {
        id: sale.id.clone(),
        number: (sale.state != DocumentState::Draft).then(|| format!("SO-{}", sale.id)),
        state: sale.state,
        totals: Some(sale.order.totals.clone()),
    };
    BookedDocument { key: Some(sale.order.key.clone()), document, units }
}

#[async_trait]
impl ErpBooks for FakeBooks {
    async fn booked(
        &self,
        orders: &[BookedQuery],
    ) -> Result<BTreeMap<OrderKey, Vec<BookedDocument>>, CallError> {
        self.faults.strike(BooksOp::Booked, || {
            if orders.len() > PAGE {
                return Err(CallError::unknown(format!("{} orders were asked for at once", orders.len())));
            }
            let mut found: BTreeMap<OrderKey, Vec<BookedDocument>> = BTreeMap::new();
            for (number, document) in self.all() {
                let is_its = |query: &&BookedQuery| match &document.key {
                    Some(key) => key.order == query.order,
                    None => number == query.number,
                };
                if let Some(query) = orders.iter().find(is_its) {
                    found.entry(query.order.clone()).or_default().push(document);
                }
            }
            Ok(found)
        })
    }

    /// The cursor is the last order of the page before.
    async fn booked_since(
        &self,
        store: &StoreId,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<BookedPage, CallError> {
        self.faults.strike(BooksOp::BookedSince, || {
            let after: Option<u64> = cursor.map(|cursor| cursor.parse().unwrap_or_default());
            let deleted = lock(&self.beside).deleted.clone();
            let sales = self.erp.sales();
            let is_listed = |sale: &&Sale| {
                let order = &sale.order.key.order;
                let is_left = after.is_none_or(|after| order.order.0 > after);
                order.store == *store
                    && sale.order.ordered_at >= since
                    && is_left
                    && !deleted.contains(&sale.id)
            };
            let orders: BTreeSet<OrderKey> =
                sales.iter().filter(is_listed).map(|sale| sale.order.key.order.clone()).collect();
            let more = orders.len() > PAGE;
            let orders: Vec<OrderKey> = orders.into_iter().take(PAGE).collect();
            let last = orders.last().map(|order| order.order.0).or(after).unwrap_or_default();
            Ok(BookedPage { orders, next: last.to_string(), more })
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use weir_domain::ports::Erp;
    use weir_domain::sales::Release;

    use super::*;
    use crate::sample;

    fn query(id: u64) -> BookedQuery {
        BookedQuery { order: sample::key("main", id), number: id.to_string() }
    }

    #[test]
    fn what_people_did_is_in_the_books() {
        let erp = Arc::new(FakeErp::default());
        let books = FakeBooks::new(Arc::clone(&erp));
        for id in 1..=3 {
            let order = sample::sales_order(&sample::order("main", id), Release::Ship);
            block_on(erp.create(&order)).unwrap();
        }
        let key = |id| sample::sales_order(&sample::order("main", id), Release::Ship).key;
        books.delete(&key(1));
        books.double(&key(2));
        let by_hand = books.make_by_hand("3");
        let found = block_on(books.booked(&[query(1), query(2), query(3)])).unwrap();
        let counts: Vec<(u64, usize)> = found.iter().map(|(key, it)| (key.order.0, it.len())).collect();
        assert_eq!(counts, [(2, 2), (3, 2)]);
        assert_eq!(found[&sample::key("main", 2)][0].units[&Sku("MUG-L".into())], Decimal::TWO);
        books.cancel(&by_hand);
        let found = block_on(books.booked(&[query(3)])).unwrap();
        assert_eq!(found[&sample::key("main", 3)][1].document.state, DocumentState::Cancelled);
        let page = block_on(books.booked_since(&"main".parse().unwrap(), sample::saturday(), None)).unwrap();
        assert_eq!((page.orders.len(), page.more), (2, false));
        books.restore();
        let page =
            block_on(books.booked_since(&"main".parse().unwrap(), sample::saturday(), Some("1"))).unwrap();
        assert_eq!(page.orders, [sample::key("main", 2), sample::key("main", 3)]);
    }
}
