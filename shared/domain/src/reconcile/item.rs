//! What the ERP says about the stock of one item, what is on record, and what
//! a shop shows, compared: a pure function.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::difference::Kind;
use crate::config::StockConfig;
use crate::id::{ItemKey, LineKey, LocationId, StoreId};
use crate::ports::{ItemState, Managed, ShopProduct};
use crate::stock::publication::Writable;
use crate::stock::target::{explain, surely_unseen, unseen};
use crate::stock::{InFlight, LineFacts, LocationStock, Position, Publication, Standing};

/// The facts about one item in one shop, read in the order E, A, P, R.
pub(super) struct ItemFacts<'a> {
    pub(super) store: &'a StoreId,
    pub(super) stock: &'a StockConfig,
    pub(super) item: &'a ItemKey,
    /// On record before A and P were read …
    pub(super) before: &'a ItemState,
    /// … and after it.
    pub(super) after: &'a ItemState,
    /// A; `None` where the ERP does not know the item.
    pub(super) figures: Option<BTreeMap<LocationId, LocationStock>>,
    /// P: the products of the shop that are this item.
    pub(super) products: Vec<ShopProduct>,
    pub(super) now: Timestamp,
}

/// How an item differs.
pub(super) struct ItemDifference {
    pub(super) kind: Kind,
    pub(super) detail: String,
    /// It is an exception already.
    pub(super) is_known: bool,
}

impl ItemFacts<'_> {
    pub(super) fn difference(&self) -> Option<ItemDifference> {
        let publication = self.publication(self.after);
        if self.stock.ignore.contains(&self.item.sku) || self.is_under_way(&publication) {
            return None;
        }
        let (kind, detail) = self.found(&publication)?;
        let is_known = match &publication.standing {
            Standing::Exception { code, .. } => is_about(code, kind),
            Standing::Published | Standing::NotManaged | Standing::AtParent => false,
        };
        Some(ItemDifference { kind, detail, is_known })
    }

    fn publication(&self, state: &ItemState) -> Publication {
        state.publications.get(self.store).cloned().unwrap_or_default()
    }

    /// Somebody is at work on it, or it is on the list of the stale, which goes
    /// round by itself.
    fn is_under_way(&self, publication: &Publication) -> bool {
        let writable = publication.writable(self.now, self.stock.longest_request());
        writable != Writable::Freely
            || publication.stale_since.is_some()
            || *publication != self.publication(self.before)
            || version(self.before) != version(self.after)
    }

    fn found(&self, publication: &Publication) -> Option<(Kind, String)> {
        if let Some(behind) = self.position() {
            return Some((Kind::PositionBehind, behind));
        }
        let product = match self.products.as_slice() {
            [] if publication.reached.is_none() => return None,
            [] => {
                let detail = "The shop has no product of this item any more: deleted, or renamed.";
                return Some((Kind::ProductGone, detail.to_owned()));
            }
            [product] => product,
            several => {
                let ids: Vec<String> = several.iter().map(|product| product.id.to_string()).collect();
                let detail = format!("Products {} of the shop are this one item.", ids.join(", "));
                return Some((Kind::SkuTwice, detail));
            }
        };
        if product.managed != Managed::Yes {
            return None;
        }
        let present = product.quantity?;
        if publication.reached.is_none() {
            let detail = format!(
                "Product {} shows {}, and was never brought to a quantity.",
                product.id,
                present.normalize()
            );
            return Some((Kind::NotPublished, detail));
        }
        self.drift(product, present)
    }

    /// The ERP's figure is another than the one on record.
    fn position(&self) -> Option<String> {
        let available = |locations: &BTreeMap<LocationId, LocationStock>| -> Decimal {
            let pool = locations.iter().filter(|(name, _)| self.stock.locations.contains(*name));
            pool.map(|(_, stock)| stock.available).sum()
        };
        match (&self.after.position, &self.figures) {
            (Some(position), Some(figures)) if position.says(figures) => None,
            (Some(Position { known: false, .. }) | None, None) => None,
            (Some(position), figures) => {
                let there = figures
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), |it| available(it).normalize().to_string());
                let known = available(&position.locations).normalize();
                Some(format!("The ERP says {there}, on record is {known}."))
            }
            (None, Some(_)) if self.products.is_empty() => None,
            (None, Some(_)) => Some("The ERP has it, and its stock was never read.".to_owned()),
        }
    }

    fn drift(&self, product: &ShopProduct, present: Decimal) -> Option<(Kind, String)> {
        let position = self.after.position.as_ref()?;
        let lines = self.lines(position);
        let terms = self.stock.terms(&self.item.sku, product.backorders);
        let available = position.available(&self.stock.locations);
        let why = explain(available, unseen(&lines), terms.clone(), present);
        let at_most = explain(available, surely_unseen(&lines), terms, present);
        // Whether the figure contains some sale is not known: not now.
        let is_certain = why.target == at_most.target;
        let detail = || format!("Product {} shows {}; {why}.", product.id, present.normalize());
        (is_certain && why.target != present).then(|| (Kind::StockDrift, detail()))
    }

    /// Every line on the pool, R being the larger of what was known before P
    /// and what is known after it.
    fn lines(&self, position: &Position) -> Vec<LineFacts> {
        let before: BTreeMap<&LineKey, &InFlight> =
            self.before.lines.iter().map(|line| (&line.line, line)).collect();
        let mut lines: BTreeMap<&LineKey, (&InFlight, Decimal)> =
            before.iter().map(|(key, line)| (*key, (*line, line.sold()))).collect();
        for line in &self.after.lines {
            let sold = before.get(&line.line).map_or(Decimal::ZERO, |before| before.sold());
            lines.insert(&line.line, (line, sold.max(line.sold())));
        }
        let facts = |(line, sold): (&InFlight, Decimal)| LineFacts {
            sold,
            at_least: line.sold(),
            included: included(position, line),
        };
        lines.into_values().map(facts).collect()
    }
}

/// E, if it is known. What was placed after the figure was read is not in it.
fn included(position: &Position, line: &InFlight) -> Option<Decimal> {
    let placed_at = line.reduced.as_ref().map(|reduction| reduction.placed_at);
    let later = placed_at.is_some_and(|placed_at| placed_at > position.as_of);
    position.included.get(&line.line).copied().or(later.then_some(Decimal::ZERO))
}

fn version(state: &ItemState) -> u64 {
    state.position.as_ref().map_or(0, |position| position.version)
}

/// Whether the exception with this code says what was found, or keeps it from
/// being put right.
fn is_about(code: &str, found: Kind) -> bool {
    match (code, found) {
        (_, Kind::PositionBehind) => false,
        ("product_gone", found) => found == Kind::ProductGone,
        ("sku_twice", found) => found == Kind::SkuTwice,
        _ => true,
    }
}
