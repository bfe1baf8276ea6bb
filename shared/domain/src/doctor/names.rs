//! The shop's names for ways to pay, to ship and to tax, and the mappings.

use std::collections::BTreeSet;

use super::finding::{Finding, named};
use super::{Fact, Gateway, Sample, ShippingMethod, TaxRate};
use crate::config::{StoreConfig, TenderRule};
use crate::import::Effect;
use crate::mapping::{MappingKey, MappingKind, Mappings};

const PAYMENT: &str = "payment_gateways";
const SHIPPING: &str = "shipping_methods";
const TAX: &str = "tax_rates";

fn payment_key(method: &str) -> MappingKey {
    MappingKey::new(MappingKind::Payment, method)
}

/// What pays in place of money, as mappings call it.
pub(super) fn tender_key(rule: &TenderRule) -> MappingKey {
    let kind = match rule {
        TenderRule::Field { name } => format!("field:{name}"),
        TenderRule::Metadata { key } => format!("metadata:{key}"),
        TenderRule::Fee { name } => format!("fee:{name}"),
    };
    MappingKey::new(MappingKind::Payment, format!("tender:{kind}"))
}

/// Money that was given back without goods.
pub(super) fn refund_key() -> MappingKey {
    MappingKey::new(MappingKind::Fee, "refund")
}

/// Most specific first.
fn shipping_keys(method: &ShippingMethod) -> [MappingKey; 2] {
    let exact = format!("{}:{}", method.method, method.instance);
    [exact, method.method.clone()].map(|name| MappingKey::new(MappingKind::Shipping, name))
}

/// Alone on a line.
fn rate_key(rate: &TaxRate) -> MappingKey {
    let mark = if rate.compound { "c" } else { "" };
    MappingKey::new(MappingKind::Tax, format!("rates:{}{mark}", rate.id))
}

/// Every mapping that these facts call for.
pub(super) fn keys(
    config: &StoreConfig,
    gateways: &Fact<Vec<Gateway>>,
    shipping: &Fact<Vec<ShippingMethod>>,
    rates: &Fact<Sample<TaxRate>>,
) -> Vec<MappingKey> {
    let gateways = gateways.iter().flatten().map(|gateway| payment_key(&gateway.id));
    let shipping = shipping.iter().flatten().flat_map(shipping_keys);
    let rates = rates.iter().flat_map(|sample| &sample.seen).map(rate_key);
    let tender = config.tender.iter().map(tender_key);
    gateways.chain(shipping).chain(rates).chain(tender).chain([refund_key()]).collect()
}

fn is_imported(config: &StoreConfig, method: &str) -> bool {
    let methods = &config.import.methods;
    let rules = methods.get(method).or_else(|| methods.get("default"));
    rules.is_some_and(|rules| rules.values().any(|effect| *effect != Effect::Never))
}

pub(super) fn payments(
    config: &StoreConfig,
    gateways: &Fact<Vec<Gateway>>,
    mappings: &Mappings,
) -> Vec<Finding> {
    let gateways = match gateways {
        Ok(gateways) => gateways,
        Err(why) => {
            let todo = "Compare Settings → Payments with the payment mappings by hand.";
            return vec![Finding::unread(PAYMENT, "The ways to pay", why, todo)];
        }
    };
    let enabled: BTreeSet<&str> =
        gateways.iter().filter(|gateway| gateway.enabled).map(|gateway| gateway.id.as_str()).collect();
    if enabled.is_empty() {
        let todo = "Switch one on in Settings → Payments before you go live.";
        return vec![Finding::warning(PAYMENT, "No way to pay is switched on.", todo)];
    }
    let (imported, ignored): (Vec<&str>, Vec<&str>) =
        enabled.into_iter().partition(|method| is_imported(config, method));
    let unmapped: Vec<&str> =
        imported.iter().copied().filter(|method| !mappings.contains_key(&payment_key(method))).collect();
    let mut findings = Vec::new();
    if !ignored.is_empty() {
        findings.push(Finding::warning(
            PAYMENT,
            format!("Orders paid by {} are never imported.", named(&ignored)),
            "If that is not meant, add import.methods for them, or a default.",
        ));
    }
    if !unmapped.is_empty() {
        findings.push(Finding::fault(
            PAYMENT,
            format!("No mapping says how payments by {} are booked.", named(&unmapped)),
            "Add payment mappings: the method's name → a journal of the ERP, or an empty list where others \
             book them.",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(PAYMENT, format!("Each way to pay is mapped: {}.", named(&imported))));
    }
    findings
}

pub(super) fn shipping(methods: &Fact<Vec<ShippingMethod>>, mappings: &Mappings) -> Finding {
    let methods = match methods {
        Ok(methods) => methods,
        Err(why) => {
            let todo = "Compare Settings → Shipping with the shipping mappings by hand.";
            return Finding::unread(SHIPPING, "The ways to ship", why, todo);
        }
    };
    let enabled: Vec<&ShippingMethod> = methods.iter().filter(|method| method.enabled).collect();
    if enabled.is_empty() {
        let todo = "Add one in Settings → Shipping, unless nothing is shipped.";
        return Finding::warning(SHIPPING, "No way to ship is switched on.", todo);
    }
    let is_mapped = |method: &&ShippingMethod| {
        shipping_keys(method).iter().any(|key| mappings.get(key).is_some_and(|codes| !codes.is_empty()))
    };
    let unmapped: Vec<String> = enabled
        .iter()
        .filter(|method| !is_mapped(method))
        .map(|method| format!("{}:{} ({})", method.method, method.instance, method.zone))
        .collect();
    if unmapped.is_empty() {
        return Finding::good(SHIPPING, format!("Each of the {} ways to ship is mapped.", enabled.len()));
    }
    Finding::fault(
        SHIPPING,
        format!("No mapping names the ERP's item for {}.", named(unmapped)),
        "Add shipping mappings: method_id:instance_id, or the method_id for all of its instances → an item \
         of the ERP.",
    )
}

/// `together` are the mapped sets of rates that recent orders showed.
pub(super) fn taxes(rates: &Fact<Sample<TaxRate>>, mappings: &Mappings, together: &BTreeSet<u64>) -> Finding {
    let todo = "Add tax mappings: rates:ID, or rates:ID+ID for rates that are charged together → taxes of \
                the ERP.";
    let sample = match rates {
        Ok(sample) => sample,
        Err(why) => {
            let todo = "Compare Settings → Tax with the tax mappings by hand.";
            return Finding::unread(TAX, "The tax rates", why, todo);
        }
    };
    if sample.seen.is_empty() {
        let todo = "Nothing, if the shop charges no tax; orders without tax rows need mappings none:COUNTRY.";
        return Finding::warning(TAX, "The shop has no tax rates.", todo);
    }
    let is_mapped = |rate: &&TaxRate| together.contains(&rate.id) || mappings.contains_key(&rate_key(rate));
    let unmapped: Vec<&TaxRate> = sample.seen.iter().filter(|rate| !is_mapped(rate)).collect();
    let looked = looked_at(sample);
    if unmapped.is_empty() {
        return Finding::good(TAX, format!("Each tax rate is mapped ({looked})."));
    }
    let shown = unmapped.iter().map(|rate| format!("{} ({} {})", rate.id, rate.country, rate.class));
    let what = format!("No mapping names the rate {} ({looked}).", named(shown));
    if unmapped.len() == sample.seen.len() {
        Finding::fault(TAX, what, todo)
    } else {
        Finding::warning(TAX, format!("{what} An order with it will wait for people."), todo)
    }
}

/// How much of a listing was looked at.
pub(super) fn looked_at<T>(sample: &Sample<T>) -> String {
    let seen = sample.seen.len();
    match sample.of {
        Some(of) if of > seen as u64 => format!("looked at {seen} of {of}"),
        _ => format!("looked at all {seen}"),
    }
}
