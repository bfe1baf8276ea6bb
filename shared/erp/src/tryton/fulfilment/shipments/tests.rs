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
fn units_are_those_that_are_sold() {
    let unit =
        |id: u64, factor: f64, rate: f64| json!({"id": id, "factor": factor, "rate": rate, "digits": 0});
    let product =
        json!({"code": "EGGS", "default_uom": unit(1, 1.0, 1.0), "sale_uom": unit(2, 12.0, 0.083_333)});
    let one = |state: &str, quantity: f64| {
        let one = json!({
            "origin": "sale.line,1", "state": state, "internal_quantity": quantity, "product": product,
            "package": null,
        });
        let one: Move = serde_json::from_value(one).unwrap();
        one.delivered(Some(7)).unwrap().map(|line| (line.line, line.item, line.quantity.to_string()))
    };
    assert_eq!(one("done", 36.0), Some((Some(7), "EGGS".to_owned(), "3".to_owned())));
    assert_eq!(one("assigned", 6.0), Some((Some(7), "EGGS".to_owned(), "0.5".to_owned())));
    assert_eq!((one("cancelled", 36.0), one("draft", 0.0)), (None, None));
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
