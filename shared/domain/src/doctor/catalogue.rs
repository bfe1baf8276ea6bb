//! What the shop sells.

use std::collections::BTreeMap;

use super::finding::{Finding, named, verdict_on};
use super::names::looked_at;
use super::{CatalogueItem, Fact, Sample};
use crate::config::{ItemPolicy, StoreConfig};
use crate::id::Sku;
use crate::items;
use crate::mapping::{MappingKey, Mappings};
use crate::ports::Managed;

const NAMED: &str = "items_named";
const TWICE: &str = "skus_twice";
const MANAGED: &str = "stock_managed";

fn sku(item: &CatalogueItem) -> Option<&str> {
    Some(item.sku.as_str()).filter(|sku| !sku.is_empty())
}

/// Every mapping that these products may have.
pub(super) fn keys(products: &Fact<Sample<CatalogueItem>>) -> Vec<MappingKey> {
    let seen = products.iter().flat_map(|sample| &sample.seen);
    seen.flat_map(|item| items::candidates(item.id, sku(item))).collect()
}

/// The ERP's code of an item, as an order's line would get it.
pub(super) fn code(config: &StoreConfig, mappings: &Mappings, item: &CatalogueItem) -> Option<Sku> {
    items::item(config.items, mappings, item.id, sku(item))
}

pub(super) fn catalogue(
    config: &StoreConfig,
    mappings: &Mappings,
    products: &Fact<Sample<CatalogueItem>>,
) -> Vec<Finding> {
    match products {
        Ok(sample) if sample.seen.is_empty() => {
            vec![Finding::warning(NAMED, "The shop sells nothing yet.", "Run the doctor again when it does.")]
        }
        Ok(sample) => {
            vec![all_named(config, mappings, sample), once(config, sample), managed(config, sample)]
        }
        Err(why) => {
            let todo = "Look in the shop for products without SKU, or with one that another has.";
            vec![Finding::unread(NAMED, "The products", why, todo)]
        }
    }
}

/// Whether an order's line could be booked at all.
fn all_named(config: &StoreConfig, mappings: &Mappings, sample: &Sample<CatalogueItem>) -> Finding {
    let nameless: Vec<&CatalogueItem> =
        sample.seen.iter().filter(|item| code(config, mappings, item).is_none()).collect();
    let looked = looked_at(sample);
    if nameless.is_empty() {
        return Finding::good(NAMED, format!("Everything that is sold has a name in the ERP ({looked})."));
    }
    let (lacking, todo) = match config.items {
        ItemPolicy::SameSku => (
            "neither SKU nor mapping",
            "Give them the ERP's item codes as SKUs, or add item mappings id:ID. Orders with them wait for \
             people until then.",
        ),
        ItemPolicy::MappedOnly => {
            ("no mapping", "Add item mappings id:ID or sku:SKU. Orders with them wait for people until then.")
        }
    };
    let what = format!(
        "{} products have {lacking}: ids {} ({looked}).",
        nameless.len(),
        named(nameless.iter().map(|item| item.id))
    );
    Finding::new(NAMED, verdict_on(nameless.len(), sample.seen.len()), what, todo)
}

/// WooCommerce keeps SKUs unique; imports and plugins do not.
fn once(config: &StoreConfig, sample: &Sample<CatalogueItem>) -> Finding {
    let mut ids: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for item in &sample.seen {
        if let Some(sku) = sku(item) {
            ids.entry(sku).or_default().push(item.id);
        }
    }
    let twice: Vec<&str> = ids.iter().filter(|(_, ids)| ids.len() > 1).map(|(sku, _)| *sku).collect();
    let looked = looked_at(sample);
    if twice.is_empty() {
        return Finding::good(TWICE, format!("Each SKU is on one product ({looked})."));
    }
    let what = format!("Several products have the SKU {} ({looked}).", named(twice));
    let todo = "Give each product its own SKU, or item mappings id:ID.";
    if config.stock.is_some() {
        Finding::fault(TWICE, format!("{what} Which of them sells the stock cannot be told."), todo)
    } else {
        Finding::warning(TWICE, format!("{what} Their orders are booked as one item."), todo)
    }
}

fn managed(config: &StoreConfig, sample: &Sample<CatalogueItem>) -> Finding {
    if config.stock.is_none() {
        return Finding::good(MANAGED, "The store keeps its own quantities; none are written.");
    }
    let unmanaged: Vec<&CatalogueItem> =
        sample.seen.iter().filter(|item| item.managed == Managed::No).collect();
    let looked = looked_at(sample);
    if unmanaged.is_empty() {
        return Finding::good(MANAGED, format!("The shop keeps a quantity of everything ({looked})."));
    }
    let shown = unmanaged.iter().map(|item| sku(item).map_or_else(|| item.id.to_string(), str::to_owned));
    Finding::new(
        MANAGED,
        verdict_on(unmanaged.len(), sample.seen.len()),
        format!("The shop keeps no quantity of {} products: {} ({looked}).", unmanaged.len(), named(shown)),
        "Switch \"Track stock quantity\" on for them: what is written is ignored, and they are sold without \
         limit.",
    )
}
