use super::finding::Finding;
use super::{Access, ShopFacts, access, catalogue, names, orders, settings, webhooks};
use crate::config::StoreConfig;
use crate::mapping::{MappingKey, Mappings};
use crate::outcome::CallError;

/// Every mapping that these facts call for.
pub(super) fn keys(config: &StoreConfig, facts: &ShopFacts) -> Vec<MappingKey> {
    let mut keys = names::keys(config, &facts.gateways, &facts.shipping, &facts.tax_rates);
    keys.extend(catalogue::keys(&facts.products));
    keys.extend(orders::keys(&facts.orders));
    keys.sort();
    keys.dedup();
    keys
}

/// What the shop's facts mean for a store. A shop that cannot be read has one
/// finding: the rest would only repeat it.
pub(super) fn shop(
    config: &StoreConfig,
    facts: &Result<ShopFacts, CallError>,
    mappings: &Mappings,
) -> Vec<Finding> {
    let facts = match facts {
        Ok(facts) => facts,
        Err(error) => return vec![access::unreachable(error)],
    };
    let mut findings = access::access(config, &facts.access);
    if facts.access != Access::Granted {
        return findings;
    }
    findings.extend([
        access::writing(config, &facts.may_write),
        settings::clock("clock", "The shop's", &facts.clock_ahead),
        settings::version(&facts.version),
        settings::order_tables(&facts.order_tables),
        settings::currency(facts),
        settings::prices(&facts.prices_include_tax),
        settings::statuses(config, &facts.statuses),
        settings::parcels(config, &facts.parcels),
        webhooks::webhooks(config, &facts.webhooks),
    ]);
    findings.extend(names::payments(config, &facts.gateways, mappings));
    findings.push(names::shipping(&facts.shipping, mappings));
    let together = orders::rates_mapped(&facts.orders, mappings);
    findings.push(names::taxes(&facts.tax_rates, mappings, &together));
    findings.extend(catalogue::catalogue(config, mappings, &facts.products));
    findings.extend(orders::orders(config, mappings, &facts.orders));
    findings
}
