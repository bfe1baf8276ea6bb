//! Which item of the ERP a product of the shop is.

use crate::config::ItemPolicy;
use crate::id::Sku;
use crate::mapping::{MappingKey, MappingKind, Mappings};

/// What may be mapped for a product, most specific first. `id` is the
/// variation's where there is one; 0 for a hand-written line.
pub fn candidates(id: u64, sku: Option<&str>) -> Vec<MappingKey> {
    let id = Some(id).filter(|id| *id != 0).map(|id| format!("id:{id}"));
    let sku = sku.filter(|sku| !sku.is_empty()).map(|sku| format!("sku:{sku}"));
    id.into_iter().chain(sku).map(|name| MappingKey::new(MappingKind::Item, name)).collect()
}

/// The ERP's code: what a mapping says, or the SKU where the store's policy
/// allows it.
pub fn item(policy: ItemPolicy, mappings: &Mappings, id: u64, sku: Option<&str>) -> Option<Sku> {
    let mapped = candidates(id, sku).iter().find_map(|key| mappings.get(key)?.first().cloned());
    let same = || sku.filter(|sku| policy == ItemPolicy::SameSku && !sku.is_empty()).map(str::to_owned);
    mapped.or_else(same).map(Sku)
}
