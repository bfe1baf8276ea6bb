use weir_domain::config::ItemPolicy;
use weir_domain::doctor::Verdict::{Bad, Good, Warning};
use weir_domain::doctor::{CatalogueItem, Gateway, Sample, TaxRate, Unread};
use weir_domain::mapping::MappingKind;
use weir_domain::ports::Managed;

use crate::world::{rate, spoiled, still_good};

#[test]
fn ways_to_pay() {
    let found = spoiled("payment_gateways", Bad, |world| world.unmap(MappingKind::Payment, "bacs"));
    assert!(found[0].what.contains("bacs"), "{found:?}");
    still_good("payment_gateways", |world| {
        world.unmap(MappingKind::Payment, "bacs");
        world.facts().gateways.as_mut().unwrap()[1].enabled = false;
    });
    spoiled("payment_gateways", Warning, |world| world.facts().gateways = Ok(Vec::new()));
    spoiled("payment_gateways", Warning, |world| world.facts().gateways = Err(Unread::NotThere));
    let ignored = spoiled("payment_gateways", Warning, |world| {
        let new = Gateway { id: "invoice".to_owned(), enabled: true };
        world.facts().gateways.as_mut().unwrap().push(new);
        world.store.import.methods.remove("default");
        world.map(MappingKind::Payment, "invoice", &[]);
        world.store.import.methods.insert("stripe".to_owned(), world.store.import.methods["cod"].clone());
    });
    assert!(ignored[0].what.contains("invoice are never imported"), "{ignored:?}");
}

#[test]
fn ways_to_ship() {
    let found = spoiled("shipping_methods", Bad, |world| world.unmap(MappingKind::Shipping, "flat_rate"));
    assert!(found[0].what.contains("flat_rate:4 (Germany)"), "{found:?}");
    still_good("shipping_methods", |world| {
        world.unmap(MappingKind::Shipping, "flat_rate");
        world.map(MappingKind::Shipping, "flat_rate:4", &["SHIP"]);
    });
    spoiled("shipping_methods", Bad, |world| world.map(MappingKind::Shipping, "flat_rate", &[]));
    still_good("shipping_methods", |world| {
        let mut off = world.facts().shipping.as_ref().unwrap()[0].clone();
        (off.method, off.enabled) = ("pickup".to_owned(), false);
        world.facts().shipping.as_mut().unwrap().push(off);
    });
    spoiled("shipping_methods", Warning, |world| world.facts().shipping = Ok(Vec::new()));
    spoiled("shipping_methods", Warning, |world| world.facts().shipping = Err(Unread::NotThere));
}

#[test]
fn tax_rates() {
    let some = spoiled("tax_rates", Warning, |world| {
        world.facts().tax_rates = Ok(Sample { seen: vec![rate(1), rate(2)], of: Some(700) });
    });
    assert!(some[0].what.contains("2 (DE standard)"), "{some:?}");
    assert!(some[0].what.contains("looked at 2 of 700"), "{some:?}");
    spoiled("tax_rates", Bad, |world| world.facts().tax_rates = Ok(Sample { seen: vec![rate(2)], of: None }));
    // One on top of others is named with a mark, or with them.
    let compound = TaxRate { compound: true, ..rate(5) };
    still_good("tax_rates", |world| {
        world.facts().tax_rates = Ok(Sample { seen: vec![compound], of: Some(1) });
        world.map(MappingKind::Tax, "rates:5c", &["QST"]);
    });
    still_good("tax_rates", |world| {
        world.facts().tax_rates = Ok(Sample { seen: vec![rate(1), rate(6)], of: Some(2) });
        let order = &mut world.facts().orders.as_mut().unwrap().orders[0];
        let mut second = order.lines[0].taxes[0].clone();
        second.rate = 6;
        order.lines[0].taxes.push(second);
        world.map(MappingKind::Tax, "rates:1+6", &["DE19"]);
    });
    spoiled("tax_rates", Warning, |world| {
        world.facts().tax_rates = Ok(Sample { seen: Vec::new(), of: Some(0) });
    });
    spoiled("tax_rates", Warning, |world| world.facts().tax_rates = Err(Unread::Refused));
}

fn product(id: u64, sku: &str, managed: Managed) -> CatalogueItem {
    CatalogueItem { id, sku: sku.to_owned(), managed }
}

#[test]
fn products_have_names_in_the_erp() {
    let one = product(120, "", Managed::Yes);
    let found = spoiled("items_named", Warning, |world| {
        world.facts().products.as_mut().unwrap().seen.push(one.clone());
    });
    assert!(found[0].what.contains("ids 120"), "{found:?}");
    still_good("items_named", |world| {
        world.facts().products.as_mut().unwrap().seen.push(one.clone());
        world.map(MappingKind::Item, "id:120", &["TEE-L"]);
    });
    spoiled("items_named", Bad, |world| world.store.items = ItemPolicy::MappedOnly);
    spoiled("items_named", Warning, |world| {
        world.facts().products = Ok(Sample { seen: Vec::new(), of: Some(0) });
    });
}

#[test]
fn a_sku_is_on_one_product() {
    let twin = |world: &mut crate::world::World| {
        world.facts().products.as_mut().unwrap().seen.push(product(130, "MUG-L", Managed::Yes));
    };
    let found = spoiled("skus_twice", Bad, twin);
    assert!(found[0].what.contains("MUG-L"), "{found:?}");
    spoiled("skus_twice", Warning, |world| {
        twin(world);
        world.store.stock = None;
    });
}

#[test]
fn quantities_are_kept_where_they_are_written() {
    let unmanaged = |ids: std::ops::Range<u64>| {
        move |world: &mut crate::world::World| {
            let new = ids.map(|id| product(id, "TEE-L", Managed::No));
            world.facts().products.as_mut().unwrap().seen.extend(new);
        }
    };
    spoiled("stock_managed", Warning, unmanaged(140..141));
    spoiled("stock_managed", Bad, unmanaged(140..150));
    still_good("stock_managed", |world| {
        unmanaged(140..150)(world);
        world.store.stock = None;
    });
    still_good("stock_managed", |world| {
        world.facts().products.as_mut().unwrap().seen.push(product(151, "TEE-L", Managed::AtParent));
    });
    let many = spoiled("stock_managed", Bad, unmanaged(200..260));
    assert!(many[0].what.contains("and 52 more"), "bounded: {many:?}");
    assert_eq!(many[0].verdict.max(Good), Bad);
}
