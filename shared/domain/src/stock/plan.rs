//! What to do about one item in one shop: a pure function of the facts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::in_flight::InFlight;
use super::publication::{Publication, Standing, Writable, delta};
use super::round::SOON;
use super::target::{Explanation, LineFacts, explain, surely_unseen, unseen};
use crate::config::{StockConfig, WriteMode};
use crate::id::{LineKey, Sku};
use crate::ports::{InFlightNews, ItemState, Managed, ShopProduct};

/// The facts about one item in one shop, read in the order E, A, P, R.
pub(super) struct Facts<'a> {
    pub(super) sku: &'a Sku,
    /// Position, rows and publication, as they were before P.
    pub(super) state: &'a ItemState,
    pub(super) publication: &'a Publication,
    /// The products of the shop that are this item: P.
    pub(super) products: &'a [ShopProduct],
    /// R of all stores on the pool, read after P.
    pub(super) news: &'a [&'a InFlightNews],
    /// A store's sales are not known: nothing may be raised.
    pub(super) lower_only: bool,
    /// Small increases are written, too.
    pub(super) exact: bool,
    /// Just before P was read.
    pub(super) read_at: Timestamp,
    pub(super) now: Timestamp,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    /// The shop does not sell it.
    Skip,
    /// Another writer is at work on it: nothing of it is touched, neither in
    /// the shop nor on record.
    Busy,
    /// No quantity of this product is ours to write.
    Stand(Standing),
    /// The shop shows what it should, as far as it may be changed now.
    Keep(Keep),
    /// Change it.
    Write(Change),
}

/// Nothing is written to the shop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Keep {
    pub(super) present: Decimal,
    pub(super) why: Explanation,
    /// It does not show what it should, and is to be looked at again.
    pub(super) wait: Option<Wait>,
}

/// A quantity is changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) product: ShopProduct,
    pub(super) present: Decimal,
    pub(super) delta: Decimal,
    pub(super) why: Explanation,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) until: Timestamp,
    /// The position is to be read anew first.
    pub(super) refresh: bool,
}

pub(super) fn plan(config: &StockConfig, facts: &Facts<'_>) -> Plan {
    if config.ignore.contains(facts.sku) {
        return Plan::Skip;
    }
    let writable = facts.publication.writable(facts.read_at, config.longest_request());
    if let Writable::NotBefore(_) = writable {
        return Plan::Busy;
    }
    let Some(position) = &facts.state.position else { return Plan::Skip };
    let product = match facts.products {
        [] if facts.publication.reached.is_none() => return Plan::Skip,
        [] => return exception(facts, "product_gone", "The shop has no such product any more."),
        [product] => product,
        several => {
            let ids: Vec<String> = several.iter().map(|product| product.id.to_string()).collect();
            let detail = format!("Products {} of the shop are this one item.", ids.join(", "));
            return exception(facts, "sku_twice", detail);
        }
    };
    if !position.known {
        return exception(facts, "item_unknown_to_erp", "The ERP does not know this item, or not any more.");
    }
    match (product.managed, product.quantity) {
        (Managed::No, _) => Plan::Stand(Standing::NotManaged),
        (Managed::AtParent, _) => Plan::Stand(Standing::AtParent),
        (Managed::Yes, None) => exception(facts, "quantity_unreadable", "The shop gives no quantity."),
        (Managed::Yes, Some(present)) => {
            // A late write of a number lands on that number, whatever is taken
            // off before it: only a change lands on top of what is there.
            let writable = match (config.write, writable) {
                (WriteMode::Absolute, Writable::Downwards { until, .. }) => {
                    Writable::Downwards { landing: present, until }
                }
                (_, writable) => writable,
            };
            quantity(config, facts, product, present, writable)
        }
    }
}

fn quantity(
    config: &StockConfig,
    facts: &Facts<'_>,
    product: &ShopProduct,
    present: Decimal,
    writable: Writable,
) -> Plan {
    let lines = line_facts(facts);
    let available = facts.state.position.as_ref().map(|position| position.available(&config.locations));
    let available = available.unwrap_or_default();
    let terms = config.terms(facts.sku, product.backorders);
    // A shortage is left as the shop shows it, and as it will once a write
    // that is in doubt has landed: measured by itself it would grow and grow.
    let shown = match writable {
        Writable::Downwards { landing, .. } => present.max(landing),
        Writable::Freely | Writable::NotBefore(_) => present,
    };
    let why = explain(available, unseen(&lines), terms.clone(), shown);
    let at_most = explain(available, surely_unseen(&lines), terms, shown);
    // Whether the ERP's figure contains some sale, or the shop's quantity some
    // cancellation, is not known: only what is too much in any case is taken
    // away, and all is read again.
    let uncertain = at_most.target != why.target;
    let target = if uncertain { at_most.target } else { why.target };
    let mut change = delta(target, present, writable);
    if uncertain || facts.lower_only {
        change = change.min(Decimal::ZERO);
    }
    let damped = !facts.exact && change < config.raise_by_at_least && present > Decimal::ZERO;
    if change > Decimal::ZERO && damped {
        return Plan::Keep(Keep { present, why, wait: None });
    }
    if change.is_zero() {
        let wait = wait(facts, &why, present, writable, uncertain);
        return Plan::Keep(Keep { present, why, wait });
    }
    Plan::Write(Change { product: product.clone(), present, delta: change, why })
}

/// What a shop that may not be changed now, and does not show what it should,
/// waits for.
fn wait(
    facts: &Facts<'_>,
    why: &Explanation,
    present: Decimal,
    writable: Writable,
    uncertain: bool,
) -> Option<Wait> {
    let soon = facts.now + SOON;
    if let Writable::Downwards { until, .. } = writable {
        return Some(Wait { until, refresh: false });
    }
    if uncertain {
        let refresh = line_facts(facts).iter().any(|line| line.included.is_none());
        return Some(Wait { until: soon, refresh });
    }
    (why.target != present).then_some(Wait { until: soon, refresh: false })
}

/// Every line on the pool once.
fn line_facts(facts: &Facts<'_>) -> Vec<LineFacts> {
    let mut lines: BTreeMap<&LineKey, Line<'_>> = BTreeMap::new();
    for row in &facts.state.lines {
        let placed_at = row.reduced.as_ref().map(|reduction| reduction.placed_at);
        let (before, confirming) = (row.reduced(), row.confirming);
        lines.insert(&row.line, Line { row: Some(row), before, after: None, confirming, placed_at });
    }
    for news in facts.news {
        let line = lines.entry(&news.line).or_default();
        // What a person wrote off is written off in every read of it.
        let counted = line.row.map_or(news.reduced.quantity, |row| row.counted(&news.reduced));
        line.after = Some(counted);
        line.placed_at = Some(news.reduced.placed_at);
    }
    lines.iter().map(|(key, line)| line.facts(included(facts, key, line.placed_at))).collect()
}

/// E, if it is known.
fn included(facts: &Facts<'_>, line: &LineKey, placed_at: Option<Timestamp>) -> Option<Decimal> {
    let position = facts.state.position.as_ref()?;
    let asked = position.included.get(line).copied();
    // What was placed after the figure was read is not in it.
    let later = placed_at.is_some_and(|placed_at| placed_at > position.as_of);
    asked.or(later.then_some(Decimal::ZERO))
}

/// What is known about a line.
#[derive(Default)]
struct Line<'a> {
    row: Option<&'a InFlight>,
    /// R, before P was read …
    before: Decimal,
    /// … and after it, where it was read again.
    after: Option<Decimal>,
    /// L.
    confirming: Decimal,
    placed_at: Option<Timestamp>,
}

impl Line<'_> {
    fn facts(&self, included: Option<Decimal>) -> LineFacts {
        let after = self.after.unwrap_or(self.before);
        LineFacts {
            sold: self.before.max(after).max(self.confirming),
            at_least: after.max(self.confirming),
            included,
        }
    }
}

/// Since when, if it is the exception that stands already.
fn exception(facts: &Facts<'_>, code: &str, detail: impl Into<String>) -> Plan {
    Plan::Stand(standing(facts.publication, code, detail, facts.now))
}

/// An exception, as old as the same one before it.
pub(super) fn standing(
    publication: &Publication,
    code: &str,
    detail: impl Into<String>,
    now: Timestamp,
) -> Standing {
    let since = match &publication.standing {
        Standing::Exception { code: known, since, .. } if known == code => *since,
        _ => now,
    };
    Standing::Exception { code: code.to_owned(), detail: detail.into(), since }
}

#[cfg(test)]
mod tests;
