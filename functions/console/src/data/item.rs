//! One item explained: what the ERP has, what is on its way there, and what
//! each shop shows for which reason.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use weir_domain::id::{EntityId, ItemKey, LocationId, Sku, StoreId};
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::{Explanation, InFlight, Position, Publication, Standing};

use super::limits;
use super::meaning::{self, Meaning};
use crate::Problem;
use crate::state::App;

/// Everything about one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Whose stock.
    pub entity: EntityId,
    /// The ERP's item code.
    pub sku: Sku,
    /// What the ERP said last; `None` if it was never read.
    pub position: Option<PositionView>,
    /// Sales that the ERP's figure may not contain yet, at most
    /// [`limits::LINES`].
    pub lines: Vec<LineView>,
    /// How many of these there are.
    pub lines_in_all: usize,
    /// What each shop shows.
    pub shops: Vec<ShopView>,
}

/// What the ERP said about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PositionView {
    /// Just before it was read.
    pub as_of: Timestamp,
    /// Counts the readings.
    pub version: u64,
    /// The ERP knows the item.
    pub known: bool,
    /// Location by location.
    pub locations: Vec<LocationView>,
}

/// An item at one location, in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocationView {
    /// Which.
    pub location: LocationId,
    /// Physically there.
    pub on_hand: Decimal,
    /// Promised to somebody.
    pub reserved: Decimal,
    /// What may still be sold.
    pub available: Decimal,
    /// On its way in; never sold.
    pub incoming: Decimal,
}

/// A sale that is on its way into the ERP's figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// Where it was sold.
    pub store: StoreId,
    /// The order.
    pub order: u64,
    /// Its line.
    pub line: u64,
    /// R: what the shop took off its own stock.
    pub by_shop: Decimal,
    /// Where R comes from: `said`, `assumed`, `absent`; `None` where the shop
    /// was not read for it.
    pub told: Option<&'static str>,
    /// L: what is, or is being, confirmed in the ERP.
    pub by_erp: Decimal,
    /// E: by how much the ERP's figure is already lower for it.
    pub contained: Decimal,
    /// What of it counts as sold and not contained: max(0, max(R, L) − E).
    pub unseen: Decimal,
    /// When the shop was last read for it.
    pub read_at: Option<Timestamp>,
}

/// What one shop shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShopView {
    /// Which shop.
    pub store: StoreId,
    /// Its quantity when it was last seen.
    pub shown: Option<Decimal>,
    /// What was last reached, and why.
    pub reached: Option<ReachedView>,
    /// A write that was begun and is not known to have ended.
    pub write: Option<WriteView>,
    /// How it stands.
    pub standing: StandingView,
    /// Since when the shop does not show what it should.
    pub stale_since: Option<Timestamp>,
}

/// Why a shop shows what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReachedView {
    /// "ERP 5 − safety 1 − unseen 1 = 3".
    pub sentence: String,
    /// The figure at its end.
    pub target: Decimal,
    /// From which version of the position.
    pub position: u64,
    /// When.
    pub at: Timestamp,
}

/// A write under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WriteView {
    /// What the shop showed before.
    pub from: Decimal,
    /// What it shows afterwards.
    pub to: Decimal,
    /// When it was begun, or given up.
    pub at: Timestamp,
    /// Its answer was lost: it may still happen.
    pub lost: bool,
}

/// How an item stands in a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum StandingView {
    /// Never looked at, or all is well.
    Published,
    /// The shop does not manage its stock.
    NotManaged,
    /// Its parent's item counts.
    AtParent,
    /// A person has to look.
    Exception {
        /// Stable, `snake_case`.
        code: String,
        /// One sentence.
        detail: String,
        /// Since when.
        since: Timestamp,
        /// What it means and what to do, by the runbook.
        meaning: Meaning,
    },
}

impl StandingView {
    /// Of a publication's.
    pub fn of(standing: &Standing) -> Self {
        match standing {
            Standing::Published => Self::Published,
            Standing::NotManaged => Self::NotManaged,
            Standing::AtParent => Self::AtParent,
            Standing::Exception { code, detail, since } => Self::Exception {
                code: code.clone(),
                detail: detail.clone(),
                since: *since,
                meaning: meaning::of(code),
            },
        }
    }
}

/// Reads an item and explains it.
pub async fn item(app: &App, entity: &str, sku: &str) -> Result<Item, Problem> {
    let nothing = || Problem::not_found("Weir knows nothing about this item.");
    let entity: EntityId = entity.parse().map_err(|_| nothing())?;
    let key = ItemKey { entity, sku: Sku(sku.to_owned()) };
    let state = app.stock.items(std::slice::from_ref(&key)).await?.pop().unwrap_or_default();
    if state.position.is_none() && state.lines.is_empty() && state.publications.is_empty() {
        return Err(nothing());
    }
    let position = state.position.as_ref();
    let lines_in_all = state.lines.len();
    let lines = state.lines.iter().take(limits::LINES).map(|line| line_view(line, position)).collect();
    let shops = state.publications.iter().map(|(store, shown)| shop_view(store, shown)).collect();
    let ItemKey { entity, sku } = key;
    Ok(Item { entity, sku, position: position.map(position_view), lines, lines_in_all, shops })
}

fn position_view(position: &Position) -> PositionView {
    let locations = position.locations.iter().map(|(location, stock)| LocationView {
        location: location.clone(),
        on_hand: stock.on_hand,
        reserved: stock.reserved,
        available: stock.available,
        incoming: stock.incoming,
    });
    PositionView {
        as_of: position.as_of,
        version: position.version,
        known: position.known,
        locations: locations.collect(),
    }
}

fn line_view(line: &InFlight, position: Option<&Position>) -> LineView {
    let contained =
        position.and_then(|position| position.included.get(&line.line)).copied().unwrap_or_default();
    LineView {
        store: line.line.order.store.clone(),
        order: line.line.order.order.0,
        line: line.line.line,
        by_shop: line.reduced(),
        told: line.reduced.as_ref().map(|reduction| match reduction.told {
            Told::Said => "said",
            Told::Assumed { .. } => "assumed",
            Told::Absent => "absent",
        }),
        by_erp: line.confirming,
        contained,
        unseen: (line.sold() - contained).max(Decimal::ZERO),
        read_at: line.reduced.as_ref().map(|reduction| reduction.read_at),
    }
}

fn shop_view(store: &StoreId, publication: &Publication) -> ShopView {
    ShopView {
        store: store.clone(),
        shown: publication.shown,
        reached: publication.reached.as_ref().map(|reached| ReachedView {
            sentence: sentence(&reached.why),
            target: reached.why.target,
            position: reached.position,
            at: reached.at,
        }),
        write: publication.intent.as_ref().map(|intent| WriteView {
            from: intent.present,
            to: intent.target(),
            at: intent.sent_at,
            lost: intent.lost,
        }),
        standing: StandingView::of(&publication.standing),
        stale_since: publication.stale_since,
    }
}

/// "ERP 5 − safety 1 − unseen 1 = 3", with every step that made a difference.
pub fn sentence(why: &Explanation) -> String {
    let Explanation { available, unseen, terms, target } = why;
    let number = |decimal: &Decimal| decimal.normalize().to_string();
    let left = *available - *unseen;
    let text = if terms.share == Decimal::ONE {
        format!("ERP {} − safety {} − unseen {}", number(available), number(&terms.safety), number(unseen))
    } else {
        let share = number(&terms.share);
        format!(
            "{share} of (ERP {} − unseen {}) − safety {}",
            number(available),
            number(unseen),
            number(&terms.safety)
        )
    };
    let computed = (terms.share * left).floor() - terms.safety;
    let besides = match &terms.cap {
        Some(cap) if computed > *cap => format!(", at most {}", number(cap)),
        _ if computed < Decimal::ZERO && terms.backorders && left < Decimal::ZERO => {
            ", with backorders".to_owned()
        }
        _ if computed < Decimal::ZERO => ", nothing for sale".to_owned(),
        _ => String::new(),
    };
    format!("{text}{besides} = {}", number(target))
}
