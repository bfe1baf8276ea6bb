use jiff::SignedDuration;
use weir_domain::doctor::Verdict::{Bad, Good, Warning};
use weir_domain::doctor::{Access, ParcelInterface, Unread};
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::WebhookStatus;

use crate::world::{healthy, of, spoiled, still_good};

#[test]
fn a_healthy_pair_is_good_in_everything() {
    let report = healthy().report();
    let worse: Vec<_> = report.findings().filter(|finding| finding.verdict != Good).collect();
    assert!(worse.is_empty(), "{worse:?}");
    assert_eq!(report.verdict(), Good);
    let checks: std::collections::BTreeSet<&str> = report.findings().map(|finding| finding.check).collect();
    assert!(checks.len() >= 30, "{checks:?}");
}

#[test]
fn a_shop_that_does_not_answer_has_one_finding() {
    let found = spoiled("rest_api", Bad, |world| world.shop = Err(CallError::retry_soon("no connection")));
    assert!(found[0].what.contains("no connection"), "{found:?}");
    let mut world = healthy();
    world.shop = Err(CallError::blocked("there is no secret \"weir/stores/main\": create it"));
    let report = world.report();
    assert_eq!(report.shop.len(), 1);
    assert!(!report.erps[0].findings.is_empty(), "the ERP is looked at all the same");
}

/// Each way in which a shop does not take the key is told from the others.
#[test]
fn what_keeps_the_key_out_is_told_apart() {
    let cases = [
        (Access::NoApi, "rest_api", "Permalinks"),
        (Access::Edge { status: 403 }, "rest_api", "/wp-json/"),
        (Access::Moved, "rest_api", "redirects to"),
        (Access::HeaderLost, "key_reads", "SetEnvIf"),
        (Access::TlsUnseen, "key_reads", "X-Forwarded-Proto"),
        (Access::KeyUnknown, "key_reads", "make a key"),
        (Access::SecretWrong, "key_reads", "consumer_secret"),
        (Access::MayNotRead, "key_reads", "Shop manager"),
        (Access::Refused { status: 401 }, "key_reads", "security plugin"),
    ];
    for (access, check, todo) in cases {
        let found = spoiled(check, Bad, |world| world.facts().access = access.clone());
        assert!(found.iter().any(|finding| finding.todo.contains(todo)), "{access:?}: {found:?}");
        let mut world = healthy();
        world.facts().access = access;
        assert!(world.report().shop.len() <= 2, "the rest would only repeat it");
    }
    spoiled("rest_api", Warning, |world| world.store.url = "http://localhost:8080/".parse().unwrap());
}

#[test]
fn a_key_has_to_write_what_the_document_asks() {
    let found = spoiled("key_writes", Bad, |world| world.facts().may_write = Ok(false));
    assert!(found[0].what.contains("stock, parcels and returns, webhooks"), "{found:?}");
    still_good("key_writes", |world| {
        world.facts().may_write = Ok(false);
        world.store.stock = None;
        world.store.fulfilment = None;
        world.store.webhooks.manage = false;
    });
    spoiled("key_writes", Warning, |world| world.facts().may_write = Err(Unread::NotThere));
}

#[test]
fn clocks() {
    for (seconds, verdict) in
        [(0, Good), (-10, Good), (11, Warning), (-300, Warning), (301, Bad), (-3600, Bad)]
    {
        let ahead = SignedDuration::from_secs(seconds);
        spoiled("clock", verdict, |world| world.facts().clock_ahead = Ok(ahead));
        spoiled("erp_clock", verdict, |world| world.erp_facts().clock_ahead = Ok(ahead));
    }
    spoiled("clock", Warning, |world| world.facts().clock_ahead = Err(Unread::Failed("no date".into())));
}

#[test]
fn versions() {
    for (version, verdict) in [
        ("8.2.2", Good),
        ("9.0.0-beta.1", Good),
        ("10.1", Good),
        ("8.1.9", Warning),
        ("5.8.0", Warning),
        ("5.7.9", Bad),
        ("3.9", Bad),
        ("eight", Warning),
        ("", Warning),
    ] {
        spoiled("woocommerce_version", verdict, |world| world.facts().version = Ok(version.to_owned()));
    }
    spoiled("woocommerce_version", Warning, |world| world.facts().version = Err(Unread::Refused));
}

#[test]
fn settings() {
    spoiled("order_tables", Warning, |world| world.facts().order_tables = Ok(false));
    spoiled("order_tables", Warning, |world| world.facts().order_tables = Err(Unread::NotThere));
    still_good("prices_with_tax", |world| world.facts().prices_include_tax = Ok(false));
    spoiled("prices_with_tax", Warning, |world| {
        world.facts().prices_include_tax = Err(Unread::Refused);
    });
    spoiled("currency", Bad, |world| world.facts().currency = Ok(None));
    spoiled("currency", Warning, |world| world.facts().currency = Err(Unread::NotThere));
    spoiled("currency", Warning, |world| world.facts().decimals = Ok(0));
    spoiled("currency", Warning, |world| world.facts().decimals = Ok(4));
    spoiled("currency", Warning, |world| world.facts().decimals = Err(Unread::NotThere));
}

#[test]
fn statuses_that_are_named_exist() {
    let sent = |world: &mut crate::world::World| {
        world.store.fulfilment.as_mut().unwrap().shipped_status = "sent".to_owned();
    };
    let found = spoiled("order_statuses", Bad, sent);
    assert!(found[0].what.contains("sent"), "{found:?}");
    still_good("order_statuses", |world| {
        sent(world);
        world.facts().statuses = Ok([OrderStatus::Custom("sent".to_owned())].into());
    });
    spoiled("order_statuses", Warning, |world| {
        sent(world);
        world.facts().statuses = Err(Unread::NotThere);
    });
    still_good("order_statuses", |world| world.facts().statuses = Err(Unread::NotThere));
    spoiled("order_statuses", Bad, |world| {
        let rules = world.store.import.methods.get_mut("default").unwrap();
        rules.insert(OrderStatus::Custom("packed".to_owned()), weir_domain::import::Effect::Ship);
    });
}

#[test]
fn parcels() {
    for interface in [ParcelInterface::Fulfilments, ParcelInterface::Ast] {
        still_good("parcels", |world| world.facts().parcels = Ok(interface));
    }
    spoiled("parcels", Warning, |world| world.facts().parcels = Ok(ParcelInterface::NotesOnly));
    spoiled("parcels", Warning, |world| world.facts().parcels = Err(Unread::NotAsked));
    still_good("parcels", |world| {
        world.store.fulfilment = None;
        world.facts().parcels = Err(Unread::NotAsked);
    });
}

#[test]
fn webhooks() {
    let off = |status| {
        move |world: &mut crate::world::World| world.facts().webhooks.as_mut().unwrap()[1].status = status
    };
    let managed = spoiled("webhooks", Warning, off(WebhookStatus::Disabled));
    assert!(managed[0].what.contains("order.updated switched off"), "{managed:?}");
    spoiled("webhooks", Warning, off(WebhookStatus::Paused));
    spoiled("webhooks", Bad, |world| {
        world.store.webhooks.manage = false;
        off(WebhookStatus::Disabled)(world);
    });
    let missing = spoiled("webhooks", Bad, |world| {
        world.store.webhooks.manage = false;
        world.facts().webhooks = Ok(Vec::new());
    });
    assert!(missing[0].what.contains("order.created, order.updated"), "{missing:?}");
    // Another store's, or another receiver's, does not count.
    spoiled("webhooks", Warning, |world| {
        let all = world.facts().webhooks.as_mut().unwrap();
        all[0].url = all[0].url.replace("/main/", "/second/");
    });
    spoiled("webhooks", Warning, |world| world.facts().webhooks = Err(Unread::Refused));
}

#[test]
fn what_was_not_asked_is_no_proof() {
    let mut world = healthy();
    world.facts().products = Err(Unread::Refused);
    world.facts().orders = Err(Unread::Failed("status 500".to_owned()));
    let report = world.report();
    for check in ["items_named", "recent_orders", "items_in_erp"] {
        assert_eq!(of(&report, check)[0].verdict, Warning, "{check}");
    }
}
