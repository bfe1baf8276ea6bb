//! The last orders, resolved as they would be if they came now.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, named};
use super::names::{refund_key, tender_key};
use super::{Fact, RecentOrders};
use crate::config::{StoreConfig, TenderRule};
use crate::id::{DocumentKey, Generation};
use crate::import::Effect;
use crate::mapping::{MappingKey, MappingKind, Mappings};
use crate::order::Order;
use crate::resolve::{self, ResolveError, Resolver};
use crate::sales::Release;

const ORDERS: &str = "recent_orders";
const TENDER: &str = "tender";
const REFUNDS: &str = "refund_mapping";

/// Every mapping that these orders may have.
pub(super) fn keys(recent: &Fact<RecentOrders>) -> Vec<MappingKey> {
    let orders = recent.iter().flat_map(|recent| &recent.orders);
    orders.flat_map(|order| resolve::keys(order, &BTreeMap::new())).collect()
}

/// The rates that recent orders name in sets that are mapped.
pub(super) fn rates_mapped(recent: &Fact<RecentOrders>, mappings: &Mappings) -> BTreeSet<u64> {
    let is_set = |key: &MappingKey| key.kind == MappingKind::Tax && mappings.contains_key(key);
    let sets = keys(recent).into_iter().filter(is_set);
    let rates = |key: MappingKey| -> Vec<u64> {
        let set = key.name.strip_prefix("rates:").unwrap_or_default();
        set.split('+').filter_map(|rate| rate.trim_end_matches('c').parse().ok()).collect()
    };
    sets.flat_map(rates).collect()
}

/// What would keep the orders that import from being booked.
#[derive(Default)]
struct Gaps {
    imported: usize,
    unmapped: BTreeMap<MappingKey, usize>,
    sums: usize,
    other: BTreeSet<String>,
}

impl Gaps {
    fn of(config: &StoreConfig, mappings: &Mappings, orders: &[Order]) -> Self {
        let mut gaps = Self::default();
        let first_skus = BTreeMap::new();
        let resolver = Resolver { config, mappings, first_skus: &first_skus };
        for order in orders.iter().filter(|order| config.import.effect(order) != Effect::Never) {
            gaps.imported += 1;
            let key = DocumentKey::of_order(&order.key, Generation::FIRST);
            let booked = resolver.sales_order(order, key, Release::Ship).map(|_| ());
            // Both are told: people add mappings in one go.
            for problem in [booked, resolver.payments(order).map(|_| ())].into_iter().filter_map(Result::err)
            {
                gaps.note(problem);
            }
        }
        gaps
    }

    fn note(&mut self, problem: ResolveError) {
        match problem {
            ResolveError::Unmapped(keys) => {
                for key in keys {
                    *self.unmapped.entry(key).or_default() += 1;
                }
            }
            ResolveError::Totals(_) => self.sums += 1,
            ResolveError::Nonsense(_) | ResolveError::LineUnknown(_) => {
                self.other.insert(problem.to_string());
            }
        }
    }
}

pub(super) fn orders(config: &StoreConfig, mappings: &Mappings, recent: &Fact<RecentOrders>) -> Vec<Finding> {
    let recent = match recent {
        Ok(recent) => recent,
        Err(why) => {
            let todo = "Place a test order and look at it in the console's dry run.";
            return vec![Finding::unread(ORDERS, "The last orders", why, todo), refunds(mappings)];
        }
    };
    let mut findings = booked(config, mappings, recent);
    findings.extend(unreadable(recent));
    findings.extend(tender(config, mappings, recent));
    findings.push(refunds(mappings));
    findings
}

fn booked(config: &StoreConfig, mappings: &Mappings, recent: &RecentOrders) -> Vec<Finding> {
    let seen = recent.orders.len();
    let gaps = Gaps::of(config, mappings, &recent.orders);
    if gaps.imported == 0 {
        let what = format!("None of the last {seen} orders would be imported.");
        let todo = "Place a test order, pay it, and run the doctor again; if there are orders that should \
                    import, look at the rules of import.methods.";
        return vec![Finding::warning(ORDERS, what, todo)];
    }
    let mut findings = Vec::new();
    if !gaps.unmapped.is_empty() {
        let shown = gaps.unmapped.iter().map(|(key, orders)| format!("{key} ({orders}×)"));
        findings.push(Finding::fault(
            ORDERS,
            format!("Of the last {seen} orders some name what is not mapped: {}.", named(shown)),
            "Add these mappings, to config/mappings or at the exception desk.",
        ));
    }
    if gaps.sums > 0 {
        findings.push(Finding::fault(
            ORDERS,
            format!("In {} of the last {seen} orders the totals do not follow from the lines.", gaps.sums),
            "Look for a gift card, store credit or fee plugin that pays outside the order's lines, and add a \
             tender rule for it.",
        ));
    }
    if !gaps.other.is_empty() {
        let what = format!("Some of the last {seen} orders cannot be booked: {}.", named(&gaps.other));
        findings.push(Finding::warning(ORDERS, what, "Look at them in the console's dry run."));
    }
    if findings.is_empty() {
        let what = format!("{} of the last {seen} orders would be imported, each as it is.", gaps.imported);
        findings.push(Finding::good(ORDERS, what));
    }
    findings
}

fn unreadable(recent: &RecentOrders) -> Option<Finding> {
    let codes = recent.unreadable.iter().map(|(code, orders)| format!("{code} ({orders}×)"));
    let shown = named(codes);
    (!recent.unreadable.is_empty()).then(|| {
        let todo = "docs/runbook.md says what each code means and what to do.";
        Finding::fault(ORDERS, format!("Some of the last orders cannot be read: {shown}."), todo)
    })
}

/// Gift cards and store credit lower no price: unless a rule tells them from
/// discounts, the sums do not hold.
fn tender(config: &StoreConfig, mappings: &Mappings, recent: &RecentOrders) -> Vec<Finding> {
    let shown = |rule: &TenderRule| tender_key(rule).name.trim_start_matches("tender:").to_owned();
    let unruled = recent.tender.iter().filter(|(rule, _)| !config.tender.contains(rule));
    let unruled: Vec<String> = unruled.map(|(rule, orders)| format!("{} ({orders}×)", shown(rule))).collect();
    let unmapped: Vec<String> =
        config.tender.iter().filter(|rule| !mappings.contains_key(&tender_key(rule))).map(shown).collect();
    let mut findings = Vec::new();
    if !unruled.is_empty() {
        findings.push(Finding::warning(
            TENDER,
            format!("Recent orders carry what looks like a gift card or store credit: {}.", named(unruled)),
            "If it pays a part of the order, add a tender rule for it to the store's document; if it is a \
             discount, nothing.",
        ));
    }
    if !unmapped.is_empty() {
        findings.push(Finding::fault(
            TENDER,
            format!("No mapping says how the tender {} is booked.", named(unmapped)),
            "Add payment mappings tender:KIND → a journal of the ERP, or an empty list.",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(
            TENDER,
            "Every gift card and credit that was seen has a rule and a mapping.",
        ));
    }
    findings
}

fn refunds(mappings: &Mappings) -> Finding {
    if mappings.get(&refund_key()).is_some_and(|codes| !codes.is_empty()) {
        return Finding::good(REFUNDS, "Money given back without goods has an item.");
    }
    Finding::warning(
        REFUNDS,
        "No mapping names an item for money that is given back without goods.",
        "Add the fee mapping `refund` → a service of the ERP; until then such refunds wait for people.",
    )
}
