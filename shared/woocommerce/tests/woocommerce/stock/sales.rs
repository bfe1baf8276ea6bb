//! Sales against a real server on loopback.

use serde_json::{Value, json};
use weir_domain::ports::ShopStock;

use crate::common::{ShopServer, answer, ok, outcome};

fn sale() -> Value {
    json!({
        "id": 25, "status": "processing", "date_created_gmt": "2026-11-23T19:41:08",
        "date_modified_gmt": "2026-11-23T19:43:20", "line_items": [
            {"id": 1, "product_id": 10, "variation_id": 0, "quantity": 2, "sku": "MUG-L",
             "meta_data": [{"key": "_reduced_stock", "value": "2.0000000000000004"}]},
        ],
    })
}

#[tokio::test]
async fn sales_are_asked_for_in_gmt() {
    let server = ShopServer::start(|_, _| ok(&json!([sale()]))).await;
    let after = "2026-11-23T19:00:09.75Z".parse().unwrap();
    let page = server.client().sales_after(after, 0).await.unwrap();
    assert_eq!(super::shown_sale(&page.sales[0]), "25 processing after 132 s: 1 10/0 \"MUG-L\" 2 of 2");
    assert_eq!(page.answered_at, Some("2026-11-23T19:59:58Z".parse().unwrap()));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    asked[0].was(
        "orders",
        &[
            ("status", "any"),
            ("modified_after", "2026-11-23T19:00:09"),
            ("dates_are_gmt", "true"),
            ("orderby", "modified"),
            ("order", "asc"),
            ("per_page", "100"),
            ("page", "1"),
            ("_fields", "id,status,date_created_gmt,date_modified_gmt,line_items"),
        ],
    );
}

#[tokio::test]
async fn sales_that_cannot_be_read_are_not_no_sales() {
    for (status, body, expected) in [
        (500, "{}", "retry"),
        (403, "{}", "blocked"),
        (200, r#"{"code":"x"}"#, "retry"),
        (200, "[[]]", "unknown"),
        (200, r#"[{"id":1,"status":"processing","line_items":[]}]"#, "unknown"),
    ] {
        let server = ShopServer::start(move |_, _| answer(status, "application/json", body)).await;
        let sales = server.client().sales_after("2026-11-23T19:00:00Z".parse().unwrap(), 1).await;
        assert_eq!(outcome(&sales), expected, "{status} {body}");
    }
}
