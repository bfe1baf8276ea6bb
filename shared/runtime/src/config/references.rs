//! What documents say about each other: a store that needs a wrong or absent
//! document is disabled, and only that store; where two contradict each other,
//! both are.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::config::{ErpConfig, ErpKind, StoreConfig};
use weir_domain::id::{EntityId, ErpId, StoreId};
use weir_domain::mapping::Mappings;

use super::documents::ById;
use super::{Configuration, Disabled, Problem};

/// Puts the documents together.
pub(super) fn join(
    stores: ById<StoreId, StoreConfig>,
    erps: ById<ErpId, ErpConfig>,
    seeds: ById<StoreId, Mappings>,
    mut problems: Vec<Problem>,
) -> Configuration {
    problems.extend(homeless(&seeds, &stores));
    let torn = torn_pools(&stores);
    let mut joined = Configuration::default();
    for (id, store) in stores {
        let store = match store {
            Err(own) => Err(Disabled(vec![own])),
            Ok(store) => {
                let mut broken = broken_references(&store, &erps);
                broken.extend(unknown_locations(&store, &erps));
                broken.extend(torn.get(&id).cloned());
                problems.extend(broken.iter().cloned());
                let seed = seeds.get(&id).and_then(|seed| seed.as_ref().err().cloned());
                let reasons: Vec<Problem> = broken.into_iter().chain(seed).collect();
                if reasons.is_empty() { Ok(Arc::new(store)) } else { Err(Disabled(reasons)) }
            }
        };
        joined.stores.insert(id, store);
    }
    if joined.stores.is_empty() && problems.is_empty() {
        problems.push(Problem {
            document: "stores/".into(),
            field: String::new(),
            problem: "there is no store".into(),
        });
    }
    joined.erps = usable(erps);
    joined.seeds = usable(seeds);
    problems.sort();
    joined.problems = problems;
    joined
}

fn usable<I: Ord, T>(documents: ById<I, T>) -> BTreeMap<I, T> {
    documents.into_iter().filter_map(|(id, value)| Some((id, value.ok()?))).collect()
}

/// Mappings of a store that does not exist: most likely a misspelt name.
fn homeless(seeds: &ById<StoreId, Mappings>, stores: &ById<StoreId, StoreConfig>) -> Vec<Problem> {
    let orphans = seeds.keys().filter(|store| !stores.contains_key(store));
    let problem = |store: &StoreId| Problem {
        document: format!("mappings/{store}.json"),
        field: "store".into(),
        problem: format!("there is no stores/{store}.json"),
    };
    orphans.map(problem).collect()
}

fn broken_references(store: &StoreConfig, erps: &ById<ErpId, ErpConfig>) -> Vec<Problem> {
    let check = |(index, rule): (usize, &weir_domain::config::EntityRule)| {
        let erp = &rule.erp;
        let problem = match erps.get(erp) {
            None => format!("there is no erps/{erp}.json"),
            Some(Err(_)) => format!("erps/{erp}.json is wrong"),
            Some(Ok(config)) if !serves(config, &store.store) => {
                format!(
                    "erps/{erp}.json does not say which web shop {:?} is: add it to web_shops",
                    store.store.as_str()
                )
            }
            Some(Ok(_)) => return None,
        };
        Some(Problem {
            document: format!("stores/{}.json", store.store),
            field: format!("entities[{index}].erp"),
            problem,
        })
    };
    store.entities.iter().enumerate().filter_map(check).collect()
}

/// A store sells from locations that its ERP's document describes. Several
/// stores may sell from the same ones.
fn unknown_locations(store: &StoreConfig, erps: &ById<ErpId, ErpConfig>) -> Option<Problem> {
    let (stock, erp) = (store.stock.as_ref()?, store.stock_erp()?);
    // One that is wrong or absent was named already.
    let known = erps.get(erp)?.as_ref().ok()?.locations();
    let unknown = stock.locations.iter().filter(|location| !known.contains_key(location));
    let unknown: Vec<String> = unknown.map(|location| format!("{:?}", location.as_str())).collect();
    (!unknown.is_empty()).then(|| Problem {
        document: format!("stores/{}.json", store.store),
        field: "stock.locations".into(),
        problem: format!("erps/{erp}.json does not describe {}: add it to locations", unknown.join(", ")),
    })
}

/// Positions, in-flight lines and publications are kept by entity: one whose
/// stock stores read from different ERPs would be two pools in one place, and
/// each would sell what is the other's. Nobody can tell which store is right,
/// so that none of them works.
fn torn_pools(stores: &ById<StoreId, StoreConfig>) -> BTreeMap<StoreId, Problem> {
    let mut sold: BTreeMap<&EntityId, Vec<(&StoreConfig, &ErpId)>> = BTreeMap::new();
    for store in stores.values().flatten() {
        if let (Some(stock), Some(erp)) = (&store.stock, store.stock_erp()) {
            sold.entry(&stock.entity).or_default().push((store, erp));
        }
    }
    let mut torn = BTreeMap::new();
    for (entity, sellers) in &sold {
        for (store, erp) in sellers {
            let Some((other, its_erp)) = sellers.iter().find(|(_, its_erp)| its_erp != erp) else { continue };
            let other = &other.store;
            let problem = format!(
                "the stock of {entity} is in {erp} here and in {its_erp} in stores/{other}.json: \
                 an entity's stock is in one ERP"
            );
            let document = format!("stores/{}.json", store.store);
            torn.insert(store.store.clone(), Problem { document, field: "stock.entity".into(), problem });
        }
    }
    torn
}

/// Whether the ERP's document knows the store, where its adapter has to.
fn serves(erp: &ErpConfig, store: &StoreId) -> bool {
    match &erp.kind {
        ErpKind::Tryton(tryton) => tryton.web_shops.contains_key(store),
    }
}
