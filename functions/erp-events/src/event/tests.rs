use serde_json::json;

use super::*;

fn event(r#type: &str, data: &Value) -> Vec<u8> {
    json!({"type": r#type, "timestamp": "2026-11-28T09:30:00Z", "data": data}).to_string().into_bytes()
}

fn stock(data: &Value) -> Result<StockChanged, BadEvent> {
    match read(&event(STOCK_CHANGED, data))? {
        Event::Stock(changed) => Ok(changed),
        Event::Orders(other) => panic!("{other:?}"),
    }
}

fn orders(kind: &str, data: &Value) -> Result<OrdersChanged, BadEvent> {
    match read(&event(kind, data))? {
        Event::Orders(changed) => Ok(changed),
        Event::Stock(other) => panic!("{other:?}"),
    }
}

/// What is read of references, without doubles.
fn of(references: &[&str]) -> Result<Vec<u64>, BadEvent> {
    let read = orders("order.changed", &json!({"store": "main", "orders": references}))?;
    Ok(read.orders.iter().map(|order| order.0).collect())
}

#[test]
fn only_which_items_is_believed() {
    let data = json!({
        "entity": "eu", "skus": ["B", "A", "B"], "location": "floor",
        "quantity": 7, "available": {"A": 12},
    });
    let expected = StockChanged {
        at: "2026-11-28T09:30:00Z".parse().unwrap(),
        entity: "eu".parse().unwrap(),
        skus: vec![Sku("B".into()), Sku("A".into())],
        location: Some("floor".parse().unwrap()),
    };
    assert_eq!(stock(&data), Ok(expected));
    assert_eq!(stock(&json!({"entity": "eu", "skus": ["A"], "location": null})).unwrap().location, None);
}

#[test]
fn codes_are_taken_exactly_as_they_are_written() {
    let written = [" A ", "a", "Größe 4/4", "x\u{FFFE}", "🫖"];
    let read = stock(&json!({"entity": "eu", "skus": written})).unwrap().skus;
    assert_eq!(read.iter().map(|sku| sku.0.as_str()).collect::<Vec<_>>(), written);
}

#[test]
fn limits_hold_on_both_sides() {
    let skus = |count: usize| (0..count).map(|n| format!("SKU-{n}")).collect::<Vec<_>>();
    let count = |count| stock(&json!({"entity": "eu", "skus": skus(count)})).map(|read| read.skus.len());
    assert_eq!(
        [0, 1, 1_000, 1_001].map(count),
        [Err(BadEvent::ItemCount), Ok(1), Ok(1_000), Err(BadEvent::ItemCount)]
    );
    let named = |sku: &str| stock(&json!({"entity": "eu", "skus": ["A", sku]})).map(|read| read.skus.len());
    assert_eq!(named(&"é".repeat(200)), Ok(2));
    for bad in ["", &"é".repeat(201), "A\n", "\u{7f}"] {
        assert_eq!(named(bad), Err(BadEvent::Sku), "{bad:?}");
    }
    let fitting = vec!["é".repeat(200); 1_000];
    let largest = event(STOCK_CHANGED, &json!({"entity": "eu", "skus": fitting}));
    assert!(largest.len() < BODY_BYTES && read(&largest).is_ok(), "what is allowed fits");
    assert_eq!(read(&vec![b' '; BODY_BYTES + 1]), Err(BadEvent::TooLarge));
    assert_eq!(read(&vec![b' '; BODY_BYTES]), Err(BadEvent::NotAnEvent));
}

#[test]
fn what_is_no_event_is_refused() {
    let good = json!({"type": STOCK_CHANGED, "timestamp": "2026-11-28T09:30:00Z", "data": {}});
    for body in ["", "null", "[]", "{}", "\u{feff}{}"] {
        assert_eq!(read(body.as_bytes()), Err(BadEvent::NotAnEvent), "{body}");
    }
    for (field, value) in [("type", json!(1)), ("timestamp", json!(1)), ("timestamp", json!("today"))] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(read(bad.to_string().as_bytes()), Err(BadEvent::NotAnEvent), "{bad}");
    }
    let twice = good.to_string().replacen('{', r#"{"type": "stock.changed", "#, 1);
    assert_eq!(read(twice.as_bytes()), Err(BadEvent::NotAnEvent), "which one was meant?");
    assert_eq!(read(&[0xFF, 0xFE]), Err(BadEvent::NotAnEvent));
}

#[test]
fn data_has_the_shape_of_its_type() {
    for data in [
        json!(null),
        json!({"skus": ["A"]}),
        json!({"entity": "Europe", "skus": ["A"]}),
        json!({"entity": "eu", "skus": "A"}),
        json!({"entity": "eu", "skus": [1]}),
        json!({"entity": "eu", "skus": ["A"], "location": "The floor"}),
        json!({"entity": "eu", "skus": ["A"], "location": 3}),
    ] {
        assert_eq!(stock(&data), Err(BadEvent::StockData), "{data}");
    }
}

#[test]
fn what_nobody_serves_is_refused_whatever_it_holds() {
    for r#type in NOT_SERVED {
        assert_eq!(read(&event(r#type, &json!({"anything": true}))), Err(BadEvent::NotServed));
    }
    for r#type in ["stock", "stock.changed.v2", "Stock.Changed", ""] {
        assert_eq!(read(&event(r#type, &json!({}))), Err(BadEvent::TypeUnknown), "{type}");
    }
}

#[test]
fn every_event_about_orders_only_says_which() {
    for kind in ORDERS_CHANGED {
        let data = json!({
            "store": "main", "orders": ["4711", "12.2", "4711.r31", "12"],
            "shipment": "SHIP/2026/00042", "tracking": "1Z9", "quantities": {"MUG-L": 2},
        });
        let expected = OrdersChanged {
            at: "2026-11-28T09:30:00Z".parse().unwrap(),
            kind,
            store: "main".parse().unwrap(),
            orders: vec![OrderId(4711), OrderId(12)],
        };
        assert_eq!(orders(kind, &data), Ok(expected));
    }
}

#[test]
fn orders_are_named_as_the_erp_keeps_our_references() {
    let longest = "9".repeat(19);
    let references = ["1", "7.2", "8.10", "9.r1", &longest, "5.999999999", &format!("6.r{longest}")];
    let read = [1, 7, 8, 9, 9_999_999_999_999_999_999, 5, 6];
    assert_eq!(of(&references), Ok(read.to_vec()));
    for reference in references {
        let [order] = of(&[reference]).unwrap()[..] else { panic!("{reference}") };
        assert!(reference == order.to_string() || reference.starts_with(&format!("{order}.")), "{reference}");
    }
    for bad in [
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "0",
        "01",
        "1.0",
        "1.1",
        "1.02",
        "1.",
        ".2",
        "1.2.3",
        "1.r",
        "1.r0",
        "1.r01",
        "1.R31",
        "1.r31.2",
        "r31",
        "SO-1",
        "\u{661}",
        "1e3",
        "1.1000000000",
        &"9".repeat(20),
        &format!("1.r{}", "9".repeat(20)),
    ] {
        assert_eq!(of(&["4711", bad]), Err(BadEvent::Order), "{bad:?}");
    }
}

#[test]
fn an_event_names_so_many_orders_and_no_more() {
    let count = |count: u64| {
        let references: Vec<String> = (1..=count).map(|id| id.to_string()).collect();
        orders("shipment.changed", &json!({"store": "main", "orders": references}))
            .map(|read| read.orders.len())
    };
    assert_eq!(
        [0, 1, 1_000, 1_001].map(count),
        [Err(BadEvent::OrderCount), Ok(1), Ok(1_000), Err(BadEvent::OrderCount)]
    );
    for data in [
        json!(null),
        json!({"store": "main"}),
        json!({"orders": ["1"]}),
        json!({"store": "Main shop", "orders": ["1"]}),
        json!({"store": "main", "orders": "1"}),
        json!({"store": "main", "orders": [1]}),
    ] {
        assert_eq!(orders("return.changed", &data), Err(BadEvent::OrderData), "{data}");
    }
}
