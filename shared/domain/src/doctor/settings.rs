//! What the shop is set to.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::finding::{Finding, named};
use super::{Fact, ParcelInterface, ShopFacts};
use crate::config::StoreConfig;
use crate::order::OrderStatus;

/// The version that Weir's recordings were made with.
const TRIED: (u64, u64) = (8, 2);
/// The first one whose orders can be asked for by their date of change.
const NEEDED: (u64, u64) = (5, 8);

/// Clocks are compared to the second, and an answer takes a while.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(10);
/// Beyond this, dates of the shop mislead.
const ODD_TIME: SignedDuration = SignedDuration::from_mins(5);

/// How a clock stands to ours.
pub(super) fn clock(check: &'static str, whose: &str, ahead: &Fact<SignedDuration>) -> Finding {
    let todo = "Set that server's clock by NTP.";
    let ahead = match ahead {
        Ok(ahead) => ahead,
        Err(why) => return Finding::unread(check, &format!("{whose} clock"), why, todo),
    };
    let seconds = ahead.as_secs();
    let direction = if seconds < 0 { "behind" } else { "ahead of" };
    let what = format!("{whose} clock is {} s {direction} ours.", seconds.unsigned_abs());
    match ahead.unsigned_abs() {
        off if off <= SAME_TIME.unsigned_abs() => {
            Finding::good(check, format!("{whose} clock agrees with ours."))
        }
        off if off <= ODD_TIME.unsigned_abs() => Finding::warning(check, what, todo),
        _ => Finding::fault(check, what, todo),
    }
}

pub(super) fn version(version: &Fact<String>) -> Finding {
    const CHECK: &str = "woocommerce_version";
    let todo = "Update WooCommerce.";
    let version = match version {
        Ok(version) => version,
        Err(why) => return Finding::unread(CHECK, "WooCommerce's version", why, "Look it up by hand."),
    };
    let mut numbers = version.split('.').map(|part| part.parse::<u64>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return Finding::warning(CHECK, "WooCommerce's version is no number.", "Look it up by hand.");
    };
    let (tried, needed) = (format!("{}.{}", TRIED.0, TRIED.1), format!("{}.{}", NEEDED.0, NEEDED.1));
    if (major, minor) >= TRIED {
        Finding::good(CHECK, format!("WooCommerce {major}.{minor}."))
    } else if (major, minor) >= NEEDED {
        let what = format!("WooCommerce {major}.{minor} is older than {tried}, with which Weir was tried.");
        Finding::warning(CHECK, what, todo)
    } else {
        let what =
            format!("WooCommerce {major}.{minor} is older than {needed}: lost orders cannot be found.");
        Finding::fault(CHECK, what, todo)
    }
}

pub(super) fn order_tables(on: &Fact<bool>) -> Finding {
    const CHECK: &str = "order_tables";
    match on {
        Ok(true) => Finding::good(CHECK, "Orders live in their own tables (HPOS)."),
        Ok(false) => Finding::warning(
            CHECK,
            "Orders live among the posts (HPOS is off). Weir works with both.",
            "WooCommerce → Settings → Advanced → Features: switch to order tables when your plugins allow it.",
        ),
        Err(why) => Finding::unread(CHECK, "Where orders live (HPOS)", why, "Nothing: Weir works with both."),
    }
}

pub(super) fn currency(facts: &ShopFacts) -> Finding {
    const CHECK: &str = "currency";
    let by_hand = "Compare Settings → General → Currency with the ERP's by hand.";
    let currency = match &facts.currency {
        Ok(Some(currency)) => *currency,
        Ok(None) => {
            let what = "The shop's currency has no minor unit by ISO 4217; its orders cannot be booked.";
            return Finding::fault(CHECK, what, "Choose another currency in Settings → General.");
        }
        Err(why) => return Finding::unread(CHECK, "The shop's currency", why, by_hand),
    };
    match &facts.decimals {
        Ok(decimals) if *decimals == currency.scale() => {
            Finding::good(CHECK, format!("Prices are in {currency} with {decimals} decimals."))
        }
        Ok(decimals) => Finding::warning(
            CHECK,
            format!("Prices are in {currency} with {decimals} decimals; it has {}.", currency.scale()),
            "Set the number of decimals in Settings → General to the currency's: otherwise sums differ from \
             the ERP's by rounding, and beyond `rounding_cap` orders wait for people.",
        ),
        Err(why) => Finding::unread(CHECK, "The number of decimals", why, by_hand),
    }
}

pub(super) fn prices(include_tax: &Fact<bool>) -> Finding {
    const CHECK: &str = "prices_with_tax";
    match include_tax {
        Ok(true) => Finding::good(CHECK, "Prices are typed with tax; orders carry nets and taxes of lines."),
        Ok(false) => Finding::good(CHECK, "Prices are typed without tax."),
        Err(why) => {
            let todo = "Nothing for orders, whose lines are net either way.";
            Finding::unread(CHECK, "Whether prices are typed with tax", why, todo)
        }
    }
}

/// Statuses that the configuration names.
pub(super) fn statuses(config: &StoreConfig, known: &Fact<BTreeSet<OrderStatus>>) -> Finding {
    const CHECK: &str = "order_statuses";
    let imported = config.import.methods.values().flat_map(|rules| rules.keys().cloned());
    let told = config.fulfilment.iter().flat_map(|told| {
        let named = std::iter::once(told.shipped_status()).chain(told.part_shipped_status());
        named.chain(told.complete_from.iter().cloned())
    });
    let custom: BTreeSet<OrderStatus> =
        imported.chain(told).filter(|status| matches!(status, OrderStatus::Custom(_))).collect();
    if custom.is_empty() {
        return Finding::good(CHECK, "The configuration names none but WooCommerce's own statuses.");
    }
    let named_ones = named(&custom);
    match known {
        Err(why) => Finding::unread(
            CHECK,
            &format!("The shop's statuses (the configuration names {named_ones})"),
            why,
            "Look in the list of orders that each of them can be chosen.",
        ),
        Ok(known) => {
            let missing: Vec<&OrderStatus> = custom.difference(known).collect();
            if missing.is_empty() {
                return Finding::good(
                    CHECK,
                    format!("The shop has every status that is named: {named_ones}."),
                );
            }
            let what = format!("The shop has no status {}, which the configuration names.", named(missing));
            Finding::fault(CHECK, what, "Correct the word, or activate the plugin that brings the status.")
        }
    }
}

pub(super) fn parcels(config: &StoreConfig, interface: &Fact<ParcelInterface>) -> Finding {
    const CHECK: &str = "parcels";
    if config.fulfilment.is_none() {
        return Finding::good(CHECK, "The store is told nothing of parcels.");
    }
    let by = match interface {
        Ok(ParcelInterface::Fulfilments) => "WooCommerce's own fulfilments",
        Ok(ParcelInterface::ShipmentTracking) => "the extension Shipment Tracking",
        Ok(ParcelInterface::Ast) => "Advanced Shipment Tracking",
        Ok(ParcelInterface::NotesOnly) => {
            let what = "The shop has no interface for parcels: they become metadata and a note of the order.";
            let todo = "Nothing, if notes are enough; otherwise install Shipment Tracking, or switch \
                        WooCommerce's order fulfilments on.";
            return Finding::warning(CHECK, what, todo);
        }
        Err(why) => {
            let todo = "Place a first order: the interface is asked for with an order's id.";
            return Finding::unread(CHECK, "By what parcels can be shown", why, todo);
        }
    };
    Finding::good(CHECK, format!("Parcels are shown by {by}."))
}
