//! Whose stock is followed: one pool for each legal entity that a usable store
//! sells from, in one ERP; the configuration refuses an entity in two.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use weir_domain::config::StoreConfig;
use weir_domain::id::{EntityId, ErpId, StoreId};
use weir_domain::mapping::{MappingKind, Mappings};
use weir_runtime::config::Configuration;

/// One entity's stock in one ERP.
pub(crate) struct Pool {
    pub(crate) entity: EntityId,
    pub(crate) erp: ErpId,
    /// Who sells from it, by name.
    pub(crate) stores: Vec<Arc<StoreConfig>>,
}

/// Every pool that a usable store's document names.
pub(crate) fn pools(configuration: &Configuration) -> Vec<Pool> {
    let mut stores: BTreeMap<(EntityId, ErpId), Vec<Arc<StoreConfig>>> = BTreeMap::new();
    for store in configuration.usable_stores() {
        if let (Some(stock), Some(erp)) = (&store.stock, store.stock_erp()) {
            stores.entry((stock.entity.clone(), erp.clone())).or_default().push(Arc::clone(store));
        }
    }
    stores.into_iter().map(|((entity, erp), stores)| Pool { entity, erp, stores }).collect()
}

impl Pool {
    /// What the configuration says that a published quantity depends on, as a
    /// hash: terms and items of the stores, and the ERP's locations. Another
    /// one means that everything is published again.
    pub(crate) fn fingerprint(&self, configuration: &Configuration) -> String {
        let store = |store: &Arc<StoreConfig>| {
            json!({
                "store": store.store,
                "stock": store.stock,
                "items": store.items,
                "seeds": item_seeds(configuration.seeds.get(&store.store)),
            })
        };
        let stores: Vec<Value> = self.stores.iter().map(store).collect();
        let erp = configuration.erps.get(&self.erp).and_then(|erp| serde_json::to_value(erp).ok());
        let locations = erp.and_then(|erp| erp.get("locations").cloned());
        let text = json!({ "stores": stores, "locations": locations }).to_string();
        let halves = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
    }

    /// Its stores' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &StoreId> {
        self.stores.iter().map(|store| &store.store)
    }
}

/// What the shop's products are in the ERP, as far as a document says so.
fn item_seeds(seeds: Option<&Mappings>) -> Vec<(&str, &Vec<String>)> {
    let items = seeds.into_iter().flatten().filter(|(key, _)| key.kind == MappingKind::Item);
    items.map(|(key, codes)| (key.name.as_str(), codes)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use weir_domain::config::ErpConfig;
    use weir_domain::mapping::MappingKey;
    use weir_runtime::config::Disabled;

    use super::*;

    pub(crate) fn erp(name: &str) -> ErpConfig {
        serde_json::from_value(json!({
            "erp": name, "kind": "tryton", "url": "https://erp.example.com/", "secret": format!("weir/erp/{name}"),
            "database": "weir", "company": 1, "warehouse": 2, "web_shops": {}, "taxes": {},
            "locations": {"hall": {"warehouse": 3}},
            "rounding": {"item": "ROUND", "tax_unit": {}},
        }))
        .unwrap()
    }

    /// A store that sells the stock of `entity`, in the ERP of `erp`.
    pub(crate) fn store(name: &str, entity: &str, erp: &str) -> StoreConfig {
        serde_json::from_value(json!({
            "store": name, "url": "https://shop.example.com/", "secret": format!("weir/store/{name}"),
            "entities": [{"entity": entity, "erp": erp}],
            "stock": {"entity": entity, "locations": ["hall"]},
        }))
        .unwrap()
    }

    pub(crate) fn configuration(stores: impl IntoIterator<Item = StoreConfig>) -> Configuration {
        let mut configuration = Configuration::default();
        for store in stores {
            let erp_id = store.entities[0].erp.clone();
            configuration.erps.insert(erp_id.clone(), erp(erp_id.as_str()));
            configuration.stores.insert(store.store.clone(), Ok(Arc::new(store)));
        }
        configuration
    }

    fn shown(configuration: &Configuration) -> Vec<String> {
        let shown = |pool: &Pool| {
            let names: Vec<&str> = pool.names().map(StoreId::as_str).collect();
            format!("{} in {}: {}", pool.entity, pool.erp, names.join(" "))
        };
        pools(configuration).iter().map(shown).collect()
    }

    #[test]
    fn stores_that_sell_the_same_stock_are_one_pool() {
        let mut own = store("own", "eu", "books");
        own.stock = None;
        let mut configuration = configuration([
            store("main", "eu", "books"),
            store("outlet", "eu", "books"),
            store("us", "us", "ledgers"),
            own,
        ]);
        configuration.stores.insert("wrong".parse().unwrap(), Err(Disabled(Vec::new())));
        assert_eq!(shown(&configuration), ["eu in books: main outlet", "us in ledgers: us"]);
    }

    #[test]
    fn the_fingerprint_is_that_of_what_quantities_depend_on() {
        let plain = || configuration([store("main", "eu", "books"), store("outlet", "eu", "books")]);
        let fingerprint = |configuration: &Configuration| pools(configuration)[0].fingerprint(configuration);
        let known = fingerprint(&plain());
        assert_eq!((known.len(), &fingerprint(&plain())), (64, &known));

        let changed = |change: &dyn Fn(&mut StoreConfig)| {
            let mut main = store("main", "eu", "books");
            change(&mut main);
            fingerprint(&configuration([main, store("outlet", "eu", "books")])) != known
        };
        assert!(changed(&|main| main.stock.as_mut().unwrap().safety = 1.into()));
        assert!(changed(&|main| main.items = weir_domain::config::ItemPolicy::MappedOnly));
        assert!(changed(&|main| main.stock = None), "another store less on the pool");
        assert!(!changed(&|main| main.poll.every_minutes = 9), "a poll is no reason to publish everything");

        let mut moved = plain();
        let weir_domain::config::ErpKind::Tryton(tryton) =
            &mut moved.erps.get_mut(&"books".parse().unwrap()).unwrap().kind;
        tryton.locations.values_mut().for_each(|location| location.warehouse = 4);
        assert_ne!(fingerprint(&moved), known);

        let mut mapped = plain();
        let seed = |kind| Mappings::from([(MappingKey::new(kind, "sku:A"), vec!["B".to_owned()])]);
        mapped.seeds.insert("main".parse().unwrap(), seed(MappingKind::Fee));
        assert_eq!(fingerprint(&mapped), known);
        mapped.seeds.insert("main".parse().unwrap(), seed(MappingKind::Item));
        assert_ne!(fingerprint(&mapped), known);
    }
}
