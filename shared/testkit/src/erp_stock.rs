use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use rust_decimal::Decimal;
use weir_domain::id::{LineKey, LocationId, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedLine, ErpStock, ItemPage, StockBasis};
use weir_domain::stock::LocationStock;

use crate::fault::Faults;
use crate::lock;

/// What the stock side of an ERP can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the port")]
pub enum ErpStockOp {
    Included,
    Stock,
    Moved,
    Items,
}

/// Items of a call and of a page.
const PAGE: usize = 100;

/// An ERP's stock in memory. Everything that happens to an item is in its
/// feed at once; a cursor is how many changes were read.
#[derive(Debug)]
pub struct FakeErpStock {
    /// What goes wrong.
    pub faults: Faults<ErpStockOp, CallError>,
    basis: StockBasis,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    /// On hand and incoming; the rest follows from the promises.
    items: BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>,
    promises: Vec<Promise>,
    /// Every change of an item, oldest first.
    feed: Vec<Sku>,
}

/// Goods of an order line that were taken from a location.
#[derive(Debug)]
struct Promise {
    line: BookedLine,
    location: LocationId,
    quantity: Decimal,
    shipped: bool,
}

impl Default for FakeErpStock {
    /// An ERP whose figure is less what is promised.
    fn default() -> Self {
        Self::new(StockBasis::Computed)
    }
}

impl FakeErpStock {
    /// An ERP whose figure is this. With [`StockBasis::OnHand`] nothing
    /// promised is taken off, and E is what was shipped.
    pub fn new(basis: StockBasis) -> Self {
        Self { faults: Faults::default(), basis, books: Mutex::default() }
    }

    /// People count an item; from then on the ERP knows it.
    pub fn count(&self, sku: &Sku, location: &LocationId, on_hand: Decimal) {
        self.change(sku, location, |stock| stock.on_hand = on_hand);
    }

    /// Goods arrive, or leave where it is negative.
    pub fn receive(&self, sku: &Sku, location: &LocationId, quantity: Decimal) {
        self.change(sku, location, |stock| stock.on_hand += quantity);
    }

    /// Goods are on their way to a location; replaces what was said before.
    pub fn expect(&self, sku: &Sku, location: &LocationId, incoming: Decimal) {
        self.change(sku, location, |stock| stock.incoming = incoming);
    }

    /// Goods move from one location to another, in one instant.
    pub fn transfer(&self, sku: &Sku, from: &LocationId, to: &LocationId, quantity: Decimal) {
        let mut books = lock(&self.books);
        let locations = books.items.entry(sku.clone()).or_default();
        locations.entry(from.clone()).or_default().on_hand -= quantity;
        locations.entry(to.clone()).or_default().on_hand += quantity;
        books.feed.push(sku.clone());
    }

    /// The ERP promises goods of a location to an order line. A line may be
    /// promised goods several times.
    pub fn promise(&self, line: &BookedLine, location: &LocationId, quantity: Decimal) {
        let mut books = lock(&self.books);
        let promise = Promise { line: line.clone(), location: location.clone(), quantity, shipped: false };
        books.promises.push(promise);
        books.feed.push(line.sku.clone());
    }

    /// What was promised to an order line leaves.
    pub fn ship(&self, line: &BookedLine) {
        let mut books = lock(&self.books);
        let Books { items, promises, feed } = &mut *books;
        for promise in promises.iter_mut().filter(|promise| promise.line == *line && !promise.shipped) {
            promise.shipped = true;
            let locations = items.entry(line.sku.clone()).or_default();
            locations.entry(promise.location.clone()).or_default().on_hand -= promise.quantity;
        }
        feed.push(line.sku.clone());
    }

    /// What was promised to an order line, and has not left, stays.
    pub fn release(&self, line: &BookedLine) {
        let mut books = lock(&self.books);
        books.promises.retain(|promise| promise.line != *line || promise.shipped);
        books.feed.push(line.sku.clone());
    }

    /// People take an item out of the ERP.
    pub fn remove(&self, sku: &Sku) {
        let mut books = lock(&self.books);
        books.items.remove(sku);
        books.feed.push(sku.clone());
    }

    fn change(&self, sku: &Sku, location: &LocationId, change: impl FnOnce(&mut LocationStock)) {
        let mut books = lock(&self.books);
        change(books.items.entry(sku.clone()).or_default().entry(location.clone()).or_default());
        books.feed.push(sku.clone());
    }
}

impl Books {
    /// The figures of an item the ERP knows, all locations of one instant.
    fn figures(&self, sku: &Sku, basis: StockBasis) -> Option<BTreeMap<LocationId, LocationStock>> {
        let mut locations = self.items.get(sku)?.clone();
        for promise in self.promises.iter().filter(|promise| promise.line.sku == *sku && !promise.shipped) {
            locations.entry(promise.location.clone()).or_default().reserved += promise.quantity;
        }
        for stock in locations.values_mut() {
            let reserved = if basis == StockBasis::OnHand { Decimal::ZERO } else { stock.reserved };
            stock.available = stock.on_hand - reserved;
        }
        Some(locations)
    }

    /// The changes after the first `read`, up to a hundred items.
    fn page(&self, read: usize) -> (BTreeSet<Sku>, usize) {
        let mut skus = BTreeSet::new();
        let mut next = read;
        for sku in self.feed.iter().skip(read) {
            if skus.len() == PAGE && !skus.contains(sku) {
                break;
            }
            skus.insert(sku.clone());
            next += 1;
        }
        (skus, next)
    }
}

#[async_trait]
impl ErpStock for FakeErpStock {
    fn basis(&self) -> StockBasis {
        self.basis
    }

    async fn included(&self, lines: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        self.faults.strike(ErpStockOp::Included, || {
            let books = lock(&self.books);
            let mut included = BTreeMap::new();
            for promise in books.promises.iter().filter(|promise| lines.contains(&promise.line)) {
                let sum: &mut Decimal = included.entry(promise.line.line.clone()).or_default();
                if promise.shipped || self.basis != StockBasis::OnHand {
                    *sum += promise.quantity;
                }
            }
            Ok(included)
        })
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        self.faults.strike(ErpStockOp::Stock, || {
            if skus.len() > PAGE {
                return Err(CallError::unknown(format!("{} items were asked for at once", skus.len())));
            }
            let books = lock(&self.books);
            let found = |sku: &Sku| Some((sku.clone(), books.figures(sku, self.basis)?));
            Ok(skus.iter().filter_map(found).collect())
        })
    }

    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.faults.strike(ErpStockOp::Moved, || {
            let books = lock(&self.books);
            let read = match cursor {
                None => books.feed.len(),
                Some(cursor) => {
                    cursor.parse().map_err(|_| CallError::unknown("a cursor that is not this feed's"))?
                }
            };
            let (skus, next) = books.page(read);
            Ok(ItemPage {
                skus: skus.into_iter().collect(),
                next: next.to_string(),
                more: next < books.feed.len(),
            })
        })
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.faults.strike(ErpStockOp::Items, || {
            let books = lock(&self.books);
            let after = cursor.map(|cursor| Sku(cursor.to_owned()));
            let mut rest = books.items.keys().filter(|sku| after.as_ref().is_none_or(|after| *sku > after));
            let skus: Vec<Sku> = rest.by_ref().take(PAGE).cloned().collect();
            let next = skus.last().or(after.as_ref()).map_or_else(String::new, |last| last.0.clone());
            let more = rest.next().is_some();
            Ok(ItemPage { skus, next, more })
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey};

    use super::*;
    use crate::fault::{Fault, timed_out};

    fn sku(name: &str) -> Sku {
        Sku(name.to_owned())
    }

    fn location(name: &str) -> LocationId {
        name.parse().unwrap()
    }

    fn line(id: u64) -> BookedLine {
        let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(1) };
        BookedLine {
            document: DocumentKey::of_order(&order, Generation::FIRST),
            line: LineKey { order, line: id },
            sku: sku("MUG"),
        }
    }

    /// (on hand, reserved, available) at a location.
    fn figures(erp: &FakeErpStock, at: &str) -> (i64, i64, i64) {
        let found = block_on(erp.stock(&[sku("MUG")])).unwrap();
        let stock = &found[&sku("MUG")][&location(at)];
        let number = |quantity: Decimal| quantity.to_string().parse().unwrap();
        (number(stock.on_hand), number(stock.reserved), number(stock.available))
    }

    fn included(erp: &FakeErpStock, id: u64) -> Option<Decimal> {
        block_on(erp.included(&[line(id)])).unwrap().get(&line(id).line).copied()
    }

    #[test]
    fn what_is_promised_is_taken_off_once_and_leaves_once() {
        for (basis, promised) in [(StockBasis::Computed, (10, 2, 8)), (StockBasis::OnHand, (10, 2, 10))] {
            let erp = FakeErpStock::new(basis);
            erp.count(&sku("MUG"), &location("main"), Decimal::TEN);
            erp.promise(&line(7), &location("main"), Decimal::TWO);
            assert_eq!(figures(&erp, "main"), promised);
            let expected = if basis == StockBasis::OnHand { Decimal::ZERO } else { Decimal::TWO };
            assert_eq!(included(&erp, 7), Some(expected));
            for _again in 0..2 {
                erp.ship(&line(7));
                assert_eq!((figures(&erp, "main"), included(&erp, 7)), ((8, 0, 8), Some(Decimal::TWO)));
            }
            erp.release(&line(7));
            assert_eq!(included(&erp, 7), Some(Decimal::TWO), "it has left");
        }
    }

    #[test]
    fn a_release_gives_back_and_an_unknown_line_has_none() {
        let erp = FakeErpStock::default();
        erp.count(&sku("MUG"), &location("main"), Decimal::TEN);
        erp.promise(&line(7), &location("main"), Decimal::ONE);
        erp.promise(&line(7), &location("main"), Decimal::TWO);
        assert_eq!((figures(&erp, "main"), included(&erp, 7)), ((10, 3, 7), Some(Decimal::from(3))));
        erp.release(&line(7));
        assert_eq!((figures(&erp, "main"), included(&erp, 7), included(&erp, 8)), ((10, 0, 10), None, None));
    }

    #[test]
    fn goods_move_and_items_go() {
        let erp = FakeErpStock::default();
        erp.receive(&sku("MUG"), &location("main"), Decimal::TEN);
        erp.expect(&sku("MUG"), &location("main"), Decimal::TEN);
        erp.transfer(&sku("MUG"), &location("main"), &location("floor"), Decimal::TWO);
        assert_eq!((figures(&erp, "main"), figures(&erp, "floor")), ((8, 0, 8), (2, 0, 2)));
        erp.remove(&sku("MUG"));
        assert!(block_on(erp.stock(&[sku("MUG")])).unwrap().is_empty());
    }

    #[test]
    fn the_feed_begins_now_and_goes_on_in_pages() {
        let erp = FakeErpStock::default();
        erp.count(&sku("OLD"), &location("main"), Decimal::ONE);
        let began = block_on(erp.moved(None)).unwrap();
        assert_eq!((began.skus.len(), began.more), (0, false));
        for n in 0..150 {
            erp.count(&sku(&format!("SKU-{n}")), &location("main"), Decimal::ONE);
            erp.count(&sku("OLD"), &location("main"), Decimal::TWO);
        }
        let first = block_on(erp.moved(Some(&began.next))).unwrap();
        assert_eq!((first.skus.len(), first.more), (100, true));
        let second = block_on(erp.moved(Some(&first.next))).unwrap();
        assert_eq!((second.skus.len(), second.more), (52, false), "51 new ones, and the old one again");
        assert!(block_on(erp.moved(Some("elsewhere"))).is_err());
    }

    #[test]
    fn the_walk_lists_every_item_once() {
        let erp = FakeErpStock::default();
        for n in 0..101 {
            erp.count(&sku(&format!("SKU-{n:03}")), &location("main"), Decimal::ONE);
        }
        let first = block_on(erp.items(None)).unwrap();
        let second = block_on(erp.items(Some(&first.next))).unwrap();
        assert_eq!((first.skus.len(), first.more), (100, true));
        assert_eq!((second.skus, second.more), (vec![sku("SKU-100")], false));
    }

    #[test]
    fn faults_strike_by_script_and_calls_are_counted() {
        let erp = FakeErpStock::default();
        erp.faults.script(ErpStockOp::Stock, [Fault::Before(timed_out())]);
        assert_eq!(block_on(erp.stock(&[])), Err(timed_out()));
        assert!(block_on(erp.stock(&[])).unwrap().is_empty());
        let many: Vec<Sku> = (0..101).map(|n| sku(&n.to_string())).collect();
        assert!(block_on(erp.stock(&many)).is_err(), "more than a page");
        assert_eq!((erp.faults.calls(ErpStockOp::Stock), erp.faults.unspent()), (3, 0));
    }
}
