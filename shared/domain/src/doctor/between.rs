//! What has to fit between a shop and its ERPs.

use std::collections::BTreeSet;

use super::finding::{Finding, named, verdict_on};
use super::{ErpFacts, Fact, ShopFacts};
use crate::config::{ErpConfig, ErpKind, StoreConfig};
use crate::id::Sku;
use crate::mapping::{MappingKind, Mappings};
use crate::money::Currency;

const ITEMS: &str = "items_in_erp";
const ENTITIES: &str = "entities";
const SECRET: &str = "webhook_secret";
const TIMES: &str = "longest_request";

/// One exchange with a shop takes so long at most, in seconds.
const SHOP_TIMEOUT_S: u32 = 20;

/// Whether anybody could guess the webhook secret.
pub(super) fn webhook_secret(strong: &Fact<bool>) -> Finding {
    let todo = "Put a webhook_secret of at least 32 letters and digits (A-Z, a-z, 0-9) into the store's secret: \
                `openssl rand -hex 24` makes one. Other characters are changed by WooCommerce before it signs.";
    match strong {
        Ok(true) => Finding::good(SECRET, "The webhook secret has at least 32 letters and digits."),
        Ok(false) => {
            Finding::fault(SECRET, "The webhook secret is short, or not only letters and digits.", todo)
        }
        Err(why) => Finding::unread(SECRET, "The webhook secret", why, todo),
    }
}

/// Whether every order that was seen belongs to somebody.
pub(super) fn entities(config: &StoreConfig, facts: &ShopFacts) -> Vec<Finding> {
    let orders = facts.orders.as_ref().map_or(&[][..], |recent| &recent.orders);
    let strays: BTreeSet<String> = orders
        .iter()
        .filter(|order| config.entity(order).is_none())
        .map(|order| format!("{} to {}", order.currency, country(&order.destination().country)))
        .collect();
    let shop = facts.currency.as_ref().ok().copied().flatten();
    let is_covered = |currency: &Currency| {
        let mut rules = config
            .entities
            .iter()
            .filter_map(|rule| rule.currencies.as_ref().map(|all| all.contains(currency)));
        let has_open_rule = config.entities.iter().any(|rule| rule.currencies.is_none());
        has_open_rule || rules.any(|covers| covers)
    };
    let todo = "Add a rule to `entities` of the store's document, or one without conditions as the last.";
    let mut findings = Vec::new();
    if let Some(currency) = shop.filter(|currency| !is_covered(currency)) {
        let what = format!("No entity rule takes the shop's currency {currency}.");
        findings.push(Finding::fault(ENTITIES, what, todo));
    }
    if !strays.is_empty() {
        let what = format!("No entity rule takes some of the last orders: {}.", named(strays));
        findings.push(Finding::fault(ENTITIES, what, todo));
    }
    if findings.is_empty() {
        let what = format!("Every order that was seen ({}) has an entity that books it.", orders.len());
        findings.push(Finding::good(ENTITIES, what));
    }
    findings
}

fn country(code: &str) -> &str {
    if code.is_empty() { "no country" } else { code }
}

/// Whether the ERP's books and the shop's prices are in one currency.
pub(super) fn currency(erp: &ErpConfig, facts: &ErpFacts, shop: &Fact<Option<Currency>>) -> Finding {
    const CHECK: &str = "currencies";
    let name = &erp.erp;
    let todo = "See that the ERP has the shop's currency with a rate, and that the entity rules mean it.";
    match (&facts.currency, shop) {
        (Ok(books), Ok(Some(prices))) if books == prices => {
            Finding::good(CHECK, format!("The shop and {name} both use {books}."))
        }
        (Ok(books), Ok(Some(prices))) => {
            let what = format!("The shop's prices are in {prices}, the books of {name} in {books}.");
            Finding::warning(CHECK, what, todo)
        }
        (Err(why), _) => Finding::unread(CHECK, &format!("The currency of {name}"), why, todo),
        (Ok(_), Err(why)) => Finding::unread(CHECK, "The shop's currency", why, todo),
        (Ok(_), Ok(None)) => {
            let what = "The shop's currency has no minor unit by ISO 4217.";
            Finding::fault(CHECK, what, "Choose another currency in Settings → General.")
        }
    }
}

/// Whether an ERP's document serves this store, and has what mappings name.
pub(super) fn codes(config: &StoreConfig, erp: &ErpConfig, mappings: &Mappings) -> Vec<Finding> {
    const CHECK: &str = "mapped_codes";
    let ErpKind::Tryton(tryton) = &erp.kind;
    let name = &erp.erp;
    let mut findings = Vec::new();
    if !tryton.web_shops.contains_key(&config.store) {
        let what = format!("erps/{name}.json names no web shop for this store.");
        findings.push(Finding::fault(CHECK, what, "Make a web.shop in Tryton and add its id to web_shops."));
    }
    let named_by = |kind: MappingKind| -> BTreeSet<&String> {
        mappings.iter().filter(|(key, _)| key.kind == kind).flat_map(|(_, codes)| codes).collect()
    };
    for (kind, known, field) in
        [(MappingKind::Tax, &tryton.taxes, "taxes"), (MappingKind::Payment, &tryton.journals, "journals")]
    {
        let unknown: Vec<&String> =
            named_by(kind).into_iter().filter(|code| !known.contains_key(*code)).collect();
        if !unknown.is_empty() {
            findings.push(Finding::fault(
                CHECK,
                format!(
                    "{} mappings name {}, which {field} of erps/{name}.json does not have.",
                    kind.as_str(),
                    named(unknown)
                ),
                format!("Add the code to {field}, or correct the mapping."),
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good(CHECK, format!("{name} has every tax and journal that mappings name.")));
    }
    findings
}

/// `codes` were asked for, `known` the ERP has.
pub(super) fn items(erp: &ErpConfig, codes: &BTreeSet<Sku>, known: &Fact<BTreeSet<Sku>>) -> Finding {
    let name = &erp.erp;
    if codes.is_empty() {
        return Finding::warning(
            ITEMS,
            "There is no item to ask the ERP for.",
            "Run the doctor again later.",
        );
    }
    let todo = "Make the items in the ERP (active, and for sale), correct the SKUs, or add item mappings.";
    match known {
        Err(why) => Finding::unread(ITEMS, &format!("Whether {name} has the shop's items"), why, todo),
        Ok(known) => {
            let unknown: Vec<&Sku> = codes.difference(known).collect();
            let asked = codes.len();
            if unknown.is_empty() {
                return Finding::good(ITEMS, format!("{name} has all {asked} items that were asked for."));
            }
            let verdict = verdict_on(unknown.len(), asked);
            let count = unknown.len();
            let shown = named(unknown.iter().map(|sku| &sku.0));
            Finding::new(ITEMS, verdict, format!("{name} lacks {count} of {asked} items: {shown}."), todo)
        }
    }
}

/// Late commits are looked for only so long.
pub(super) fn times(config: &StoreConfig, erp: &ErpConfig) -> Finding {
    let name = &erp.erp;
    let (longest, timeout) = (erp.longest_request_s, erp.timeout_s);
    if longest < timeout {
        let what = format!("{name}: longest_request_s is {longest}, less than timeout_s ({timeout}).");
        return Finding::fault(
            TIMES,
            what,
            "Set it to the ERP's own limit for a request, at least timeout_s.",
        );
    }
    if longest == timeout {
        let what = format!("{name}: longest_request_s is no more than timeout_s ({timeout} s).");
        let todo = "Set it to the ERP's own limit for a request: what commits later is looked for too early.";
        return Finding::warning(TIMES, what, todo);
    }
    let stock = config.stock.as_ref().map(|stock| ("stock", stock.longest_request_s));
    let told = config.fulfilment.as_ref().map(|told| ("fulfilment", told.longest_request_s));
    let short = stock.into_iter().chain(told).find(|(_, seconds)| *seconds < SHOP_TIMEOUT_S);
    if let Some((field, seconds)) = short {
        let what = format!(
            "{field}.longest_request_s is {seconds}; a request to the shop may take {SHOP_TIMEOUT_S}."
        );
        return Finding::warning(TIMES, what, "Set it to PHP's max_execution_time of the shop, or 60.");
    }
    Finding::good(TIMES, format!("{name} is waited for {timeout} s, and looked into for {longest} s."))
}
