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
        let gone = client.show_parcel(order, Some(&third), &corrected).await.unwrap();
        assert_eq!(gone, None, "{start}: it is not there, and nothing was done");
        assert_eq!(client.parcels(order).await.unwrap().len(), 1);
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
    client.parcels(order).await.unwrap();
    client.show_parcel(order, None, &of(&shop, "2/1", "1Z9")).await.unwrap();
    assert_eq!(shop.requests().await, ["GET orders/{id} 2", "PUT orders/{id} 1"], "it is remembered");
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
async fn a_reference_of_an_interface_that_went_is_nothing() {
    for (switch, start) in &INTERFACES[..3] {
        let shop = StandIn::open(&only(switch)).await;
        let (client, order) = (&shop.client, shop.order);
        let fit = of(&shop, "2/1", "1Z9");
        let reference = client.show_parcel(order, None, &fit).await.unwrap().unwrap();
        shop.switch(json!({ *switch: false })).await;
        assert_eq!(client.show_parcel(order, Some(&reference), &fit).await.unwrap(), None, "{start}");
        client.remove_parcel(order, &reference).await.unwrap();
        let anew = client.show_parcel(order, None, &fit).await.unwrap();
        assert_eq!(anew.as_deref(), Some("meta:2/1"));
    }
    let shop = StandIn::open(&only("")).await;
    for odd in ["", "12", "other:1", "fulfillment:x", "meta:nobody"] {
        let shown = shop.client.show_parcel(shop.order, Some(odd), &of(&shop, "2/1", "1Z9")).await.unwrap();
        assert_eq!(shown, None, "{odd}");
        shop.client.remove_parcel(shop.order, odd).await.unwrap();
    }
    assert_eq!(shop.client.parcels(shop.order).await.unwrap(), []);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_looking() {
    for (switch, start) in &INTERFACES[..3] {
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
