//! What a connector that publishes stock asks of the shop.

use serde_json::{Value, json};

use crate::common::TestShop;

async fn open() -> TestShop {
    TestShop::open(json!({})).await
}

/// The listing of sales: orders that changed after a second of 19:30.
async fn sales(shop: &TestShop, after: u32, page: u32) -> Vec<Value> {
    let query = format!(
        "orders?status=any&modified_after=2026-11-23T19:30:{after:02}&dates_are_gmt=true&orderby=modified\
         &order=asc&per_page=100&page={page}&_fields=id,status,date_created_gmt,date_modified_gmt,line_items"
    );
    shop.get(&query).await.as_array().unwrap().clone()
}

fn reduced(order: &Value) -> Vec<Option<String>> {
    let of = |line: &Value| {
        let meta = line["meta_data"].as_array()?.iter().find(|meta| meta["key"] == "_reduced_stock")?;
        meta["value"].as_str().map(str::to_owned)
    };
    order["line_items"].as_array().unwrap().iter().map(of).collect()
}

fn taken<const N: usize>(units: [Option<&str>; N]) -> Vec<Option<String>> {
    units.map(|units| units.map(str::to_owned)).to_vec()
}

fn ids(listed: &[Value]) -> Vec<u64> {
    listed.iter().map(|listed| listed["id"].as_u64().unwrap()).collect()
}

/// `POST _control/orders?created_via=checkout`: a customer buys.
async fn sell(shop: &TestShop, lines: Value, paid: bool) -> u64 {
    let order = json!({ "payment_method": "stripe", "set_paid": paid, "line_items": lines });
    shop.control("POST", "orders?created_via=checkout", Some(order)).await["id"].as_u64().unwrap()
}

#[tokio::test]
async fn a_sale_lowers_stock_and_is_listed_with_what_it_took() {
    let shop = open().await;
    let lines = json!([
        { "sku": "MUG-L", "quantity": 2 },
        { "product_id": 16, "variation_id": 17, "quantity": 1 },
        { "product_id": 16, "variation_id": 19, "quantity": 3 },
        { "product_id": 12, "quantity": 1 },
    ]);
    shop.advance(5).await;
    let paid = sell(&shop, lines, true).await;
    shop.advance(5).await;
    let unpaid = sell(&shop, json!([{ "product_id": 10, "quantity": 4 }]), false).await;
    let stock = shop.control("GET", "state", None).await["stock"].clone();
    for (sku, left) in [("MUG-L", 4998), ("TEE-S-R", 2499), ("TEE", 397), ("TEE-L-G", 397)] {
        assert_eq!(stock[sku], left, "{sku}");
    }
    let listed = sales(&shop, 0, 1).await;
    assert_eq!(ids(&listed), [paid, unpaid], "oldest change first");
    assert_eq!(
        reduced(&listed[0]),
        taken([Some("2"), Some("1"), Some("3"), None]),
        "gift wrap is not counted"
    );
    assert_eq!(reduced(&listed[1]), taken([None]));
    let fields: Vec<_> = listed[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["date_created_gmt", "date_modified_gmt", "id", "line_items", "status"]);
    assert_eq!(ids(&sales(&shop, 5, 1).await), [unpaid], "exclusive, in whole seconds");
}

#[tokio::test]
async fn what_was_taken_follows_status_refund_and_trash() {
    let shop = open().await;
    let order = sell(&shop, json!([{ "product_id": 10, "quantity": 3 }]), true).await;
    let path = format!("orders/{order}");
    let line = shop.get(&path).await["line_items"][0]["id"].clone();
    let refund = json!({
        "amount": "14.90", "api_refund": false, "api_restock": true,
        "line_items": [{ "id": line, "quantity": 1, "refund_total": 12.52 }],
    });
    shop.advance(1).await;
    shop.post(&format!("{path}/refunds"), refund).await;
    assert_eq!(reduced(&sales(&shop, 0, 1).await[0]), taken([Some("2")]), "a restocking refund");
    for (second, status, units) in
        [(1, "cancelled", None), (2, "processing", Some("3")), (3, "failed", Some("3"))]
    {
        shop.advance(1).await;
        shop.control("POST", &format!("{path}/status"), Some(json!({ "status": status }))).await;
        let listed = sales(&shop, second, 1).await;
        assert_eq!((listed[0]["status"].as_str(), reduced(&listed[0])), (Some(status), taken([units])));
    }
    shop.advance(1).await;
    shop.rest("DELETE", &path, None).await.ok();
    assert_eq!(sales(&shop, 0, 1).await, Vec::<Value>::new(), "the trash is listed for itself");
    assert_eq!(shop.get("products/10").await["stock_quantity"], 4997, "and gives nothing back");
}

#[tokio::test]
async fn sales_are_paged() {
    let shop = open().await;
    shop.advance(1).await;
    shop.control("POST", "orders/place", Some(json!({ "count": 130, "kinds": ["card", "cod"] }))).await;
    let (first, second) = (sales(&shop, 0, 1).await, sales(&shop, 0, 2).await);
    assert_eq!((first.len(), second.len()), (100, 30));
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    assert_eq!(sales(&shop, 0, 3).await.len(), 0);
}

#[tokio::test]
async fn deltas_work_on_both_batch_endpoints_and_where_nobody_counts_they_do_not() {
    let shop = open().await;
    let products = json!({ "update": [
        { "id": 10, "inventory_delta": -2 }, { "id": 16, "inventory_delta": 5 }, { "id": 12, "inventory_delta": 5 },
    ] });
    let answer = shop.post("products/batch", products).await;
    let quantities = |answer: &Value| {
        let items = answer["update"].as_array().unwrap().iter();
        items.map(|item| item["stock_quantity"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(quantities(&answer), [json!(4998), json!(405), Value::Null]);
    let variations =
        json!({ "update": [{ "id": 17, "inventory_delta": 4 }, { "id": 19, "inventory_delta": -9 }] });
    let answer = shop.post("products/16/variations/batch", variations).await;
    assert_eq!(quantities(&answer), [json!(2504), json!(405)], "one takes the parent's: ignored");
    let fields = shop
        .post("products/batch?_fields=id", json!({ "update": [{ "id": 10, "inventory_delta": -1 }] }))
        .await;
    assert_eq!((fields, shop.get("products/10").await["stock_quantity"].clone()), (json!([]), json!(4997)));
}

#[tokio::test]
async fn a_list_of_skus_is_split_and_taken_as_a_whole() {
    let shop = open().await;
    let cable = json!({ "name": "Cable", "type": "simple", "sku": "CABLE 1,5M", "manage_stock": true, "stock_quantity": 7 });
    shop.post("products", cable).await;
    let listed = async |sku: &str| {
        let found =
            shop.get(&format!("products?status=any&orderby=id&order=asc&_fields=sku&sku={sku}")).await;
        let found = found.as_array().unwrap().iter().map(|p| p["sku"].as_str().unwrap().to_owned());
        found.collect::<Vec<_>>()
    };
    assert_eq!(listed("CABLE 1,5M").await, ["CABLE 1,5M"]);
    assert_eq!(listed("MUG-L,CABLE 1,5M").await, ["MUG-L"], "its parts are no SKUs");
    assert_eq!(listed("TEE-L-G,MUG-L,NOPE").await, ["MUG-L", "TEE-L-G"]);
    assert_eq!(listed("0").await.len(), 10, "no filter to PHP: a page of everything");
    assert_eq!(listed("0,0").await.len(), 0);
    shop.rest("DELETE", "products/10", None).await.ok();
    assert_eq!(listed("MUG-L,MUG-S").await, ["MUG-S"], "not the trash");
}

#[tokio::test]
async fn a_checkout_that_looks_at_the_stock_sells_no_more_than_there_is() {
    let shop = open().await;
    let product = &shop.get("products?sku=MUG-L").await[0];
    let (id, shown) = (product["id"].as_u64().unwrap(), product["stock_quantity"].as_u64().unwrap());
    let buy = |quantity: u64| json!({ "line_items": [{ "product_id": id, "quantity": quantity }], "set_paid": true });
    let path = "orders?created_via=checkout&in_stock=1";
    assert_eq!(shop.control_raw("POST", path, Some(buy(shown + 1))).await.status, 409);
    assert!(shop.control("POST", path, Some(buy(shown))).await["id"].as_u64().is_some());
    assert_eq!(shop.get("products?sku=MUG-L").await[0]["stock_quantity"], 0);
    assert_eq!(shop.control_raw("POST", path, Some(buy(1))).await.status, 409);
}
