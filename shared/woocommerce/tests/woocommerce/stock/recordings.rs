//! What was recorded of products, batches and orders. Read in place; announced
//! when absent.

use rust_decimal::Decimal;
use serde_json::Value;
use weir_domain::ports::{Adjusted, Adjustment, Change, Managed, ShopItem, ShopProduct, ShopStock};
use weir_testkit::recordings::{self, RestCall};
use weir_woocommerce::stock::{adjusted, batch, product, products, sales};

use super::{by, decimal, shown, shown_echo};
use crate::common::{bytes, outcome};
use crate::recordings::{canonicalise, documents, is_order, say, served};

/// The recordings of these names; all of them have to be there.
fn calls<const N: usize>(names: [&str; N]) -> Option<[RestCall; N]> {
    let calls = recordings::rest_calls()?;
    let find = |name| {
        calls.iter().find(|call| call.name == name).unwrap_or_else(|| panic!("{name} is lost")).clone()
    };
    Some(names.map(find))
}

/// What of a recorded batch could be asked for at all.
fn adjustments(call: &RestCall, parent: Option<u64>) -> Vec<Adjustment> {
    let of = |item: &Value| {
        let change = match (decimal(&item["inventory_delta"]), decimal(&item["stock_quantity"])) {
            (Some(delta), _) => Change::By(delta),
            (None, quantity) => Change::To(quantity.unwrap_or_default()),
        };
        Adjustment { id: item["id"].as_u64().unwrap_or_default(), parent, change }
    };
    call.request.body["update"].as_array().unwrap().iter().map(of).collect()
}

fn echoes(call: &RestCall, parent: Option<u64>) -> Vec<String> {
    let answers = adjusted(&adjustments(call, parent), &bytes(&call.body)).unwrap();
    answers.iter().map(shown_echo).collect()
}

#[tokio::test]
async fn deltas_are_sent_and_read_as_they_were() {
    let Some(both) = calls(["products-batch-inventory-delta", "variations-batch-inventory-delta"]) else {
        return;
    };
    let expected: [&[&str]; 2] =
        [&[r#"129 "BULK-080" 21"#, r#"121 "BULK-072" 28"#], &[r#"16/17 "TEE-S-R" 9"#]];
    for ((call, parent), expected) in both.iter().zip([None, Some(16)]).zip(expected) {
        let server = served(call).await;
        let answers = server.client().adjust(&adjustments(call, parent)).await.unwrap();
        assert_eq!(answers.iter().map(shown_echo).collect::<Vec<_>>(), expected, "{}", call.name);
        let asked = &server.asked()[0];
        assert_eq!(
            (&asked.method, asked.path.strip_prefix("/sub")),
            (&call.request.method, Some(&*call.request.path))
        );
        assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), call.request.body, "{}", call.name);
    }
}

#[test]
fn items_fail_and_are_ignored_each_for_itself() {
    let Some([partial, variations]) = calls(["products-batch-partial", "variations-batch-partial"]) else {
        return;
    };
    // Two of its items had no id, which cannot be asked for.
    let asked = adjustments(&partial, None);
    let whole = adjusted(&asked, &bytes(&partial.body));
    assert_eq!(outcome(&whole), "unknown");
    let answers = partial.body["update"].as_array().unwrap();
    let (asked, answers): (Vec<_>, Vec<_>) =
        asked.iter().zip(answers).filter(|(asked, _)| asked.id != 0).unzip();
    let asked: Vec<Adjustment> = asked.into_iter().cloned().collect();
    let read = adjusted(&asked, &bytes(&serde_json::json!({ "update": answers }))).unwrap();
    assert_eq!(
        read.iter().map(shown_echo).collect::<Vec<_>>(),
        [
            r#"10 "MUG-L" 100"#,
            "refused: woocommerce_rest_product_invalid_id (400)",
            // "many".
            r#"11 "BOOK-1" 0, backorders"#,
            r#"12 "WRAP" not managed ?"#,
            "refused: woocommerce_rest_invalid_product_id (404)",
            "refused: product_invalid_sku (400)",
            r#"15 "M3/BOX 100" 990"#,
        ]
    );
    assert_eq!(
        echoes(&variations, Some(16)),
        [
            r#"16/17 "TEE-S-R" 5"#,
            r#"16/18 "TEE-M-G" 2"#,
            r#"16/10 "MUG-L" 1"#,
            r#"16/19 "TEE-L-G" the parent's 39"#
        ]
    );
}

/// The echo of a product that is no variation of the parent looks like one of
/// a variation; when it is read again it is none.
#[test]
fn a_foreign_variation_is_found_out_when_it_is_read() {
    let Some([foreign]) = calls(["product-get-after-variation-batch-with-product-id"]) else { return };
    assert_eq!(foreign.body["parent_id"], 16);
    let read = product(10, &bytes(&foreign.body)).unwrap().unwrap();
    assert_eq!((read.parent, read.quantity), (None, Some(Decimal::from(101))), "{}", shown(&read));
}

#[test]
fn coerced_values_cannot_be_sent_and_are_seen_in_the_echo() {
    let Some([coercion, twice]) = calls(["products-batch-coercion", "products-batch-same-id-twice"]) else {
        return;
    };
    let quantities: Vec<_> = adjusted(&adjustments(&coercion, None), &bytes(&coercion.body)).unwrap();
    let shown: Vec<_> = quantities
        .iter()
        .map(|answer| match answer {
            Adjusted::Now(product) => (product.id, product.quantity.unwrap().to_string()),
            Adjusted::Refused { .. } | Adjusted::Impossible => panic!("{answer:?}"),
        })
        .collect();
    // 12.75, "7.9", null and true: three of them no numbers, all of them "done".
    let kept = [(11, "12"), (15, "7"), (13, "9"), (16, "1")];
    assert_eq!(shown[..4], kept.map(|(id, quantity)| (id, quantity.to_owned())));
    let asked = adjustments(&twice, None);
    assert_eq!(outcome(&batch(&asked)), "rejected", "the shop writes both");
    assert_eq!(twice.body["update"][1]["stock_quantity"], 8);
}

#[tokio::test]
async fn a_batch_without_a_whole_answer_is_unknown() {
    let Some(calls) = calls(["products-batch-fields", "products-batch-empty", "products-batch-too-many"])
    else {
        return;
    };
    for (call, expected) in calls.iter().zip(["unknown", "unknown", "blocked"]) {
        let answer = served(call).await.client().adjust(&[by(10, "1")]).await;
        assert_eq!(outcome(&answer), expected, "{}", call.name);
    }
    let many = adjustments(&calls[2], None);
    assert_eq!((many.len(), outcome(&batch(&many))), (101, "rejected"));
}

/// What the class of a recorded failure has to be if it answers a write, by
/// the start of its name.
const CLASSES: [(&str, &str); 8] = [
    ("auth-query-string", "blocked"),
    ("error-401", "blocked"),
    ("error-404-route", "blocked"),
    ("error-404-method", "blocked"),
    ("error-503-maintenance-html", "unknown"),
    ("error-503-maintenance", "blocked"),
    // A 403 of the API's own.
    ("variation-put-wrong-parent", "blocked"),
    ("", "unknown"),
];

/// Every recorded answer that is no batch's, as if it answered one: none of
/// them says that it was done.
#[tokio::test]
async fn no_other_answer_is_taken_for_a_batch() {
    let Some(calls) = recordings::rest_calls() else { return };
    let mut unknown = 0;
    for call in calls.iter().filter(|call| call.status != 200 || !call.body["update"].is_array()) {
        let class = match call.status {
            200 => "unknown",
            413 => "blocked",
            _ => CLASSES.iter().find(|(start, _)| call.name.starts_with(start)).unwrap().1,
        };
        let answer = served(call).await.client().adjust(&[by(4711, "1")]).await;
        assert_eq!(outcome(&answer), class, "{}: {} {answer:?}", call.name, call.status);
        unknown += usize::from(class == "unknown");
    }
    say(&format!("{unknown} answers say nothing about a write"));
    assert!(unknown > 50);
}

async fn found(call: &RestCall) -> Vec<ShopProduct> {
    let skus = call.request.query["sku"].as_str().unwrap();
    let items: Vec<_> = skus.split(',').map(|sku| ShopItem::Sku(sku.to_owned())).collect();
    served(call).await.client().products(&items).await.unwrap()
}

#[tokio::test]
async fn products_are_found_by_sku() {
    let names = ["products-by-sku", "products-by-sku-many", "products-by-sku-none", "products-by-sku-comma"];
    let Some(calls) = calls(names) else { return };
    let expected: [&[(u64, Option<u64>, &str)]; 4] = [
        &[(10, None, "MUG-L")],
        &[(17, Some(16), "TEE-S-R"), (10, None, "MUG-L")],
        &[],
        &[(15, None, "M3/BOX 100")],
    ];
    for (call, expected) in calls.iter().zip(expected) {
        let found = found(call).await;
        let shown: Vec<_> = found.iter().map(|found| (found.id, found.parent, found.sku.as_str())).collect();
        assert_eq!(shown, expected, "{}", call.name);
    }
    let one = found(&calls[0]).await;
    assert_eq!(shown(&one[0]), r#"10 "MUG-L" 115"#);
}

#[tokio::test]
async fn a_product_is_read_by_id() {
    let names = ["product-get-decimal-stock", "product-get-variation-through-products", "error-404-product"];
    let Some([fraction, variation, gone]) = calls(names) else { return };
    let read =
        async |call: &RestCall, id| served(call).await.client().products(&[ShopItem::Id(id)]).await.unwrap();
    let found = read(&fraction, 11).await;
    assert_eq!((found[0].managed, found[0].quantity), (Managed::Yes, Some(Decimal::new(1275, 2))));
    assert_eq!(shown(&read(&variation, 17).await[0]), r#"16/17 "TEE-S-R" 6"#);
    assert_eq!(read(&gone, 999_999).await, []);
}

/// Every recorded product, whatever it answered, says what the document says.
#[test]
fn every_recorded_product_is_read() {
    let Some(calls) = recordings::rest_calls() else { return };
    let mut read = 0;
    for call in calls.iter().filter(|call| call.request.path.contains("/products")) {
        for body in
            documents(call).into_iter().filter(|body| body["type"].is_string() && body["sku"].is_string())
        {
            let listed = products(&bytes(&Value::Array(vec![body.clone()]))).unwrap();
            if body["status"] == "trash" {
                assert_eq!(listed, [None], "{}", call.name);
                continue;
            }
            let found = listed[0].as_ref().unwrap();
            assert_eq!(Some(found.id), body["id"].as_u64(), "{}", call.name);
            assert_eq!(Some(&*found.sku), body["sku"].as_str(), "{}", call.name);
            let is_variation = body["type"] == "variation";
            assert_eq!(found.parent, body["parent_id"].as_u64().filter(|_| is_variation), "{}", call.name);
            if body.get("manage_stock").is_some() {
                assert_eq!(found.quantity, decimal(&body["stock_quantity"]), "{}", call.name);
                assert_eq!(found.managed == Managed::No, body["manage_stock"] == false, "{}", call.name);
            }
            read += 1;
        }
    }
    say(&format!("{read} products of REST answers read"));
    assert!(read > 40);
}

fn reduced_stock(line: &Value) -> Option<Decimal> {
    let meta = line["meta_data"].as_array()?.iter().find(|meta| meta["key"] == "_reduced_stock")?;
    Some(meta["value"].as_str().map(ToOwned::to_owned).unwrap_or(meta["value"].to_string()).parse().unwrap())
}

/// Every recorded order, in a listing of its own: R is what the document says,
/// and the same as in the canonical order.
#[test]
fn every_recorded_order_says_what_it_took() {
    let Some(calls) = recordings::rest_calls() else { return };
    let (mut orders, mut said) = (0, 0);
    for call in calls.iter().filter(|call| call.request.path.contains("/orders")) {
        for body in documents(call).into_iter().filter(|body| is_order(body)) {
            let listed = sales(&bytes(&Value::Array(vec![body.clone()]))).unwrap();
            let canonical = canonicalise(&call.name, body);
            let wire = body["line_items"].as_array().unwrap();
            assert_eq!((listed.len(), listed[0].lines.len()), (1, wire.len()), "{}", call.name);
            assert_eq!((listed[0].order, &listed[0].status), (canonical.key.order, &canonical.status));
            assert_eq!(
                (listed[0].placed_at, listed[0].modified_at),
                (canonical.created_at, canonical.modified_at)
            );
            for ((line, canonical), wire) in listed[0].lines.iter().zip(&canonical.lines).zip(wire) {
                assert_eq!(line.reduced, reduced_stock(wire), "{}", call.name);
                let same = (canonical.id, &canonical.product, canonical.quantity, canonical.reduced_stock);
                assert_eq!((line.id, &line.product, line.quantity, line.reduced), same, "{}", call.name);
                said += usize::from(line.reduced.is_some());
            }
            orders += 1;
        }
    }
    say(&format!("{orders} orders read for stock, {said} lines say what was taken"));
    assert!(orders > 20 && said > 10);
}
