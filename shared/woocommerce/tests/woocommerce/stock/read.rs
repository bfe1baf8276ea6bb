//! Products against a real server on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::response::Response;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::ports::{Adjustment, Change, Shop, ShopItem, ShopProduct, ShopStock};

use weir_testkit::FakeClock;
use weir_woocommerce::client::ShopClient;
use weir_woocommerce::stock::batch;

use crate::common::{ShopServer, answer, client, client_at, ok, outcome};

fn skus<const N: usize>(skus: [&str; N]) -> Vec<ShopItem> {
    skus.map(|sku| ShopItem::Sku(sku.to_owned())).to_vec()
}

fn product(id: u64, sku: &str, parent: u64) -> Value {
    let kind = if parent == 0 { "simple" } else { "variation" };
    json!({
        "id": id, "type": kind, "parent_id": parent, "status": "publish", "sku": sku,
        "manage_stock": true, "stock_quantity": id, "backorders_allowed": false,
    })
}

/// A shop of products (id, SKU, parent) that lists, filters and pages as
/// WooCommerce does, and says how many pages there are if `told`.
fn shop(
    products: Vec<(u64, &'static str, u64)>,
    told: bool,
) -> impl Fn(&str, &BTreeMap<String, String>) -> Response<Body> {
    move |path, query| {
        let below = path.strip_prefix("/sub/wp-json/wc/v3/products/");
        let family = below.and_then(|below| below.strip_suffix("/variations")?.parse::<u64>().ok());
        if let Some(id) = below.filter(|_| family.is_none()) {
            let found = products.iter().find(|(known, ..)| known.to_string() == id);
            return found.map_or_else(gone, |(id, sku, parent)| ok(&product(*id, sku, *parent)));
        }
        let asked = |name: &str| query.get(name).filter(|list| !["", "0"].contains(&list.as_str()));
        let is_in = |list: &String, value: &str| list.split(',').any(|part| part == value) || list == value;
        let found: Vec<Value> = products
            .iter()
            .filter(|(_, sku, _)| asked("sku").is_none_or(|list| is_in(list, sku)))
            .filter(|(id, _, parent)| {
                let listed = |list| *parent == family.unwrap_or(0) && is_in(list, &id.to_string());
                asked("include").is_none_or(listed)
            })
            .map(|(id, sku, parent)| product(*id, sku, *parent))
            .collect();
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let size = number("per_page");
        let page = found.iter().skip((number("page") - 1) * size).take(size).cloned().collect();
        let mut listed = ok(&Value::Array(page));
        if told {
            let pages = found.len().div_ceil(size).to_string();
            listed.headers_mut().insert("x-wp-totalpages", pages.parse().unwrap());
        }
        listed
    }
}

fn gone() -> Response<Body> {
    let body =
        r#"{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":404}}"#;
    answer(404, "application/json", body)
}

fn ids(products: &[ShopProduct]) -> Vec<u64> {
    products.iter().map(|product| product.id).collect()
}

#[tokio::test]
async fn products_are_listed_by_sku_with_all_their_namesakes() {
    let server =
        ShopServer::start(shop(vec![(1, "A", 0), (2, "B", 9), (3, "B", 0), (4, "C", 0)], true)).await;
    let found = server.client().products(&skus(["B", "NOPE", "A", "A"])).await.unwrap();
    assert_eq!(ids(&found), [1, 2, 3]);
    assert_eq!((found[0].parent, found[1].parent), (None, Some(9)));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    asked[0].was(
        "products",
        &[
            ("sku", "A,B,NOPE"),
            ("status", "any"),
            ("orderby", "id"),
            ("order", "asc"),
            ("per_page", "100"),
            ("page", "1"),
            ("_fields", "id,type,parent_id,status,sku,manage_stock,stock_quantity,backorders_allowed"),
        ],
    );
}

#[test]
fn the_noise_of_floats_is_no_quantity() {
    let listed = |quantity: &str| {
        let body = format!(r#"[{{"id":1,"sku":"A","manage_stock":true,"stock_quantity":{quantity}}}]"#);
        weir_woocommerce::stock::products(body.as_bytes()).unwrap().remove(0).unwrap()
    };
    for (written, read) in [
        ("12.300000000000001", "12.3"),
        ("-0.30000000000000004", "-0.3"),
        ("4.999999999999999", "5"),
        ("1e-9", "0"),
        ("4.250000", "4.25"),
    ] {
        let quantity = listed(written).quantity.unwrap();
        assert_eq!(quantity.to_string(), read, "{written}");
        let change = Change::By(Decimal::from(7) - quantity);
        assert!(batch(&[Adjustment { id: 1, parent: None, change }]).is_ok(), "{written}");
    }
}

#[tokio::test]
async fn nothing_asked_is_nothing_found() {
    let server = ShopServer::start(shop(vec![(1, "A", 0)], true)).await;
    assert_eq!(server.client().products(&[]).await.unwrap(), []);
    assert_eq!(server.client().products(&skus([""])).await.unwrap(), [], "it would list everything");
    let long = "x".repeat(6_000);
    assert_eq!(server.client().products(&skus([&long])).await.unwrap(), [], "it fits into no address");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn more_products_than_fit_on_a_page_are_all_found() {
    for told in [true, false] {
        let products: Vec<_> = (1..=230).map(|id| (id, "TWIN", 0)).collect();
        let server = ShopServer::start(shop(products, told)).await;
        let found = server.client().products(&skus(["TWIN"])).await.unwrap();
        assert_eq!(ids(&found), (1..=230).collect::<Vec<_>>(), "pages told: {told}");
        assert_eq!(server.asked().len(), 3);
    }
    let full: Vec<_> = (1..=100).map(|id| (id, "TWIN", 0)).collect();
    let server = ShopServer::start(shop(full, true)).await;
    assert_eq!(server.client().products(&skus(["TWIN"])).await.unwrap().len(), 100);
    assert_eq!(server.asked().len(), 1, "the shop says that there is no other page");
}

#[tokio::test]
async fn a_shop_that_lists_without_end_is_not_followed() {
    let products: Vec<_> = (1..=1_001).map(|id| (id, "TWIN", 0)).collect();
    let server = ShopServer::start(shop(products, true)).await;
    assert_eq!(outcome(&server.client().products(&skus(["TWIN"])).await), "unknown");
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn a_sku_with_a_comma_is_asked_for_alone_and_zero_is_a_sku() {
    let all = vec![(1, "A", 0), (2, "A,B", 0), (3, "B", 0), (4, "0", 0), (5, "C", 0)];
    let server = ShopServer::start(shop(all, true)).await;
    let found = server.client().products(&skus(["A,B", "C"])).await.unwrap();
    assert_eq!(ids(&found), [2, 5], "its parts are other products");
    assert_eq!(server.asked().len(), 2);
    let zero = server.client().products(&skus(["0"])).await.unwrap();
    assert_eq!(ids(&zero), [4]);
    assert_eq!(server.asked()[2].query["sku"], "0,0", "a lone zero is no filter to PHP");
}

#[tokio::test]
async fn long_lists_are_split_before_the_address_is_too_long() {
    let long: Vec<ShopItem> =
        (0..100).map(|n| ShopItem::Sku(format!("Ölfass {n:03} {}", "ß".repeat(60)))).collect();
    let server = ShopServer::start(|_, query| {
        let list = query["sku"].split(',').enumerate();
        ok(&list
            .map(|(n, sku)| product(sku[8..11].parse::<u64>().unwrap() * 1_000 + n as u64 + 1, sku, 0))
            .collect())
    })
    .await;
    let found = server.client().products(&long).await.unwrap();
    let asked = server.asked();
    assert_eq!(found.len(), 100, "each once");
    assert!(asked.len() > 5, "{} requests", asked.len());
    for asked in &asked {
        let address =
            url::Url::parse_with_params("https://shop.example.com/wp-json/wc/v3/products", &asked.query);
        assert!(address.unwrap().as_str().len() < 6_000);
    }
    let many: Vec<ShopItem> = (0..250).map(|n| ShopItem::Sku(format!("{n:03}"))).collect();
    let server = ShopServer::start(|_, _| ok(&json!([]))).await;
    assert_eq!(server.client().products(&many).await.unwrap(), []);
    let lists: Vec<usize> =
        server.asked().iter().map(|asked| asked.query["sku"].split(',').count()).collect();
    assert_eq!(lists, [100, 100, 50]);
}

#[tokio::test]
async fn ids_are_listed_and_what_is_no_product_is_read_singly() {
    let all = vec![(1, "A", 0), (2, "B", 9), (3, "", 0), (4, "D", 0)];
    let server = ShopServer::start(shop(all, true)).await;
    let items =
        [ShopItem::Sku("D".into()), ShopItem::Id(2), ShopItem::Id(3), ShopItem::Id(4), ShopItem::Id(99)];
    let found = server.client().products(&items).await.unwrap();
    assert_eq!(ids(&found), [4, 3, 2], "one that is asked for twice is given once");
    let mut asked: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    // Some at once.
    asked.sort();
    let base = "/sub/wp-json/wc/v3/products";
    assert_eq!(asked, [base.to_owned(), base.to_owned(), format!("{base}/2"), format!("{base}/99")]);
    assert_eq!(server.asked()[1].query["include"], "2,3,4,99");
    let one = server.client().products(&[ShopItem::Id(1)]).await.unwrap();
    assert_eq!(ids(&one), [1]);
    assert_eq!(server.asked().len(), 5, "a single one is not listed first");
}

/// The requests of a call: the last part of the path and the list.
async fn asked_for(server: &ShopServer, client: &ShopClient, items: &[ShopItem]) -> (Vec<u64>, Vec<String>) {
    let before = server.asked().len();
    let mut found = ids(&client.products(items).await.unwrap());
    found.sort_unstable();
    let asked = server.asked().split_off(before).into_iter().map(|asked| {
        let path = asked.path.trim_start_matches("/sub/wp-json/wc/v3/").to_owned();
        let list = asked.query.get("sku").or_else(|| asked.query.get("include"));
        list.map_or_else(|| path.clone(), |list| format!("{path}: {list}"))
    });
    let mut asked: Vec<String> = asked.collect();
    asked.sort();
    (found, asked)
}

#[tokio::test]
async fn a_variation_is_read_singly_once_and_then_in_lists() {
    // Two variations without a SKU show their parent's.
    let all = vec![(1, "A", 0), (2, "B", 9), (3, "C", 9), (8, "P", 0), (4, "P", 8), (5, "P", 8)];
    let server = ShopServer::start(shop(all, true)).await;
    let client = server.client();
    let items = [1, 2, 3, 4, 5].map(ShopItem::Id);
    let first = asked_for(&server, &client, &items).await;
    let singly = ["products/2", "products/3", "products/4", "products/5", "products: 1,2,3,4,5"];
    assert_eq!(first, (vec![1, 2, 3, 4, 5], singly.map(str::to_owned).to_vec()));
    let (found, asked) = asked_for(&server, &client, &items[..3]).await;
    assert_eq!((found, asked), (vec![1, 2, 3], vec!["products/1".to_owned(), "products: B,C".into()]));
}

#[tokio::test]
async fn a_variation_without_a_sku_is_listed_under_its_parent() {
    let own = |id: u64| json!({"id": id, "sku": "P", "manage_stock": true, "stock_quantity": id, "status": "publish"});
    let server = ShopServer::start(move |path, query| {
        let (path, listed) = (path.trim_start_matches("/sub/wp-json/wc/v3/"), query.get("include"));
        match (path, listed) {
            // As recorded: without type and parent.
            ("products/8/variations", Some(_)) => ok(&json!([own(4), own(5)])),
            ("products", _) => ok(&json!([])),
            ("products/4", _) => ok(&product(4, "P", 8)),
            ("products/5", _) => ok(&product(5, "P", 8)),
            _ => gone(),
        }
    })
    .await;
    let client = server.client();
    let items = [4, 5, 6].map(ShopItem::Id);
    asked_for(&server, &client, &items).await;
    let found = client.products(&items[..2]).await.unwrap();
    assert_eq!(found.iter().map(super::shown).collect::<Vec<_>>(), [r#"8/4 "P" 4"#, r#"8/5 "P" 5"#]);
    let (found, asked) = asked_for(&server, &client, &items[..2]).await;
    assert_eq!((found, asked), (vec![4, 5], vec!["products/8/variations: 4,5".into(), "products: P".into()]));
}

#[tokio::test]
async fn what_was_learned_of_a_variation_is_not_believed() {
    let renamed = Arc::new(AtomicBool::new(false));
    let (before, after) =
        (shop(vec![(2, "B", 9), (3, "C", 9)], true), shop(vec![(2, "B-2", 9), (7, "B", 0)], true));
    let now = Arc::clone(&renamed);
    let server =
        ShopServer::start(
            move |path, query| {
                if now.load(Ordering::SeqCst) { after(path, query) } else { before(path, query) }
            },
        )
        .await;
    let client = server.client();
    let items = [2, 3].map(ShopItem::Id);
    assert_eq!(asked_for(&server, &client, &items).await.0, [2, 3]);
    renamed.store(true, Ordering::SeqCst);
    assert_eq!(asked_for(&server, &client, &items).await.0, [2], "its SKU is another's, and 3 is gone");
}

#[tokio::test]
async fn a_slow_shop_is_asked_singly_for_a_while_and_the_next_call_goes_on() {
    let clock = Arc::new(FakeClock::default());
    let (slow, all) = (Arc::clone(&clock), shop((1..=40).map(|id| (id, "V", 900 + id)).collect(), true));
    let server = ShopServer::start(move |path, query| {
        slow.advance(SignedDuration::from_secs(1));
        // Each has a SKU of its own.
        match path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok()) {
            Some(id) => ok(&product(id, &format!("V-{id}"), 900 + id)),
            None if query.contains_key("sku") => {
                let skus = query["sku"].split(',');
                let ids = skus.filter_map(|sku| sku.strip_prefix("V-")?.parse().ok());
                ok(&ids.map(|id: u64| product(id, &format!("V-{id}"), 900 + id)).collect())
            }
            None => all(path, query),
        }
    })
    .await;
    let client = client_at(server.url(), clock);
    let items: Vec<ShopItem> = (1..=40).map(ShopItem::Id).collect();
    let mut calls = 1;
    while outcome(&client.products(&items).await) != "done" {
        assert!(server.asked().len() <= 20 * calls, "{} requests in {calls} calls", server.asked().len());
        calls += 1;
    }
    assert!((2..=5).contains(&calls), "{calls}");
    let before = server.asked().len();
    assert_eq!(client.products(&items).await.unwrap().len(), 40);
    assert_eq!(server.asked().len(), before + 1);
}

#[tokio::test]
async fn products_that_cannot_be_read_are_not_absent_ones() {
    for (status, body, expected) in [
        (500, "{}", "retry"),
        (401, "{}", "blocked"),
        (200, "<br />[]", "retry"),
        (200, "{}", "retry"),
        (200, r#"[{"sku":"A"}]"#, "unknown"),
        (200, r#"[{"id":1,"sku":"A","type":"variation"}]"#, "unknown"),
        (200, "[[]]", "unknown"),
    ] {
        let server = ShopServer::start(move |_, _| answer(status, "application/json", body)).await;
        assert_eq!(outcome(&server.client().products(&skus(["A"])).await), expected, "{status} {body}");
    }
    // One of several requests is enough.
    let server =
        ShopServer::start(|path, query| match (path.ends_with('7'), query.contains_key("include")) {
            (true, _) => answer(502, "text/html", ""),
            (false, _) => ok(&json!([])),
        })
        .await;
    let items = [ShopItem::Id(5), ShopItem::Id(7)];
    let found = server.client().products(&items[1..]).await;
    assert_eq!(outcome(&found), "retry");
}

#[tokio::test]
async fn the_shops_wish_is_heard_by_a_read_of_stock() {
    let server = ShopServer::start(|_, _| {
        let mut answer = answer(429, "application/json", "{}");
        answer.headers_mut().insert("retry-after", "7".parse().unwrap());
        answer
    })
    .await;
    let error = server.client().products(&skus(["A"])).await.unwrap_err();
    let weir_domain::outcome::CallError::RetrySoon { after, .. } = error else { panic!("{error:?}") };
    assert_eq!(after, Some(SignedDuration::from_secs(7)));
    assert_eq!(server.asked().len(), 1, "one attempt");
}

/// The two sides of the client are one shop.
#[tokio::test]
async fn nobody_at_the_door_of_either_side() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client(&url);
    assert_eq!(outcome(&client.products(&skus(["A"])).await), "retry");
    assert_eq!(outcome(&client.sales_after("2026-11-23T19:00:00Z".parse().unwrap(), 1).await), "retry");
    assert!(client.order(weir_domain::id::OrderId(1)).await.is_err());
}
