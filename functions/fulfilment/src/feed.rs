//! Whose feeds are followed: every ERP's, for all stores that are told of
//! parcels and returns.

use std::sync::Arc;

use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, StoreId};
use weir_runtime::config::{Configuration, Disabled};

/// One ERP's feed of orders.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) erp: ErpId,
    /// Whose orders are looked at, by name.
    pub(crate) stores: Vec<StoreId>,
}

/// The feed of every ERP, once a usable store's document asks for one. Where a
/// store books today says nothing of its older orders: each knows the ERP it
/// was booked in.
pub(crate) fn feeds(configuration: &Configuration) -> Vec<Feed> {
    if !configuration.usable_stores().any(|store| store.fulfilment.is_some()) {
        return Vec::new();
    }
    // What a store that is switched off wants is not known. Its orders are sent
    // too: they wait in the ledger.
    let is_told = |store: &Result<Arc<StoreConfig>, Disabled>| {
        store.as_ref().map_or(true, |store| store.fulfilment.is_some())
    };
    let told = configuration.stores.iter().filter(|(_, store)| is_told(store));
    let stores: Vec<StoreId> = told.map(|(name, _)| name.clone()).collect();
    configuration.erps.keys().map(|erp| Feed { erp: erp.clone(), stores: stores.clone() }).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use weir_domain::config::{ErpConfig, FulfilmentConfig};
    use weir_testkit::sample;

    use super::*;

    /// A store that books in this ERP and is told of parcels.
    pub(crate) fn store(name: &str, erp: &str) -> StoreConfig {
        StoreConfig { fulfilment: Some(FulfilmentConfig::default()), ..sample::store_config(name, erp) }
    }

    fn erp(name: &str) -> ErpConfig {
        serde_json::from_value(json!({
            "erp": name, "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
            "database": "d", "company": 1, "warehouse": 1, "web_shops": {}, "taxes": {},
            "rounding": {"item": "R", "tax_unit": {}},
        }))
        .unwrap()
    }

    pub(crate) fn configuration(
        erps: &[&str],
        stores: impl IntoIterator<Item = StoreConfig>,
    ) -> Configuration {
        let stores = stores.into_iter().map(|store| (store.store.clone(), Ok(Arc::new(store))));
        let erps = erps.iter().map(|name| (name.parse().unwrap(), erp(name)));
        Configuration { stores: stores.collect(), erps: erps.collect(), ..Configuration::default() }
    }

    fn shown(configuration: &Configuration) -> Vec<String> {
        let shown = |feed: &Feed| {
            let names: Vec<&str> = feed.stores.iter().map(StoreId::as_str).collect();
            format!("{}: {}", feed.erp, names.join(" "))
        };
        feeds(configuration).iter().map(shown).collect()
    }

    #[test]
    fn every_feed_is_followed_for_the_stores_that_are_told_wherever_they_book_today() {
        let silent = StoreConfig { fulfilment: None, ..store("silent", "ledgers") };
        let stores = [store("main", "books"), store("second", "own"), silent.clone()];
        let erps = ["books", "ledgers", "own"];
        let all = ["books: main second", "ledgers: main second", "own: main second"];
        assert_eq!(shown(&configuration(&erps, stores)), all);
        assert_eq!(shown(&configuration(&erps, [silent])), [""; 0]);
        assert_eq!(shown(&Configuration::default()), [""; 0]);
    }

    #[test]
    fn what_is_said_of_a_store_that_is_switched_off_is_kept() {
        let mut configuration = configuration(&["books"], [store("main", "books")]);
        configuration.stores.insert("off".parse().unwrap(), Err(Disabled(Vec::new())));
        assert_eq!(shown(&configuration), ["books: main off"]);
        configuration.stores.remove(&"main".parse().unwrap());
        assert_eq!(shown(&configuration), [""; 0], "nobody is told: the feed is read later");
    }
}
