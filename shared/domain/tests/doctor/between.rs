use std::collections::BTreeSet;

use weir_domain::doctor::Verdict::{Bad, Warning};
use weir_domain::doctor::{CatalogueItem, Unread};
use weir_domain::mapping::MappingKind;
use weir_domain::outcome::CallError;
use weir_domain::ports::Managed;

use crate::world::{spoiled, still_good};

#[test]
fn the_webhook_secret_is_strong() {
    spoiled("webhook_secret", Bad, |world| world.strong_secret = Ok(false));
    spoiled("webhook_secret", Warning, |world| world.strong_secret = Err(Unread::NotAsked));
}

#[test]
fn every_order_has_an_entity() {
    let currencies = |world: &mut crate::world::World, codes: &[&str]| {
        world.store.entities[0].currencies = Some(codes.iter().map(|code| code.parse().unwrap()).collect());
    };
    let found = spoiled("entities", Bad, |world| currencies(world, &["USD"]));
    assert!(found.iter().any(|finding| finding.what.contains("shop's currency EUR")), "{found:?}");
    assert!(found.iter().any(|finding| finding.what.contains("EUR to DE")), "{found:?}");
    still_good("entities", |world| currencies(world, &["USD", "EUR"]));
    spoiled("entities", Bad, |world| world.store.entities[0].countries = Some(BTreeSet::from(["FR".into()])));
}

#[test]
fn one_currency() {
    spoiled("currencies", Warning, |world| world.erp_facts().currency = Ok("USD".parse().unwrap()));
    spoiled("currencies", Warning, |world| world.erp_facts().currency = Err(Unread::Refused));
    spoiled("currencies", Warning, |world| world.facts().currency = Err(Unread::Refused));
    spoiled("currencies", Bad, |world| world.facts().currency = Ok(None));
}

#[test]
fn the_erps_document_has_what_mappings_name() {
    let found = spoiled("mapped_codes", Bad, |world| world.map(MappingKind::Tax, "rates:1", &["DE20"]));
    assert!(found[0].what.contains("tax mappings name DE20"), "{found:?}");
    spoiled("mapped_codes", Bad, |world| world.map(MappingKind::Payment, "stripe", &["CASH"]));
    spoiled("mapped_codes", Bad, |world| match &mut world.erp_config.kind {
        weir_domain::config::ErpKind::Tryton(tryton) => tryton.web_shops.clear(),
    });
}

#[test]
fn the_erp_has_what_the_shop_sells() {
    let new = |world: &mut crate::world::World, ids: std::ops::Range<u64>| {
        let item = |id: u64| CatalogueItem { id, sku: format!("NEW-{id}"), managed: Managed::Yes };
        world.facts().products.as_mut().unwrap().seen.extend(ids.map(item));
    };
    let found = spoiled("items_in_erp", Warning, |world| new(world, 300..301));
    assert!(found[0].what.contains("lacks 1 of 4 items: NEW-300"), "{found:?}");
    spoiled("items_in_erp", Bad, |world| new(world, 300..310));
    let many = spoiled("items_in_erp", Bad, |world| new(world, 300..900));
    assert!(many[0].what.contains("of 100 items"), "one request: {many:?}");
    spoiled("items_in_erp", Warning, |world| world.items = Err(CallError::unknown("status 500")));
    spoiled("items_in_erp", Warning, |world| world.facts().products.as_mut().unwrap().seen.clear());
}

#[test]
fn late_answers_are_waited_for() {
    let times = |timeout_s, longest_s| {
        move |world: &mut crate::world::World| {
            world.erp_config.timeout_s = timeout_s;
            world.erp_config.longest_request_s = longest_s;
        }
    };
    spoiled("longest_request", Bad, times(20, 10));
    spoiled("longest_request", Warning, times(20, 20));
    still_good("longest_request", times(20, 21));
    spoiled("longest_request", Warning, |world| {
        world.store.stock.as_mut().unwrap().longest_request_s = 10;
    });
}
