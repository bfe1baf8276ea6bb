use serde_json::json;

use super::*;

#[test]
fn a_package_is_in_the_outermost_one() {
    let parents = |pairs: &[(u64, Option<u64>)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
    let nested = parents(&[(1, None), (2, Some(1)), (3, Some(2)), (4, None)]);
    assert_eq!([1, 2, 3, 4].map(|id| root(id, &nested)), [1, 1, 1, 4]);
    assert_eq!(root(9, &nested), 9, "one that is not listed");
    // No Tryton has it; a look at one must end.
    assert!([1, 2].contains(&root(1, &parents(&[(1, Some(2)), (2, Some(1))]))));
}

#[test]
fn units_are_those_of_the_line() {
    let piece = json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0});
    let dozen = json!({"id": 2, "factor": 12.0, "rate": 0.083_333, "digits": 2});
    let line = SoldLine { of: Some(7), unit: serde_json::from_value(dozen.clone()).unwrap() };
    let one = |state: &str, quantity: f64, unit: &serde_json::Value| {
        let one = json!({
            "origin": "sale.line,1", "state": state, "quantity": quantity, "unit": unit,
            "product": {"code": "EGGS"}, "package": null,
        });
        let one: Move = serde_json::from_value(one).unwrap();
        let delivered = one.delivered(1, &line, &mut Shares::default()).unwrap();
        delivered.map(|line| (line.line, line.item, line.quantity.to_string()))
    };
    let eggs = |quantity: &str| Some((Some(7), "EGGS".to_owned(), quantity.to_owned()));
    assert_eq!(one("done", 36.0, &piece), eggs("3"));
    assert_eq!(one("assigned", 6.0, &piece), eggs("0.5"));
    assert_eq!(one("done", 36.0, &dozen), eggs("36"));
    assert_eq!((one("cancelled", 36.0, &dozen), one("draft", 0.0, &piece)), (None, None));
}

#[test]
fn a_link_is_a_whole_https_address() {
    let link = |url: Option<&str>| {
        let package =
            json!({"id": 1, "parent": null, "shipping_reference": null, "shipping_tracking_url": url});
        serde_json::from_value::<Package>(package).unwrap().link()
    };
    let whole = "https://ups.example/track?n=1Z9";
    assert_eq!(link(Some(whole)).as_deref(), Some(whole));
    for url in [
        None,
        Some(""),
        Some("http://ups.example/1Z9"),
        Some("javascript:alert(1)"),
        Some("ups.example"),
        Some("https://"),
    ] {
        assert_eq!(link(url), None, "{url:?}");
    }
}

#[test]
fn references_are_of_one_model() {
    assert_eq!(reference("sale.sale,17", "sale.sale"), Some(17));
    for text in ["sale.sale", "sale.sale,", "sale.sale,-1", "sale.sale.x,17", "stock.shipment.out.return,17"]
    {
        assert_eq!(reference(text, "sale.sale").or(reference(text, "stock.shipment.out")), None, "{text}");
    }
}
