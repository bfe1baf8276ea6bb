use weir_domain::config::TenderRule;
use weir_domain::doctor::Verdict::{Bad, Warning};
use weir_domain::doctor::{RecentOrders, Unread};
use weir_domain::mapping::MappingKind;
use weir_domain::order::OrderStatus;
use weir_testkit::sample;

use crate::world::{World, spoiled, still_good};

fn recent(world: &mut World) -> &mut RecentOrders {
    world.facts().orders.as_mut().unwrap()
}

#[test]
fn the_last_orders_resolve_as_they_would_today() {
    let found = spoiled("recent_orders", Bad, |world| {
        recent(world).orders.push(sample::order("main", 4712));
        world.unmap(MappingKind::Tax, "rates:1");
        world.unmap(MappingKind::Payment, "stripe");
    });
    let what = &found[0].what;
    assert!(what.contains("tax \"rates:1\" (2×)") && what.contains("payment \"stripe\" (2×)"), "{what}");
    spoiled("recent_orders", Bad, |world| recent(world).orders[0].total += rust_decimal::Decimal::ONE);
    spoiled("recent_orders", Warning, |world| recent(world).orders.clear());
    spoiled("recent_orders", Warning, |world| recent(world).orders[0].lines[0].quantity = 0.into());
    spoiled("recent_orders", Warning, |world| {
        world.facts().orders = Err(Unread::Failed("status 500".to_owned()));
    });
    // What does not import does not have to be mapped.
    still_good("recent_orders", |world| {
        let mut draft = sample::order("main", 4713);
        draft.status = OrderStatus::Pending;
        draft.lines[0].taxes[0].rate = 77;
        recent(world).orders.push(draft);
    });
}

#[test]
fn orders_that_cannot_be_read_are_counted_by_code() {
    let found = spoiled("recent_orders", Bad, |world| {
        recent(world).unreadable.insert("vendor_sub_order".to_owned(), 3);
    });
    assert!(found.iter().any(|finding| finding.what.contains("vendor_sub_order (3×)")), "{found:?}");
}

#[test]
fn gift_cards_have_a_rule_and_a_mapping() {
    let rule = || TenderRule::Metadata { key: "_ywgc_applied".to_owned() };
    let found = spoiled("tender", Warning, |world| recent(world).tender.push((rule(), 4)));
    assert!(found[0].what.contains("metadata:_ywgc_applied (4×)"), "{found:?}");
    spoiled("tender", Bad, |world| {
        recent(world).tender.push((rule(), 4));
        world.store.tender.push(rule());
    });
    still_good("tender", |world| {
        recent(world).tender.push((rule(), 4));
        world.store.tender.push(rule());
        world.map(MappingKind::Payment, "tender:metadata:_ywgc_applied", &["CARD"]);
    });
}

#[test]
fn money_given_back_without_goods_has_an_item() {
    spoiled("refund_mapping", Warning, |world| world.unmap(MappingKind::Fee, "refund"));
    spoiled("refund_mapping", Warning, |world| world.map(MappingKind::Fee, "refund", &[]));
}
