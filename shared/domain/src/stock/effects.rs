//! What an order means for stock, line by line, as `order-push` last wrote it
//! to the in-flight rows. Kept in the order's record, so that only news are
//! written, and so that no row is forgotten.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::in_flight::{Told, reduction};
use crate::id::{Generation, Sku};
use crate::order::{Line, Order};

/// What an order means for stock, by the shop's line.
pub type StockEffects = BTreeMap<u64, LineEffect>;

/// What one line means for stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEffect {
    /// The ERP's item code.
    pub sku: Sku,
    /// R.
    pub reduced: Decimal,
    /// Where R comes from.
    pub told: Told,
    /// L.
    pub confirming: Decimal,
    /// Of which life.
    pub generation: Generation,
    /// Items that the line was before its mapping was corrected: it has a row
    /// under each, of which the shop took nothing. By item: L, as long as the
    /// sales order may still have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub former: BTreeMap<Sku, Decimal>,
}

/// One row that a line is written to.
pub(crate) struct EffectRow<'a> {
    pub(crate) sku: &'a Sku,
    /// R, and where it comes from.
    pub(crate) reduced: (Decimal, Told),
    /// L.
    pub(crate) confirming: Decimal,
}

impl LineEffect {
    /// Its row, and one for each item that it was before.
    pub(crate) fn rows(&self) -> impl Iterator<Item = EffectRow<'_>> {
        let now =
            EffectRow { sku: &self.sku, reduced: (self.reduced, self.told), confirming: self.confirming };
        let former = self.former.iter().map(|(sku, confirming)| EffectRow {
            sku,
            reduced: (Decimal::ZERO, Told::Said),
            confirming: *confirming,
        });
        std::iter::once(now).chain(former)
    }

    /// L of the line as this item.
    pub(crate) fn confirming_as(&self, sku: &Sku) -> Decimal {
        let row = self.rows().find(|row| row.sku == sku);
        row.map(|row| row.confirming).unwrap_or_default()
    }

    /// What the sales order had before it may still have.
    pub(crate) fn keep_confirming(&mut self, before: &Self) {
        self.confirming = self.confirming.max(before.confirming_as(&self.sku));
        for (sku, confirming) in &mut self.former {
            *confirming = (*confirming).max(before.confirming_as(sku));
        }
    }

    /// The shop holds nothing for it.
    pub(crate) fn take_nothing(&mut self) {
        (self.reduced, self.told) = (Decimal::ZERO, Told::Said);
    }

    /// Nothing is confirmed for it, under no name.
    pub(crate) fn confirm_nothing(&mut self) {
        self.confirming = Decimal::ZERO;
        self.former.values_mut().for_each(|confirming| *confirming = Decimal::ZERO);
    }

    /// Its items other than this one, once nothing is confirmed of them.
    fn formerly(&self, sku: &Sku) -> BTreeMap<Sku, Decimal> {
        let other = self.rows().map(|row| row.sku).filter(|other| *other != sku);
        other.map(|other| (other.clone(), Decimal::ZERO)).collect()
    }
}

/// What an order means for stock, read at `read_at`. `items` names the item of
/// each line that could be resolved; `confirming` says whether its sales order
/// is being made or exists, for this life of it. `before` is what was known,
/// `longest_request` the shop's.
pub fn effects(
    order: &Order,
    items: &BTreeMap<u64, Sku>,
    before: &StockEffects,
    (generation, confirming): (Generation, bool),
    read_at: Timestamp,
    longest_request: SignedDuration,
) -> StockEffects {
    let effect = |line: &Line| {
        let sku = items.get(&line.id)?.clone();
        let known = before.get(&line.id);
        let (status, said) = (&order.status, line.reduced_stock);
        let told = known.map(|known| known.told);
        let (reduced, told) = reduction(status, line.quantity, said, told, read_at, longest_request);
        let confirming = if confirming { line.quantity.max(Decimal::ZERO) } else { Decimal::ZERO };
        let former = known.map(|known| known.formerly(&sku)).unwrap_or_default();
        Some((line.id, LineEffect { sku, reduced, told, confirming, generation, former }))
    };
    let mut effects: StockEffects = order.lines.iter().filter_map(effect).collect();
    // A line that was taken out of the order takes nothing any more.
    for (line, gone) in before {
        effects.entry(*line).or_insert_with(|| {
            let mut nothing = gone.clone();
            nothing.take_nothing();
            nothing.confirm_nothing();
            nothing
        });
    }
    effects
}
