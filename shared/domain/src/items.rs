//! Which item of the ERP a product of the shop is.

use crate::config::ItemPolicy;
use crate::id::Sku;
use crate::mapping::{MappingKey, MappingKind, Mappings};
use crate::ports::ShopItem;

/// What may be mapped for a product, most specific first. `id` is the
/// variation's where there is one; 0 for a hand-written line.
pub fn candidates(id: u64, sku: Option<&str>) -> Vec<MappingKey> {
    let id = Some(id).filter(|id| *id != 0).map(|id| format!("id:{id}"));
    let sku = sku.filter(|sku| !sku.is_empty()).map(|sku| format!("sku:{sku}"));
    id.into_iter().chain(sku).map(|name| MappingKey::new(MappingKind::Item, name)).collect()
}

/// How a shop is asked for what was mapped under a name of
/// [`candidates`]; `None` for a name of another form.
pub fn shop_item(name: &str) -> Option<ShopItem> {
    match name.split_once(':')? {
        ("id", id) => id.parse().ok().filter(|id| *id != 0).map(ShopItem::Id),
        ("sku", sku) if !sku.is_empty() => Some(ShopItem::Sku(sku.to_owned())),
        _ => None,
    }
}

/// The ERP's code: what a mapping says, or the SKU where the store's policy
/// allows it.
pub fn item(policy: ItemPolicy, mappings: &Mappings, id: u64, sku: Option<&str>) -> Option<Sku> {
    let mapped = candidates(id, sku).iter().find_map(|key| mappings.get(key)?.first().cloned());
    let same = || sku.filter(|sku| policy == ItemPolicy::SameSku && !sku.is_empty()).map(str::to_owned);
    mapped.or_else(same).map(Sku)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_asked_for_what_was_mapped() {
        let asked = candidates(42, Some("MUG:L")).iter().map(|key| shop_item(&key.name)).collect::<Vec<_>>();
        assert_eq!(asked, [Some(ShopItem::Id(42)), Some(ShopItem::Sku("MUG:L".into()))]);
        for other in ["", "id:", "id:0", "id:4a", "sku:", "name:Gift wrap", "42"] {
            assert_eq!(shop_item(other), None, "{other}");
        }
    }
}
