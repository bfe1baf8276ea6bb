//! Parcels by each of the four interfaces, on the stand-in.

use serde_json::{Value, json};
use weir_domain::fulfilment::Parcel;
use weir_domain::id::OrderId;
use weir_domain::ports::Shop;

use super::stand_in::StandIn;
use super::{all_shown, delivered, numbered, parcel, word};

/// What a shop can have for parcels, the best first, and what references to
/// it begin with.
const INTERFACES: [(&str, &str); 4] =
    [("fulfillments", "fulfillment:"), ("shipment_tracking", "tracking:"), ("ast", "ast:"), ("", "meta:")];

fn only(switch: &str) -> Value {
    let mut settings = json!({});
    if !switch.is_empty() {
        settings[switch] = json!(true);
    }
    settings
}

/// A parcel of the shop's own lines.
fn of(shop: &StandIn, id: &str, number: &str) -> Parcel {
    let line = shop.made["line_items"][0]["id"].as_u64();
    Parcel { lines: vec![delivered(line, "2"), delivered(None, "1")], ..numbered(id, number) }
}

/// Whether the interface keeps our marks.
fn is_marked(start: &str) -> bool {
    !matches!(start, "tracking:" | "ast:")
}

#[tokio::test]
async fn a_parcel_is_shown_corrected_and_withdrawn_by_every_interface() {
    for (switch, start) in INTERFACES {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        assert_eq!(client.parcels(order).await.unwrap(), [], "{start}");
        let first = client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap().unwrap();
        assert!(first.starts_with(start), "{first}");
        let second = client.show_parcel(order, None, &of(&shop, "2/2", "1Z8")).await.unwrap().unwrap();
        let mark = |id: &str| if is_marked(start) { id.to_owned() } else { "-".to_owned() };
        assert_eq!(
            all_shown(&client.parcels(order).await.unwrap()),
            [format!("{first} {} 1Z9", mark("2/1")), format!("{second} {} 1Z8", mark("2/2"))]
        );
        let corrected = of(&shop, "2/1", "1Z7");
        let third = client.show_parcel(order, Some(&first), &corrected).await.unwrap().unwrap();
        assert_eq!(third == first, is_marked(start), "a plugin makes a new one");
        let now = client.parcels(order).await.unwrap();
        assert_eq!(now.len(), 2, "{start}");
        let found = now.iter().find(|shown| shown.reference == third).unwrap();
        assert_eq!(found.tracking.as_deref(), Some("1Z7"));
        assert_eq!(found.version, is_marked(start).then(|| corrected.version()));
        for _ in 0..2 {
            client.remove_parcel(order, &third).await.unwrap();
        }
        let left = client.parcels(order).await.unwrap();
        assert_eq!(left.iter().map(|shown| &shown.reference).collect::<Vec<_>>(), [&second], "{start}");
        if start != "meta:" {
            let gone = client.show_parcel(order, Some(&third), &corrected).await.unwrap();
            assert_eq!(gone, None, "{start}: it is not there, and nothing was done");
            assert_eq!(client.parcels(order).await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn the_shop_shows_what_the_erp_said() {
    let shop = StandIn::open(&only("fulfillments")).await;
    shop.client.show_parcel(shop.order, None, &of(&shop, "2/1", "1Z9")).await.unwrap();
    let shown = shop.of_order("/fulfillments").await[0].clone();
    assert_eq!((&shown["status"], &shown["is_fulfilled"]), (&json!("fulfilled"), &json!(true)));
    let meta = |key: &str| {
        let entries = shown["meta_data"].as_array().unwrap();
        entries.iter().find(|entry| entry["key"] == key).unwrap_or_else(|| panic!("{key}"))["value"].clone()
    };
    assert_eq!(meta("_items"), json!([{ "item_id": shop.made["line_items"][0]["id"], "qty": 2 }]));
    assert_eq!(meta("_tracking_url"), "https://ups.example/1Z9");
    assert_eq!((meta("_shipment_provider"), meta("_provider_name")), (json!("other"), json!("UPS")));
    assert_eq!(meta("_weir_shipped"), "2026-11-28");
    for (switch, path) in [("shipment_tracking", "wc-shipment-tracking/v3"), ("ast", "wc-ast/v3")] {
        let shop = StandIn::open(&only(switch)).await;
        shop.client.show_parcel(shop.order, None, &of(&shop, "2/1", "1Z9")).await.unwrap();
        let path = format!("{path}/orders/{}/shipment-trackings", shop.order);
        let shown = shop.rest("GET", &path, None).await[0].clone();
        assert_eq!(shown["tracking_provider"], "UPS");
        assert_eq!(shown["tracking_link"], "https://ups.example/1Z9");
        assert_eq!(shown["date_shipped"], "2026-11-28");
        // Without a link the plugin makes one, since it knows the carrier.
        let plain = Parcel { link: None, ..of(&shop, "2/2", "1Z8") };
        shop.client.show_parcel(shop.order, None, &plain).await.unwrap();
        let shown = shop.rest("GET", &path, None).await[1].clone();
        assert_eq!(shown["tracking_link"], "https://www.ups.com/track?tracknum=1Z8");
        let bike = Parcel { carrier: Some("Bike".to_owned()), ..of(&shop, "2/3", "1Z7") };
        shop.client.show_parcel(shop.order, None, &Parcel { link: None, ..bike }).await.unwrap();
        let shown = shop.rest("GET", &path, None).await[2].clone();
        assert_eq!((&shown["tracking_provider"], &shown["tracking_link"]), (&json!("Bike"), &json!("")));
        assert_eq!(shop.of_order("").await["status"], "processing", "the status is not its business");
    }
}

#[tokio::test]
async fn no_customer_is_mailed_by_the_way() {
    let shop = StandIn::open(&only("fulfillments")).await;
    let (client, order) = (&shop.client, shop.order);
    let reference = client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap();
    client.show_parcel(order, reference.as_deref(), &of(&shop, "2/1", "1Z8")).await.unwrap();
    client.remove_parcel(order, &reference.unwrap()).await.unwrap();
    assert_eq!(shop.control("GET", "state", None).await["fulfillment_mails"], 0);
}

#[tokio::test]
async fn the_best_interface_is_looked_for_once_an_hour() {
    let shop = StandIn::open(&only("")).await;
    let (client, order) = (&shop.client, shop.order);
    shop.requests().await;
    client.parcels(order).await.unwrap();
    let probes =
        ["GET ast 1", "GET orders/{id} 1", "GET orders/{id}/fulfillments 1", "GET shipment-tracking 1"];
    assert_eq!(shop.requests().await, probes);
    client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap();
    assert_eq!(shop.requests().await, ["PUT orders/{id} 1"], "it is remembered");
    shop.switch(json!({ "ast": true })).await;
    let second = of(&shop, "2/2", "1Z8");
    let still = client.show_parcel(order, None, &second).await.unwrap().unwrap();
    assert!(still.starts_with("meta:"), "{still}");
    shop.an_hour_later();
    let third = client.show_parcel(order, None, &of(&shop, "2/3", "1Z7")).await.unwrap().unwrap();
    assert!(third.starts_with("ast:"), "{third}");
    // What is in the metadata is still listed, and still changed there.
    let all = all_shown(&client.parcels(order).await.unwrap());
    assert_eq!(all, [format!("{third} - 1Z7"), "meta:2/1 2/1 1Z9".to_owned(), "meta:2/2 2/2 1Z8".to_owned()]);
    let again = client.show_parcel(order, Some(&still), &of(&shop, "2/2", "1Z6")).await.unwrap();
    assert_eq!(again.as_deref(), Some("meta:2/2"));
    client.remove_parcel(order, "meta:2/1").await.unwrap();
    assert_eq!(all_shown(&client.parcels(order).await.unwrap())[1..], ["meta:2/2 2/2 1Z6"]);
}

#[tokio::test]
async fn of_several_interfaces_the_best_is_taken() {
    let shop = StandIn::open(&json!({ "fulfillments": true, "shipment_tracking": true, "ast": true })).await;
    for (switch, start) in INTERFACES {
        let shown =
            shop.client.show_parcel(shop.order, None, &of(&shop, start, "1Z9")).await.unwrap().unwrap();
        assert!(shown.starts_with(start), "{shown}");
        if !switch.is_empty() {
            // It goes within the hour: that is found out, and the next one taken.
            shop.switch(json!({ switch: false })).await;
        }
    }
}

#[tokio::test]
async fn what_an_interface_does_not_take_goes_into_the_metadata() {
    for (switch, start) in &INTERFACES[..3] {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        let fit = of(&shop, "2/1", "1Z9");
        let unfit = if *switch == "fulfillments" {
            Parcel { id: parcel("2/2").id, lines: vec![delivered(None, "1")], ..fit.clone() }
        } else {
            Parcel { id: parcel("2/2").id, tracking: None, ..fit.clone() }
        };
        let first = client.show_parcel(order, None, &fit).await.unwrap().unwrap();
        let second = client.show_parcel(order, None, &unfit).await.unwrap().unwrap();
        assert!(first.starts_with(start), "{first}");
        assert_eq!(second, "meta:2/2", "{switch}");
        let listed = client.parcels(order).await.unwrap();
        assert_eq!(listed.iter().map(|shown| &shown.reference).collect::<Vec<_>>(), [&first, &second]);
        // Corrected so that it does not fit any more, it moves.
        let unfit = Parcel { id: fit.id.clone(), ..unfit };
        let moved = client.show_parcel(order, Some(&first), &unfit).await.unwrap();
        assert_eq!(moved.as_deref(), Some("meta:2/1"), "{switch}");
        let listed = client.parcels(order).await.unwrap();
        let references: Vec<&str> = listed.iter().map(|shown| shown.reference.as_str()).collect();
        assert_eq!(references, ["meta:2/2", "meta:2/1"], "{switch}");
    }
}

#[tokio::test]
async fn every_interface_that_answers_is_looked_into() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    let mut shown = Vec::new();
    for (number, (switch, start)) in ["1Z1", "1Z2", "1Z3", "1Z4"].into_iter().zip(INTERFACES).rev() {
        if !switch.is_empty() {
            shop.switch(json!({ switch: true })).await;
        }
        shop.an_hour_later();
        let id = format!("2/{number}");
        let made = client.show_parcel(order, None, &of(&shop, &id, number)).await.unwrap().unwrap();
        assert!(made.starts_with(start), "{made}");
        shown.push(number);
    }
    let listed = client.parcels(order).await.unwrap();
    let mut numbers: Vec<&str> = listed.iter().filter_map(|shown| shown.tracking.as_deref()).collect();
    numbers.sort_unstable();
    shown.sort_unstable();
    assert_eq!(numbers, shown, "each once, although both plugins show both of theirs");
}

#[tokio::test]
async fn a_reference_whose_interface_went_is_for_people() {
    for (switch, start) in &INTERFACES[..3] {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        let fit = of(&shop, "2/1", "1Z9");
        let reference = client.show_parcel(order, None, &fit).await.unwrap().unwrap();
        shop.switch(json!({ *switch: false })).await;
        let shown = client.show_parcel(order, Some(&reference), &fit).await;
        let removed = client.remove_parcel(order, &reference).await;
        for went in [shown.map(|_| ()), removed] {
            assert_eq!(word(&went), "rejected", "{start}");
            assert!(went.unwrap_err().to_string().contains("parcel_interface_gone"));
        }
        shop.switch(json!({ *switch: true })).await;
        client.remove_parcel(order, &reference).await.unwrap();
        assert_eq!(client.parcels(order).await.unwrap(), []);
    }
    let shop = StandIn::open(&only("")).await;
    for odd in ["", "12", "other:1", "fulfillment:x"] {
        let shown = shop.client.show_parcel(shop.order, Some(odd), &of(&shop, "2/1", "1Z9")).await.unwrap();
        assert_eq!(shown, None, "{odd}");
        shop.client.remove_parcel(shop.order, odd).await.unwrap();
    }
    assert_eq!(shop.client.parcels(shop.order).await.unwrap(), []);
}

#[tokio::test]
async fn one_plugin_takes_over_what_the_other_showed() {
    for (before, after, start) in
        [("shipment_tracking", "ast", "ast:"), ("ast", "shipment_tracking", "tracking:")]
    {
        let shop = StandIn::open(&only(before)).await;
        let (client, order) = (&shop.client, shop.order);
        let first = client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap().unwrap();
        let second = client.show_parcel(order, None, &of(&shop, "2/2", "1Z8")).await.unwrap().unwrap();
        shop.switch(json!({ before: false, after: true })).await;
        let again = client.show_parcel(order, Some(&first), &of(&shop, "2/1", "1Z7")).await.unwrap().unwrap();
        assert!(again.starts_with(start), "{again}");
        client.remove_parcel(order, &second).await.unwrap();
        assert_eq!(all_shown(&client.parcels(order).await.unwrap()), [format!("{again} - 1Z7")]);
    }
}

/// What is posted to AST under our order's id would go to the order whose
/// number that is.
#[tokio::test]
async fn no_stranger_is_shown_a_parcel() {
    let shop = StandIn::open(&json!({ "ast": true, "number_prefix": "1" })).await;
    let reference =
        shop.client.show_parcel(shop.order, None, &of(&shop, "2/1", "1Z9")).await.unwrap().unwrap();
    assert_eq!(reference, "meta:2/1");
    assert_eq!(all_shown(&shop.client.parcels(shop.order).await.unwrap()), ["meta:2/1 2/1 1Z9"]);
}

#[tokio::test]
async fn a_number_that_would_be_cleaned_goes_into_the_metadata() {
    for (switch, start) in &INTERFACES[..3] {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        for (at, number) in ["1Z%209", "<b>1Z9", "1Z\t9", " 1Z9", "1Z9 ", "1Z  9"].into_iter().enumerate() {
            let id = format!("2/{at}");
            let shown = client.show_parcel(order, None, &of(&shop, &id, number)).await.unwrap().unwrap();
            assert_eq!(shown, format!("meta:{id}"), "{number:?}");
        }
        for (at, number) in ["1Z 9", "1Z-9/%", "100%", "a>b"].into_iter().enumerate() {
            let id = format!("3/{at}");
            let shown = client.show_parcel(order, None, &of(&shop, &id, number)).await.unwrap().unwrap();
            assert!(shown.starts_with(start), "{number:?}");
        }
    }
}

#[tokio::test]
async fn doubled_keys_of_others_survive_a_change() {
    let shop = StandIn::open(&only("fulfillments")).await;
    let (client, order) = (&shop.client, shop.order);
    let reference = client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap().unwrap();
    let path = format!("/fulfillments/{}", reference.trim_start_matches("fulfillment:"));
    let mut rows = shop.of_order(&path).await["meta_data"].as_array().unwrap().clone();
    rows.extend([json!({ "key": "scan", "value": "Bonn" }), json!({ "key": "other", "value": "Trier" })]);
    let address = format!("wc/v3/orders/{order}{path}");
    let body = |rows: &[Value]| json!({ "meta_data": rows });
    let made = shop.rest("PUT", &address, Some(body(&rows))).await;
    // A row that is named by its id may take a key that is there already.
    let mut rows = made["meta_data"].as_array().unwrap().clone();
    let row = rows.iter_mut().find(|row| row["key"] == "other").unwrap();
    row["key"] = json!("scan");
    shop.rest("PUT", &address, Some(body(&rows))).await;
    let scans = async || {
        let rows = shop.of_order(&path).await["meta_data"].as_array().unwrap().clone();
        let scans: Vec<Value> = rows.into_iter().filter(|row| row["key"] == "scan").collect();
        scans.iter().map(|row| row["value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(scans().await, ["Bonn", "Trier"]);
    client.show_parcel(order, Some(&reference), &of(&shop, "2/1", "1Z8")).await.unwrap();
    assert_eq!(scans().await, ["Bonn", "Trier"]);
    assert_eq!(all_shown(&client.parcels(order).await.unwrap()), [format!("{reference} 2/1 1Z8")]);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_looking() {
    // Of AST an order's number is asked for first.
    for (switch, start) in &INTERFACES[..2] {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        client.parcels(order).await.unwrap();
        shop.lose_an_answer().await;
        let lost = client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await;
        assert_eq!(word(&lost), "unknown", "{start}");
        let found = client.parcels(order).await.unwrap();
        assert_eq!(found.len(), 1, "{start}");
        assert_eq!(found[0].tracking.as_deref(), Some("1Z9"));
        assert_eq!(found[0].id.is_some(), is_marked(start));
    }
}

#[tokio::test]
async fn what_people_entered_is_listed_and_left_alone() {
    let shop = StandIn::open(&only("fulfillments")).await;
    let (client, order) = (&shop.client, shop.order);
    let entered = |fulfilled: bool, number: &str| {
        json!({
            "status": "fulfilled", "is_fulfilled": fulfilled,
            "meta_data": [
                { "key": "_items", "value": [{ "item_id": shop.made["line_items"][0]["id"], "qty": 1 }] },
                { "key": "_tracking_number", "value": number },
                { "key": "service", "value": "Express" },
            ],
        })
    };
    let path = format!("wc/v3/orders/{order}/fulfillments");
    let made = shop.rest("POST", &path, Some(entered(true, "1Z9"))).await;
    shop.rest("POST", &path, Some(entered(false, "1Z8"))).await;
    let reference = format!("fulfillment:{}", made["id"]);
    assert_eq!(all_shown(&client.parcels(order).await.unwrap()), [format!("{reference} - 1Z9")], "no draft");
    // Ours now; what is somebody else's stays with it.
    client.show_parcel(order, Some(&reference), &of(&shop, "2/1", "1Z9")).await.unwrap();
    assert_eq!(all_shown(&client.parcels(order).await.unwrap()), [format!("{reference} 2/1 1Z9")]);
    let kept = shop.of_order(&format!("/fulfillments/{}", made["id"])).await["meta_data"].to_string();
    assert!(kept.contains("Express") && kept.contains("_date_fulfilled"), "{kept}");
}

#[tokio::test]
async fn an_order_that_is_gone_has_no_parcels() {
    let nobody = OrderId(999_999);
    for (switch, start) in INTERFACES {
        let shop = StandIn::open(&only(switch)).await;
        let (client, fit) = (&shop.client, of(&shop, "2/1", "1Z9"));
        for _ in 0..2 {
            assert_eq!(word(&client.parcels(nobody).await), "gone", "{start}");
            assert_eq!(word(&client.show_parcel(nobody, None, &fit).await), "gone", "{start}");
            let reference = format!("{start}1");
            assert_eq!(word(&client.show_parcel(nobody, Some(&reference), &fit).await), "gone", "{start}");
            assert_eq!(word(&client.remove_parcel(nobody, &reference).await), "gone", "{start}");
            // And once more, with the interface known from another order.
            client.parcels(shop.order).await.unwrap();
        }
    }
}
