//! What must hold of stock when everything is quiet again. The oracle reads
//! the ground truth; the `stock` table is cross-examined, never believed.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use weir_domain::id::{ItemKey, Sku, StoreId};
use weir_domain::ports::{ItemState, Ledger, StockStore};
use weir_domain::stock::in_flight::SLOWEST_READER;
use weir_domain::stock::{InFlight, Publication, Standing};
use weir_testkit::sample;

use super::wiring::{StockWorld, entity};
use crate::world::World;

/// Checks every item in every store of a quiet world.
/// `settled`: every line had time to leave, and every item was read since.
pub async fn check(world: &World, stock: &StockWorld, thorough: bool, settled: bool) {
    let items = stock.ground.items();
    let keys: Vec<ItemKey> = items.iter().map(key).collect();
    let states = stock.observed.items(&keys).await.unwrap_or_default();
    for (item, state) in items.iter().zip(&states) {
        if settled {
            in_flight(world, stock, state);
        }
        stock.ground.keep_back(&state.lines);
        let untold = untold(world, stock, item).await + with_people(world, stock, state).await;
        for store in stock.shops.keys() {
            let case = Case { world, stock, store, item, state, untold };
            case.stands();
        }
    }
    private(world, stock, thorough);
}

fn key(item: &Sku) -> ItemKey {
    ItemKey { entity: entity(), sku: item.clone() }
}

/// Lines leave once the ERP's figure contains them, at the item's next reading
/// some time after their last news.
fn in_flight(world: &World, stock: &StockWorld, state: &ItemState) {
    let position_at = state.position.as_ref().map(|position| position.as_of);
    for line in &state.lines {
        let included = stock.ground.included_of(&line.line);
        let silent_since = line.reduced.as_ref().map(|reduction| reduction.read_at);
        let silent = silent_since.is_none_or(|since| Some(since + SLOWEST_READER) < position_at);
        if silent && line.sold() <= included {
            let what = format!("{} is still in flight, and the ERP's figure contains it", line.line);
            world.stage.violate("I5", what);
        }
    }
}

/// One item in one store.
struct Case<'a> {
    world: &'a World,
    stock: &'a StockWorld,
    store: &'a StoreId,
    item: &'a Sku,
    state: &'a ItemState,
    untold: Decimal,
}

impl Case<'_> {
    fn violate(&self, what: &str) {
        self.world.stage.violate("I5", format!("{} in {}: {what}", self.item, self.store));
    }

    fn publication(&self) -> Option<&Publication> {
        self.state.publications.get(self.store)
    }

    fn stands(&self) {
        let standing = self.publication().map(|publication| &publication.standing);
        let shown = self.stock.ground.shown(self.store, self.item);
        match (shown.as_slice(), standing) {
            ([], None) => {}
            ([], Some(standing)) => self.is_exception(standing, "product_gone"),
            ([shown], Some(Standing::Published)) => self.shows(*shown),
            ([_], standing) => self.violate(&format!("stands as {standing:?} without cause")),
            (_, Some(standing)) => self.is_exception(standing, "sku_twice"),
            (_, None) => self.violate("has its SKU twice, and nobody is told"),
        }
        if let Some(publication) = self.publication() {
            if publication.stale_since.is_some() {
                self.violate("is still called stale");
            }
            let published = publication.standing == Standing::Published;
            if publication.intent.is_some() && published && !shown.is_empty() {
                self.violate("is still being written");
            }
        }
    }

    fn is_exception(&self, standing: &Standing, wanted: &str) {
        let reached = self.publication().is_some_and(|publication| publication.reached.is_some());
        match standing {
            Standing::Exception { code, .. } if code == wanted => {}
            // What was never shown is not missed.
            _ if wanted == "product_gone" && !reached => {}
            other => self.violate(&format!("should be {wanted} and stands as {other:?}")),
        }
    }

    /// Convergence: exactly what the formula says of the facts.
    fn shows(&self, shown: Decimal) {
        let ground = &self.stock.ground;
        let Some(most) = ground.target_without(self.store, self.item, &ground.cancelled_by_people()) else {
            return;
        };
        let right = ground.target(self.store, self.item).unwrap_or(most);
        let least = right - self.untold;
        // Below zero a shortage is left as the shop shows it.
        let none = least <= Decimal::ZERO && shown <= Decimal::ZERO;
        if !none && (shown < least || shown > most) {
            let why = self.publication().and_then(|publication| publication.reached.as_ref());
            let why = why.map_or_else(|| "nothing".to_owned(), |reached| reached.why.to_string());
            let line = |line: &InFlight| format!("{} R{} L{}", line.line, line.reduced(), line.confirming);
            let lines: Vec<String> = self.state.lines.iter().map(line).collect();
            let lines = lines.join(", ");
            self.violate(&format!(
                "shows {shown} when all is quiet, {right} is right; it says: {why}; in flight: {lines}"
            ));
        }
    }
}

/// Units of orders that were deleted for good while their webhook got lost, or
/// before the order worker had read them: nobody can know. Or while they were
/// being booked: people have to look whether the ERP has them.
async fn untold(world: &World, stock: &StockWorld, item: &Sku) -> Decimal {
    let mut units = Decimal::ZERO;
    for (line, (of, held)) in stock.ground.vanished() {
        let record = world.ledger.record(&line.order).await.ok().flatten();
        let known = record.is_some_and(|record| !record.stock.is_empty() && record.exception().is_none());
        if of == *item && !(known && world.was_told_of_deletion(&line.order)) {
            units += held;
        }
    }
    units
}

/// Units in flight of orders that people have to look at: until they have,
/// what was begun for them counts, as far as the ERP's figure lacks it.
async fn with_people(world: &World, stock: &StockWorld, state: &ItemState) -> Decimal {
    let mut units = Decimal::ZERO;
    for line in &state.lines {
        let record = world.ledger.record(&line.line.order).await.ok().flatten();
        if record.is_some_and(|record| record.exception().is_some()) {
            units += (line.sold() - stock.ground.included_of(&line.line)).max(Decimal::ZERO);
        }
    }
    units
}

/// I9: nobody's name is in the stock queue or in its table.
fn private(world: &World, stock: &StockWorld, thorough: bool) {
    let mut texts = stock.queue.every_body();
    if thorough {
        texts.extend(stock.table.texts());
    }
    let found: BTreeSet<&str> = sample::CANARIES
        .into_iter()
        .filter(|canary| texts.iter().any(|text| text.contains(canary)))
        .collect();
    for canary in found {
        world.stage.violate("I9", format!("{canary:?} is in the stock queue or in the stock table"));
    }
}
