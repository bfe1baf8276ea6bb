//! Notes, statuses and refunds on the stand-in.

use serde_json::json;
use weir_domain::fulfilment::{NewRefund, NewRefundLine, OrderNote};
use weir_domain::id::{OrderId, ReturnId};
use weir_domain::order::{OrderStatus, TaxShare};
use weir_domain::ports::Shop;

use super::stand_in::StandIn;
use super::{decimal, note, refund, word};

#[tokio::test]
async fn a_note_is_read_back_as_it_was_written() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    client.add_note(order, &note()).await.unwrap();
    let internal = OrderNote { text: "Held back".to_owned(), to_customer: false };
    client.add_note(order, &internal).await.unwrap();
    let texts = client.notes(order).await.unwrap();
    for text in [&note().text, &internal.text] {
        assert_eq!(texts.iter().filter(|known| *known == text).count(), 1, "{texts:?}");
    }
    let told = shop.of_order("/notes?type=customer").await;
    assert_eq!(told.as_array().unwrap().len(), 1);
    client.add_note(order, &note()).await.unwrap();
    let again = client.notes(order).await.unwrap();
    assert_eq!(again.iter().filter(|text| **text == note().text).count(), 2, "twice is two");
    for nobody in [client.add_note(OrderId(999), &note()).await, client.notes(OrderId(999)).await.map(|_| ())]
    {
        assert_eq!(word(&nobody), "gone");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_note_is_unknown_and_the_note_is_there() {
    let shop = StandIn::open(&json!({})).await;
    shop.lose_an_answer().await;
    assert_eq!(word(&shop.client.add_note(shop.order, &note()).await), "unknown");
    assert!(shop.client.notes(shop.order).await.unwrap().contains(&note().text));
}

#[tokio::test]
async fn a_status_is_given_and_nothing_else_is_touched() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    client.set_status(order, &OrderStatus::Completed).await.unwrap();
    let after = shop.of_order("").await;
    assert_eq!((&shop.made["status"], &after["status"]), (&json!("processing"), &json!("completed")));
    for same in ["total", "line_items", "shipping_lines", "meta_data"] {
        assert_eq!(after[same], shop.made[same], "{same}");
    }
    assert_eq!(word(&client.set_status(OrderId(999), &OrderStatus::Completed).await), "gone");
}

#[tokio::test]
async fn a_custom_status_is_asked_for_before_it_is_written() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    let custom = |word: &str| OrderStatus::Custom(word.to_owned());
    shop.requests().await;
    let unknown = client.set_status(order, &custom("shipped")).await;
    assert_eq!(word(&unknown), "rejected");
    assert!(unknown.unwrap_err().to_string().contains("status_unknown"));
    assert_eq!(shop.requests().await, ["OPTIONS orders 1"], "nothing was written");
    assert_eq!(word(&client.set_status(order, &custom("shipped")).await), "rejected");
    assert_eq!(shop.requests().await, ["OPTIONS orders 1"], "it may have come since");
    client.set_status(order, &custom("packed")).await.unwrap();
    assert_eq!(shop.requests().await, ["PUT orders/{id} 1"], "it is remembered");
    assert_eq!(shop.of_order("").await["status"], "packed");
    client.set_status(order, &OrderStatus::Processing).await.unwrap();
    shop.an_hour_later();
    client.set_status(order, &custom("packed")).await.unwrap();
    let asked = shop.requests().await;
    assert!(asked.contains(&"OPTIONS orders 1".to_owned()), "{asked:?}");
}

/// What of the shop's order comes back: one of two mugs, and the shipping.
fn of(shop: &StandIn, of_return: &str) -> NewRefund {
    let id = |list: &str| shop.made[list][0]["id"].as_u64().unwrap();
    let line = |line, quantity, net, tax| NewRefundLine {
        line,
        quantity: decimal(quantity),
        net: decimal(net),
        taxes: vec![TaxShare { rate: 1, amount: decimal(tax) }],
    };
    NewRefund {
        of_return: ReturnId(of_return.to_owned()),
        amount: decimal("17.42"),
        lines: vec![
            line(id("line_items"), "1", "12.52", "2.38"),
            line(id("shipping_lines"), "0", "2.12", "0.40"),
        ],
        ..refund()
    }
}

#[tokio::test]
async fn a_refund_carries_its_return_and_restocks_nothing() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    let stock = async || shop.control("GET", "state", None).await["stock"].clone();
    let before = stock().await;
    let id = client.give_refund(order, &of(&shop, "2/7")).await.unwrap();
    assert_eq!(stock().await, before);
    let read = client.refunds(order).await.unwrap();
    assert_eq!(read.len(), 1);
    let read = &read[0];
    assert_eq!((read.id, read.of_return.as_ref()), (id, Some(&ReturnId("2/7".to_owned()))));
    assert_eq!((read.amount, read.reason.expose()), (decimal("17.42"), &"Return CN-7".to_owned()));
    let lines: Vec<_> = read.lines.iter().map(|line| (line.quantity, line.net, line.tax)).collect();
    assert_eq!(
        lines,
        [(decimal("1"), decimal("12.52"), decimal("2.38")), (decimal("0"), decimal("2.12"), decimal("0.40"))]
    );
    let shown = shop.of_order("/refunds").await;
    assert_eq!(shown[0]["refunded_payment"], false, "no gateway was asked");
    client.give_refund(order, &of(&shop, "2/7")).await.unwrap();
    assert_eq!(client.refunds(order).await.unwrap().len(), 2, "twice is two");
}

#[tokio::test]
async fn the_gateway_is_asked_where_that_is_wanted() {
    let shop = StandIn::open(&json!({ "refund_gateways": ["stripe"] })).await;
    let asking = NewRefund { asks_gateway: true, ..of(&shop, "2/7") };
    shop.client.give_refund(shop.order, &asking).await.unwrap();
    assert_eq!(shop.of_order("/refunds").await[0]["refunded_payment"], true);
    let none = StandIn::open(&json!({ "refund_gateways": [] })).await;
    let asking = NewRefund { asks_gateway: true, ..of(&none, "2/7") };
    let refused = none.client.give_refund(none.order, &asking).await;
    assert_eq!(word(&refused), "rejected");
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("refund_refused") && text.contains("gateway"), "{text}");
    assert_eq!(none.of_order("/refunds").await, json!([]));
}

#[tokio::test]
async fn more_than_is_left_is_refused_and_a_lost_answer_is_unknown() {
    let shop = StandIn::open(&json!({})).await;
    let (client, order) = (&shop.client, shop.order);
    let much = NewRefund { amount: decimal("9999.00"), ..of(&shop, "2/7") };
    assert_eq!(word(&client.give_refund(order, &much).await), "rejected");
    assert_eq!(word(&client.give_refund(OrderId(999), &of(&shop, "2/7")).await), "gone");
    shop.lose_an_answer().await;
    assert_eq!(word(&client.give_refund(order, &of(&shop, "2/8")).await), "unknown");
    let found = client.refunds(order).await.unwrap();
    assert_eq!(found[0].of_return, Some(ReturnId("2/8".to_owned())), "looked up by its mark");
}
