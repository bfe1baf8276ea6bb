use serde_json::{Value, json};

use super::*;

fn store(extra: &Value) -> StoreConfig {
    let mut config = json!({
        "store": "main",
        "url": "https://shop.example.com/",
        "secret": "weir/main",
        "entities": [{"entity": "de", "erp": "books"}],
    });
    merge(&mut config, extra);
    serde_json::from_value(config).unwrap()
}

fn merge(base: &mut Value, extra: &Value) {
    for (key, value) in extra.as_object().unwrap() {
        base[key] = value.clone();
    }
}

/// An order of one mug, with fields replaced or added.
fn with(extra: &Value) -> Vec<u8> {
    let mut order = json!({
        "id": 4711,
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-11-23T19:41:08",
        "date_modified_gmt": "2026-11-23T19:43:20",
        "total": "11.90",
        "total_tax": "1.90",
        "line_items": [{"id": 1, "quantity": 1, "subtotal": "10.00", "total": "10.00", "total_tax": "1.90",
                        "taxes": [{"id": 1, "total": "1.9", "subtotal": "1.9"}]}],
    });
    merge(&mut order, extra);
    serde_json::to_vec(&order).unwrap()
}

fn read(extra: &Value) -> Result<Order, OrderError> {
    order(&store(&json!({})), OrderId(4711), &with(extra))
}

fn code(extra: &Value) -> (&'static str, String) {
    match read(extra) {
        Err(OrderError::Unreadable(Unreadable { code, detail })) => (code, detail),
        other => panic!("{extra}: {other:?}"),
    }
}

#[test]
fn little_is_enough() {
    let order = read(&json!({})).unwrap();
    assert_eq!(order.number, "4711");
    assert_eq!(order.delivery, None);
    assert_eq!(order.customer.id, None);
    assert_eq!(order.customer.email, None);
    assert_eq!(order.payment.paid_at, None);
    assert_eq!(order.created_at.to_string(), "2026-11-23T19:41:08Z");
    assert_eq!(order.totals().to_string(), "10.00 + 1.90 = 11.90 EUR");
}

#[test]
fn what_has_to_be_there_is_named() {
    for field in
        ["status", "currency", "date_created_gmt", "date_modified_gmt", "total", "total_tax", "line_items"]
    {
        let missing = ("missing_field", format!("{field} is missing"));
        assert_eq!(code(&json!({field: null})), missing);
    }
    assert_eq!(code(&json!({"line_items": [{}]})).0, "missing_field");
    assert_eq!(code(&json!({"line_items": [{"total": "1"}]})).1, "line_items[0].id is missing");
    assert_eq!(code(&json!({"refunds": [{"id": 1}]})).1, "refunds[0].total is missing");
}

#[test]
fn what_makes_no_sense_is_named_and_not_repeated() {
    for (extra, expected, path) in [
        (json!({"total": "14,50"}), "bad_amount", "total"),
        (json!({"total_tax": {}}), "bad_amount", "total_tax"),
        (json!({"date_paid_gmt": "canary"}), "bad_date", "date_paid_gmt"),
        (json!({"date_modified_gmt": 17}), "bad_date", "date_modified_gmt"),
        (json!({"currency": "canary"}), "unknown_currency", "currency"),
        (json!({"currency": "XXX"}), "unknown_currency", "currency"),
        (json!({"customer_id": "canary"}), "bad_id", "customer_id"),
        (json!({"parent_id": -1}), "bad_id", "parent_id"),
        (json!({"fee_lines": [{"id": 1, "total": "canary"}]}), "bad_amount", "fee_lines[0].total"),
        (
            json!({"tax_lines": [{"rate_id": 1, "rate_percent": "x"}]}),
            "bad_amount",
            "tax_lines[0].rate_percent",
        ),
        (
            json!({"shipping_lines": [{"id": 1, "taxes": [{"id": 1, "total": "x"}]}]}),
            "bad_amount",
            "shipping_lines[0].taxes[0].total",
        ),
    ] {
        let (code, detail) = code(&extra);
        assert_eq!(code, expected, "{extra}");
        assert!(detail.starts_with(path), "{detail}");
        assert!(!detail.contains("canary"), "{detail}");
    }
}

#[test]
fn a_vendors_part_is_not_booked_a_second_time() {
    assert_eq!(code(&json!({"parent_id": 4710})).0, "vendor_sub_order");
    assert!(read(&json!({"parent_id": "0"})).is_ok());
}

#[test]
fn an_answer_about_something_else_is_not_this_order() {
    let store = store(&json!({}));
    let other = |body: &str| order(&store, OrderId(4711), body.as_bytes()).unwrap_err();
    for body in
        ["[]", "null", "17", "{}", r#"{"id":4712}"#, r#"{"code":"x","message":"y"}"#, r#"{"id":[4711]}"#]
    {
        assert_eq!(other(body), OrderError::OtherOrder, "{body}");
    }
    for body in ["", "<br />{\"id\":4711}", "{\"id\":4711", "{\"id\":4711}}"] {
        assert_eq!(other(body), OrderError::NotJson, "{body}");
    }
    assert_eq!(order(&store, OrderId(0), b"{}"), Err(OrderError::OtherOrder));
}

#[test]
fn email_is_trimmed_and_lower_case_and_addresses_are_not_touched() {
    let address = json!({"first_name": " Ada ", "email": " Ada.Canary@Example.COM ", "state": "DE-BY", "country": "DE"});
    let order = read(&json!({"billing": address, "customer_id": 7})).unwrap();
    assert_eq!(order.customer.email.unwrap().expose(), "ada.canary@example.com");
    assert_eq!(order.customer.id, Some(7));
    assert_eq!(order.billing.first_name.expose(), " Ada ");
    assert_eq!(order.billing.state, "DE-BY");
}

#[test]
fn an_address_of_blanks_is_no_delivery() {
    let blank = json!({"first_name": "", "last_name": " ", "country": null, "phone": ""});
    assert_eq!(read(&json!({"shipping": blank})).unwrap().delivery, None);
    assert_eq!(read(&json!({"shipping": []})).unwrap().delivery, None);
    let country = read(&json!({"shipping": {"country": "DE"}})).unwrap();
    assert_eq!(country.delivery.unwrap().country, "DE");
}

#[test]
fn local_dates_are_never_read() {
    let local = json!({
        "date_created": "2026-11-23T20:41:08",
        "date_paid": "2026-11-23T20:41:08",
        "date_paid_gmt": null,
    });
    let order = read(&local).unwrap();
    assert_eq!(order.payment.paid_at, None);
    assert_eq!(order.created_at.to_string(), "2026-11-23T19:41:08Z");
}

#[test]
fn only_listed_metadata_travels() {
    let store = store(&json!({"metadata": ["a", "b", "gone", "list"], "vat_id_key": "_vat"}));
    let body = with(&json!({"meta_data": [
        {"id": 1, "key": "a", "value": "first"}, {"id": 2, "key": "a", "value": "second"},
        {"id": 3, "key": "b", "value": 12}, {"id": 4, "key": "secret", "value": "x"},
        {"id": 5, "key": "gone", "value": ""}, {"id": 6, "key": "list", "value": [1, {"x": null}]},
        {"id": 7, "key": "_vat", "value": " DE123 "}, {"id": 8, "key": "is_vat_exempt", "value": "yes"}, 17, null,
    ]}));
    let order = order(&store, OrderId(4711), &body).unwrap();
    let metadata: Vec<_> =
        order.metadata.iter().map(|(key, value)| (key.as_str(), value.expose().as_str())).collect();
    assert_eq!(metadata, [("a", "second"), ("b", "12"), ("list", r#"[1,{"x":null}]"#)]);
    assert_eq!(order.customer.vat_id.unwrap().expose(), "DE123");
    assert!(order.customer.vat_exempt);
    let not = read(&json!({"meta_data": [{"key": "is_vat_exempt", "value": "no"}]})).unwrap();
    assert!(!not.customer.vat_exempt);
}

#[test]
fn a_row_of_another_lines_rate_is_no_treatment() {
    let line = |taxes: Value| {
        let line = json!({"id": 1, "quantity": 2.5, "total": "10.00", "total_tax": "0", "price": 4.000_000_000_001,
                          "taxes": taxes});
        read(&json!({"line_items": [line]})).unwrap().lines.remove(0)
    };
    let rows =
        line(json!([{"id": 1, "total": "", "subtotal": ""}, {"id": 2, "total": "0", "subtotal": "0"}]));
    assert_eq!(rows.taxes.len(), 1);
    assert_eq!(rows.taxes[0].rate, 2);
    assert_eq!(rows.quantity.to_string(), "2.5");
    assert_eq!(rows.subtotal, rows.net, "no subtotal is no discount");
    assert!(line(json!([])).taxes.is_empty());
    assert_eq!(line(json!({"1": {"id": 1, "total": 1.9}})).taxes[0].amount.to_string(), "1.9");
}

#[test]
fn shipping_is_named_by_method_and_instance() {
    let code = |method: &str, instance: Value| {
        let line =
            json!({"id": 1, "method_id": method, "instance_id": instance, "method_title": "T", "total": ""});
        read(&json!({"shipping_lines": [line]})).unwrap().shipping.remove(0).code
    };
    assert_eq!(code("flat_rate", json!("3")), "flat_rate:3");
    assert_eq!(code("flat_rate", json!(3)), "flat_rate:3");
    for none in [json!(""), json!("0"), json!(0), json!(null)] {
        assert_eq!(code("flat_rate", none), "flat_rate");
    }
}

/// The mug, paid in part: tender by rule, and what remains of the fees.
fn paid_by(rule: &Value, extra: &Value) -> Result<(Vec<String>, usize), OrderError> {
    let store = store(&json!({"tender": [rule]}));
    let order = order(&store, OrderId(4711), &with(extra))?;
    assert!(order.residuals(store.rounding_cap).is_ok(), "{extra}");
    Ok((
        order.tender.iter().map(|tender| format!("{} {}", tender.kind, tender.amount)).collect(),
        order.fees.len(),
    ))
}

#[test]
fn tender_in_a_field() {
    let rule = json!({"plugin": "field", "name": "gift_cards"});
    let cards = json!([{"id": 1, "code": "X", "amount": 4.9}, {"id": 2, "code": "Y", "amount": "5.00"}]);
    let paid = paid_by(&rule, &json!({"total": "2.00", "gift_cards": cards})).unwrap();
    assert_eq!(paid.0, ["field:gift_cards 4.90", "field:gift_cards 5.00"]);
    for none in [json!([]), json!({}), json!(null), json!(""), json!(false), json!([{"amount": 0}])] {
        assert!(paid_by(&rule, &json!({"gift_cards": none})).unwrap().0.is_empty());
    }
}

#[test]
fn tender_in_metadata() {
    let rule = json!({"plugin": "metadata", "key": "_credit"});
    for value in [
        json!("5.00"),
        json!(5),
        json!(4.999_999_999_999_999),
        json!({"CODE": "5.00"}),
        json!({"CODE": {"amount": 5}}),
        json!({"amount": "5.00", "code": "X"}),
        json!([5]),
        json!([{"amount": "5"}]),
    ] {
        let extra = json!({"total": "6.90", "meta_data": [{"key": "_credit", "value": value}]});
        assert_eq!(paid_by(&rule, &extra).unwrap().0, ["metadata:_credit 5.00"], "{value}");
    }
}

#[test]
fn tender_that_cannot_be_read_parks() {
    let rule = json!({"plugin": "metadata", "key": "_credit"});
    for value in [
        json!("5,00"),
        json!("-5.00"),
        json!("a:1:{s:4:\"CODE\";d:5;}"),
        json!(true),
        json!([{"code": "CANARY"}]),
        json!({"CANARY": []}),
        json!([[5]]),
        json!([null]),
    ] {
        let extra = json!({"meta_data": [{"key": "_credit", "value": value}]});
        let Err(OrderError::Unreadable(error)) = paid_by(&rule, &extra) else { panic!("{value}") };
        assert_eq!(error.code, "bad_tender", "{value}");
        assert!(!error.detail.contains("CANARY"));
    }
}

#[test]
fn tender_as_a_negative_fee() {
    let rule = json!({"plugin": "fee", "name": "Store credit"});
    let fee = |id: u64, name: &str, total: &str, tax: &str| json!({"id": id, "name": name, "total": total, "total_tax": tax});
    let fees = json!([fee(1, "Store credit", "-5.00", "0.00"), fee(2, "Gift wrap", "2.00", "0.00")]);
    let paid = paid_by(&rule, &json!({"total": "8.90", "fee_lines": fees})).unwrap();
    assert_eq!(paid, (vec!["fee:Store credit 5.00".to_owned()], 1));
    let positive = json!([fee(1, "Store credit", "5.00", "0.00")]);
    assert_eq!(paid_by(&rule, &json!({"total": "16.90", "fee_lines": positive})).unwrap(), (vec![], 1));
    let taxed = json!([fee(1, "Store credit", "-5.00", "-0.95")]);
    let Err(OrderError::Unreadable(error)) = paid_by(&rule, &json!({"fee_lines": taxed})) else { panic!() };
    assert_eq!(error.code, "taxed_tender");
}

#[test]
fn unrecognised_tender_breaks_the_totals() {
    let order = read(&json!({"total": "6.90", "gift_cards": [{"amount": "5.00"}]})).unwrap();
    assert_eq!(order.residuals(rust_decimal::Decimal::new(10, 2)).unwrap_err().part, "net");
}

#[test]
fn an_order_prints_nothing_personal() {
    let person = json!({"first_name": "Ada Canary", "email": "canary@example.com", "phone": "canary", "city": "Canary"});
    let body = with(&json!({"billing": person, "shipping": person, "customer_note": "canary"}));
    let wire: WireOrder = serde_json::from_slice(&body).unwrap();
    let order = order(&store(&json!({})), OrderId(4711), &body).unwrap();
    for shown in [format!("{wire:?}"), format!("{order:?}")] {
        assert!(!shown.to_lowercase().contains("canary"), "{shown}");
    }
}
