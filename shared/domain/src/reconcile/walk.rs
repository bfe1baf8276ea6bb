//! The walks of a night: over the shop's orders, over the ERPs' documents,
//! over what has been due for long. Each page's work is done before the
//! checkpoint moves past it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::compare::{Compared, Sides, compare};
use super::difference::{Difference, Kind};
use super::documents;
use super::night::{ErpAt, Nights, OrdersAt, Part, ShopAt};
use super::orders::{MatchError, MatchOrders, MatchRun};
use super::report::Report;
use crate::circuit::Peer;
use crate::id::{ErpId, OrderId, OrderKey};
use crate::mapping::Mappings;
use crate::order::{Order, OrderStatus};
use crate::outcome::CallError;
use crate::ports::{BookedDocument, BookedQuery, DocumentState, Listed, ShopError};
use crate::record::{DocumentAxis, Hold, OrderRecord};
use crate::resolve;

/// Orders placed, and documents made, in so long a time before the night are
/// compared.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Orders on a full page of the shop's listing.
const PAGE: usize = 100;
/// Orders that are read from the shop one by one before the checkpoint moves.
const SINGLY: usize = 10;
/// More missing documents among those of one answer, and more than are there,
/// are no difference but the ERP's trouble.
const MOST_MISSING: usize = 10;
/// After so many runs in a row that met this it is a difference after all: an
/// ERP that was restored from a backup does not get better by itself.
const PATIENCE: u32 = 3;
/// What has been due for so long is stuck …
const STUCK_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// … and at most so many orders a night are looked at for it.
const STUCK: usize = 1_000;

/// A night under way.
pub(super) struct Walk<'a> {
    pub(super) orders: &'a MatchOrders,
    pub(super) run: &'a MatchRun<'a>,
    pub(super) nights: Nights,
    pub(super) part: Part<OrdersAt>,
    pub(super) report: Report,
    /// Orders that this run met in the shop's listing.
    pub(super) met: BTreeSet<OrderId>,
    pub(super) compared: usize,
    /// An ERP lacks most of what is on record.
    pub(super) lacks: bool,
}

/// What came of a page.
pub(super) enum Paged {
    /// It is done: where the next one begins; `None` after the last.
    Next(Option<OrdersAt>),
    /// The circuit of this peer is open: nothing was done.
    Waits(Peer),
}

/// What is known of some orders: records, and what the ERPs have.
struct Known {
    records: BTreeMap<OrderKey, OrderRecord>,
    booked: BTreeMap<OrderKey, Vec<BookedDocument>>,
    erps: BTreeMap<OrderKey, ErpId>,
}

/// An order as the shop has it.
struct Found {
    key: OrderKey,
    shop: Result<Order, ShopError>,
    /// When it was placed; `None` where no listing says so.
    placed_at: Option<Timestamp>,
}

impl ShopAt {
    /// At the beginning of the window before `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { after: now - WINDOW, page: 1, met: Vec::new() }
    }

    /// After a full page. Orders are listed by whole seconds and `after` is
    /// exclusive, so the last second of a page is listed again; only a page
    /// within one second is paged.
    fn step(mut self, page: &[Listed]) -> Self {
        let last = page.iter().map(|listed| listed.created_at).max().unwrap_or(self.after);
        let next = last - SignedDuration::from_secs(1);
        let in_last = page.iter().filter(|listed| listed.created_at.as_second() >= last.as_second());
        let in_last = in_last.map(|listed| listed.id);
        if next.as_second() > self.after.as_second() {
            Self { after: next, page: 1, met: in_last.collect() }
        } else {
            self.met.extend(in_last);
            self.page += 1;
            self
        }
    }
}

impl Walk<'_> {
    /// One page of whichever walk it is at.
    pub(super) async fn page(&mut self, at: OrdersAt) -> Result<Paged, MatchError> {
        match at {
            OrdersAt::Shop(at) => self.shop_page(at).await,
            OrdersAt::Erp(at) => self.erp_page(at).await,
            OrdersAt::Stuck => self.stuck().await,
        }
    }

    /// The report has the page that comes next: whoever wrote it did not come
    /// to move the checkpoint.
    pub(super) fn is_counted(&self) -> bool {
        self.counted() > self.part.counted || self.report.ended_at.is_some()
    }

    fn counted(&self) -> u64 {
        self.report.orders + self.report.documents
    }

    /// A page is done; `counted` is the report if that has the page already.
    pub(super) fn paged(&mut self, counted: Option<Report>) {
        if let Some(report) = counted {
            self.report = report;
        }
        self.part.counted = self.counted();
        if self.part.lacking < PATIENCE {
            self.part.lacking = 0;
        }
    }

    fn key(&self, order: OrderId) -> OrderKey {
        OrderKey { store: self.run.config.store.clone(), order }
    }

    fn store(&self) -> Peer {
        Peer::Store(self.run.config.store.clone())
    }

    async fn shop_page(&mut self, at: ShopAt) -> Result<Paged, MatchError> {
        if self.orders.is_open(&self.store()).await? {
            return Ok(Paged::Waits(self.store()));
        }
        let listed = self.run.shop.placed_after(at.after, at.page).await;
        let page = listed.map_err(|error| MatchError::Peer(self.store(), error))?;
        let new = page.iter().filter(|listed| !at.met.contains(&listed.id));
        let new = new.map(|listed| Found {
            key: self.key(listed.id),
            shop: listed.order.clone(),
            placed_at: Some(listed.created_at),
        });
        let found: Vec<Found> = new.collect();
        match self.compare_all(&found, true).await? {
            Some(peer) => return Ok(Paged::Waits(peer)),
            None => self.report.orders += found.len() as u64,
        }
        self.met.extend(found.iter().map(|found| found.key.order));
        let next = if page.len() < PAGE { self.first_erp() } else { OrdersAt::Shop(at.step(&page)) };
        Ok(Paged::Next(Some(next)))
    }

    /// Compares orders with what ledger and ERPs know of them, and does what is
    /// to be done. Gives the first peer whose circuit is open: then nothing was
    /// done.
    async fn compare_all(&mut self, found: &[Found], counts: bool) -> Result<Option<Peer>, MatchError> {
        let keys: Vec<OrderKey> = found.iter().map(|found| found.key.clone()).collect();
        let mut known = self.known(&keys).await?;
        for found in found {
            let named = || self.run.config.entity(found.shop.as_ref().ok()?).map(|rule| rule.erp.clone());
            if !known.erps.contains_key(&found.key)
                && let Some(erp) = named()
            {
                known.erps.insert(found.key.clone(), erp);
            }
        }
        let numbers = found.iter().filter_map(|it| Some((&it.key, it.shop.as_ref().ok()?.number.as_str())));
        if let Some(peer) = self.read_books(&mut known, &numbers.collect()).await? {
            return Ok(Some(peer));
        }
        self.conclude(found, &known, counts).await?;
        Ok(None)
    }

    async fn conclude(&mut self, found: &[Found], known: &Known, counts: bool) -> Result<(), MatchError> {
        let mappings = self.mappings(found, known).await?;
        let now = self.orders.clock.now();
        let mut hints = Vec::new();
        for one @ Found { key, shop, .. } in found {
            let record = known.records.get(key);
            if counts {
                let view = record.map_or("not imported", OrderRecord::view);
                *self.report.views.entry(view.to_owned()).or_default() += 1;
            }
            let booked = known.booked.get(key).map(Vec::as_slice).unwrap_or_default();
            let sides = Sides { key, shop: shop.as_ref(), record, booked, erp: known.erps.get(key) };
            self.compared += 1;
            if record.is_none() && self.is_of_before(one) {
                continue;
            }
            let compared = compare(self.run.config, &mappings, &sides, now);
            let found = (&mut self.report, &mut hints);
            self.orders.remedy(self.run, &sides, compared, found).await?;
        }
        Ok(self.orders.queue.send(&hints).await?)
    }

    /// It makes no sense to us, and was placed before the cut-over: nobody asked
    /// us to make sense of it.
    fn is_of_before(&self, found: &Found) -> bool {
        let placed_at = found.placed_at.filter(|_| matches!(found.shop, Err(ShopError::Unreadable { .. })));
        placed_at.zip(self.run.config.cut_over).is_some_and(|(placed_at, cut_over)| placed_at < cut_over)
    }

    /// The records, and the ERP that each was booked in.
    async fn known(&self, keys: &[OrderKey]) -> Result<Known, MatchError> {
        let records = if keys.is_empty() { Vec::new() } else { self.orders.open.records(keys).await? };
        let records: BTreeMap<_, _> =
            records.into_iter().map(|record| (record.key.clone(), record)).collect();
        let erp = |record: &OrderRecord| Some((record.key.clone(), record.booked_with.as_ref()?.erp.clone()));
        let erps = records.values().filter_map(erp).collect();
        Ok(Known { records, booked: BTreeMap::new(), erps })
    }

    /// What the ERPs have of the orders. Gives the first whose circuit is open.
    async fn read_books(
        &mut self,
        known: &mut Known,
        numbers: &BTreeMap<&OrderKey, &str>,
    ) -> Result<Option<Peer>, MatchError> {
        let mut queries: BTreeMap<&ErpId, Vec<BookedQuery>> = BTreeMap::new();
        for (order, erp) in &known.erps {
            let seen = known.records.get(order).and_then(|record| record.seen.as_ref());
            let number = numbers.get(order).map(|number| (*number).to_owned());
            let number = number.or_else(|| seen.map(|seen| seen.number.clone()));
            let number = number.unwrap_or_else(|| order.order.to_string());
            queries.entry(erp).or_default().push(BookedQuery { order: order.clone(), number });
        }
        for (erp, queries) in queries {
            let peer = Peer::Erp(erp.clone());
            if self.orders.is_open(&peer).await? {
                return Ok(Some(peer));
            }
            let failed = |error| MatchError::Peer(peer.clone(), error);
            let books = self.run.erps.books(erp).await.map_err(failed)?;
            let booked = books.booked(&queries).await.map_err(failed)?;
            if self.part.lacking < PATIENCE && lacks_most(&queries, &known.records, &booked) {
                self.lacks = true;
                let why = "most of the documents on record are not in its answer";
                return Err(failed(CallError::unknown(why)));
            }
            known.booked.extend(booked);
        }
        Ok(None)
    }

    /// The mappings of every name of these orders.
    async fn mappings(&self, found: &[Found], known: &Known) -> Result<Mappings, MatchError> {
        let none = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for Found { key, shop, .. } in found {
            let first_skus = known.records.get(key).map_or(&none, |record| &record.first_skus);
            keys.extend(shop.iter().flat_map(|order| resolve::keys(order, first_skus)));
        }
        let keys: Vec<_> = keys.into_iter().collect();
        Ok(self.orders.mappings.mappings(&self.run.config.store, &keys).await?)
    }

    /// The store's ERPs, in a fixed order.
    fn erps(&self) -> BTreeSet<&ErpId> {
        self.run.config.entities.iter().map(|rule| &rule.erp).collect()
    }

    fn first_erp(&self) -> OrdersAt {
        self.erp_after(None)
    }

    fn erp_after(&self, last: Option<&ErpId>) -> OrdersAt {
        let next = self.erps().into_iter().find(|erp| last.is_none_or(|last| *erp > last));
        let at = |erp: &ErpId| OrdersAt::Erp(ErpAt { erp: erp.clone(), cursor: None, upto: None });
        next.map_or(OrdersAt::Stuck, at)
    }

    /// Orders that have documents and that the shop's listing does not show:
    /// trashed, deleted, or placed before the window. A part of a page, since
    /// they are read one by one.
    async fn erp_page(&mut self, at: ErpAt) -> Result<Paged, MatchError> {
        for peer in [self.store(), Peer::Erp(at.erp.clone())] {
            if self.orders.is_open(&peer).await? {
                return Ok(Paged::Waits(peer));
            }
        }
        let failed = |error| MatchError::Peer(Peer::Erp(at.erp.clone()), error);
        let books = self.run.erps.books(&at.erp).await.map_err(failed)?;
        let since = self.part.begun_at - WINDOW;
        let page =
            books.booked_since(&self.run.config.store, since, at.cursor.as_deref()).await.map_err(failed)?;
        let ids: BTreeSet<OrderId> = page.orders.iter().map(|order| order.order).collect();
        let mut left = ids.into_iter().filter(|id| at.upto.is_none_or(|upto| *id > upto));
        let keys: Vec<OrderKey> = left.by_ref().take(SINGLY).map(|id| self.key(id)).collect();
        if let Some(peer) = self.compare_unlisted(&at.erp, &keys).await? {
            return Ok(Paged::Waits(peer));
        }
        self.report.documents += keys.len() as u64;
        let next = if left.next().is_some() {
            OrdersAt::Erp(ErpAt { upto: keys.last().map(|key| key.order), ..at })
        } else if page.more {
            OrdersAt::Erp(ErpAt { cursor: Some(page.next), upto: None, ..at })
        } else {
            self.erp_after(Some(&at.erp))
        };
        Ok(Paged::Next(Some(next)))
    }

    async fn compare_unlisted(&mut self, erp: &ErpId, keys: &[OrderKey]) -> Result<Option<Peer>, MatchError> {
        let keys: Vec<OrderKey> = keys.iter().filter(|key| !self.met.contains(&key.order)).cloned().collect();
        let mut known = self.known(&keys).await?;
        for key in &keys {
            known.erps.entry(key.clone()).or_insert_with(|| erp.clone());
        }
        if let Some(peer) = self.read_books(&mut known, &BTreeMap::new()).await? {
            return Ok(Some(peer));
        }
        let mut found = Vec::new();
        for key in keys.into_iter().filter(|key| is_open(key, &known)) {
            let shop = match self.run.one.order(key.order).await {
                Err(ShopError::Call(error)) => return Err(MatchError::Peer(self.store(), error)),
                Ok(read) => Ok(read.order),
                Err(answer) => Err(answer),
            };
            if self.is_unlisted(&shop) {
                found.push(Found { key, shop, placed_at: None });
            }
        }
        self.conclude(&found, &known, false).await?;
        Ok(None)
    }

    /// The walk over the shop's orders has not compared it.
    fn is_unlisted(&self, shop: &Result<Order, ShopError>) -> bool {
        match shop {
            Ok(order) => {
                order.status == OrderStatus::Trash || order.created_at <= self.part.begun_at - WINDOW
            }
            Err(error) => *error == ShopError::Gone,
        }
    }

    /// Orders that nobody worked on although they are due.
    async fn stuck(&mut self) -> Result<Paged, MatchError> {
        let now = self.orders.clock.now();
        let mut hints = Vec::new();
        let due = self.orders.ledger.due(&self.run.config.store, now - STUCK_AFTER, STUCK, None).await?;
        for order in due {
            let peers = order.peer.into_iter().chain([self.store()]);
            let mut waits = false;
            for peer in peers {
                waits |= self.orders.ledger.circuit(&peer).await?.circuit.open.is_some();
            }
            if waits {
                continue;
            }
            let detail = format!("It has been due since {}.", order.due_at);
            let found = Difference::look(Kind::Stuck, detail);
            let compared = Compared { differences: vec![found], ..Compared::default() };
            let gone = ShopError::Gone;
            let sides = Sides { key: &order.key, shop: Err(&gone), record: None, booked: &[], erp: None };
            let found = (&mut self.report, &mut hints);
            self.orders.remedy(self.run, &sides, compared, found).await?;
        }
        self.orders.queue.send(&hints).await?;
        Ok(Paged::Next(None))
    }
}

/// An ERP that was reset, or asked with the wrong rights, has lost nothing that
/// people could look for order by order.
fn lacks_most(
    queries: &[BookedQuery],
    records: &BTreeMap<OrderKey, OrderRecord>,
    booked: &BTreeMap<OrderKey, Vec<BookedDocument>>,
) -> bool {
    let on_record = queries.iter().filter(|query| {
        let record = records.get(&query.order);
        record.is_some_and(|record| record.document == DocumentAxis::InErp && record.hold == Hold::None)
    });
    let (there, missing): (Vec<_>, Vec<_>) = on_record.partition(|query| booked.contains_key(&query.order));
    missing.len() > MOST_MISSING && missing.len() > there.len()
}

/// Something may be left to do for it: the ERP has a sales order that is
/// neither done nor cancelled, and no person has ended it.
fn is_open(key: &OrderKey, known: &Known) -> bool {
    let booked = known.booked.get(key).map(Vec::as_slice).unwrap_or_default();
    let open = documents::alive(booked).iter().any(|it| it.document.state != DocumentState::Done);
    let record = known.records.get(key);
    open && record.is_none_or(|record| !matches!(record.hold, Hold::Skipped { .. } | Hold::Held { .. }))
}
