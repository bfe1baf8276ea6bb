//! Whose feeds are followed: every ERP in which a usable store books that is
//! told of parcels and returns.

use std::collections::BTreeMap;

use weir_domain::id::{ErpId, StoreId};
use weir_runtime::config::Configuration;

/// One ERP's feed of orders.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) erp: ErpId,
    /// Whose orders are looked at, by name.
    pub(crate) stores: Vec<StoreId>,
}

/// Every feed that a usable store's document asks for.
pub(crate) fn feeds(configuration: &Configuration) -> Vec<Feed> {
    let mut stores: BTreeMap<&ErpId, Vec<&StoreId>> = BTreeMap::new();
    for store in configuration.usable_stores().filter(|store| store.fulfilment.is_some()) {
        for rule in &store.entities {
            stores.entry(&rule.erp).or_default().push(&store.store);
        }
    }
    // What a store that is switched off wants is not known. A feed says things
    // once, so its orders are sent too: they wait in the ledger.
    let disabled: Vec<&StoreId> =
        configuration.stores.iter().filter_map(|(name, store)| store.is_err().then_some(name)).collect();
    let feed = |(erp, told): (&ErpId, Vec<&StoreId>)| {
        let mut stores: Vec<StoreId> = told.into_iter().chain(disabled.iter().copied()).cloned().collect();
        stores.sort();
        stores.dedup();
        Feed { erp: erp.clone(), stores }
    };
    stores.into_iter().map(feed).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use weir_domain::config::{FulfilmentConfig, StoreConfig};
    use weir_runtime::config::Disabled;
    use weir_testkit::sample;

    use super::*;

    /// A store that books in these ERPs and is told of parcels.
    pub(crate) fn store(name: &str, erps: &[&str]) -> StoreConfig {
        let mut store = sample::store_config(name, "books");
        let rule = store.entities.remove(0);
        for erp in erps {
            store
                .entities
                .push(weir_domain::config::EntityRule { erp: erp.parse().unwrap(), ..rule.clone() });
        }
        store.fulfilment = Some(FulfilmentConfig::default());
        store
    }

    pub(crate) fn configuration(stores: impl IntoIterator<Item = StoreConfig>) -> Configuration {
        let stores = stores.into_iter().map(|store| (store.store.clone(), Ok(Arc::new(store))));
        Configuration { stores: stores.collect(), ..Configuration::default() }
    }

    fn shown(configuration: &Configuration) -> Vec<String> {
        let shown = |feed: &Feed| {
            let names: Vec<&str> = feed.stores.iter().map(StoreId::as_str).collect();
            format!("{}: {}", feed.erp, names.join(" "))
        };
        feeds(configuration).iter().map(shown).collect()
    }

    #[test]
    fn a_feed_is_followed_for_the_stores_that_are_told() {
        let mut silent = store("silent", &["books", "ledgers"]);
        silent.fulfilment = None;
        let stores = [store("main", &["books"]), store("second", &["books", "own", "own"]), silent];
        assert_eq!(shown(&configuration(stores)), ["books: main second", "own: second"]);
        assert_eq!(shown(&Configuration::default()), [""; 0]);
    }

    #[test]
    fn what_is_said_of_a_store_that_is_switched_off_is_kept() {
        let mut configuration = configuration([store("main", &["books"])]);
        configuration.stores.insert("off".parse().unwrap(), Err(Disabled(Vec::new())));
        assert_eq!(shown(&configuration), ["books: main off"]);
        configuration.stores.remove(&"main".parse().unwrap());
        assert_eq!(shown(&configuration), [""; 0], "nobody is told: the feed is read later");
    }
}
