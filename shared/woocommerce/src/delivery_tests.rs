use proptest::prelude::*;

use super::*;

fn topic(text: &str) -> Topic {
    text.parse().unwrap()
}

fn read(body: impl AsRef<[u8]>) -> Understanding {
    understand(topic("order.updated"), body.as_ref())
}

fn order(id: u64) -> Understanding {
    Understanding::Order(OrderId(id))
}

fn nothing(why: NotAnOrder) -> Understanding {
    Understanding::NotAnOrder(why)
}

#[test]
fn topics_are_a_closed_list() {
    for resource in ["order", "product", "customer", "coupon"] {
        for event in ["created", "updated", "deleted", "restored"] {
            let text = format!("{resource}.{event}");
            assert_eq!(topic(&text).to_string(), text);
        }
    }
    for unknown in
        ["", ".", "order", "order.", "order.paid", "Order.created", "order.created.x", "action.x", "ping"]
    {
        assert_eq!(unknown.parse::<Topic>(), Err(UnknownTopic), "{unknown:?}");
    }
}

#[test]
fn an_order_is_its_id_wherever_it_stands() {
    assert_eq!(read(r#"{"id":4711,"status":"processing"}"#), order(4711));
    assert_eq!(read(r#"{"status":"on-hold","x":[{"id":1}],"id":4711}"#), order(4711));
    assert_eq!(understand(topic("order.deleted"), br#"{"id":4711}"#), order(4711));
    assert_eq!(read(r#"{"id":18446744073709551615}"#), order(u64::MAX));
    // A plugin's field beside the order's own is not an error object.
    assert_eq!(read(r#"{"id":4711,"code":"x"}"#), order(4711));
}

#[test]
fn other_topics_are_not_ours_yet() {
    for other in ["product.updated", "customer.created", "coupon.deleted", "product.deleted"] {
        assert_eq!(understand(topic(other), br#"{"id":4711}"#), nothing(NotAnOrder::OtherTopic));
    }
}

#[test]
fn a_customer_who_is_still_typing_is_no_order() {
    for status in ["checkout-draft", "auto-draft"] {
        assert_eq!(read(format!(r#"{{"id":4711,"status":"{status}"}}"#)), nothing(NotAnOrder::Draft));
    }
}

#[test]
fn error_objects_are_understood() {
    let gone =
        r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#;
    assert_eq!(read(gone), nothing(NotAnOrder::ErrorObject));
    let rights = r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry.","data":{"status":401}}"#;
    assert_eq!(read(rights), nothing(NotAnOrder::OwnerLostRights));
    assert_eq!(read(r#"{"code":17}"#), nothing(NotAnOrder::NoId));
}

#[test]
fn ids_that_are_none() {
    for id in [
        "0",
        "-1",
        "4711.0",
        "1e3",
        "18446744073709551616",
        "1e999",
        "\"4711\"",
        "\"\"",
        "null",
        "true",
        "[4711]",
        "{\"id\":4711}",
    ] {
        let body = format!(r#"{{"id":{id},"status":"processing"}}"#);
        let why = if id == "1e999" { NotAnOrder::NotAnObject } else { NotAnOrder::NoId };
        assert_eq!(read(&body), nothing(why), "{id}");
    }
    assert_eq!(read("{}"), nothing(NotAnOrder::NoId));
}

#[test]
fn bodies_that_are_none() {
    assert_eq!(read(""), nothing(NotAnOrder::Empty));
    for odd in [
        " ",
        "null",
        "17",
        "\"text\"",
        "[]",
        "[{\"id\":1}]",
        "{",
        "{\"id\":1",
        "{\"id\":1}}",
        "<html></html>",
        "webhook_id=1",
        "{'id':1}",
        "\u{feff}{\"id\":1}",
    ] {
        assert_eq!(read(odd), nothing(NotAnOrder::NotAnObject), "{odd:?}");
    }
    for bytes in
        [&b"\xff\xfe{\"id\":1}"[..], b"{\"\xff\":1,\"id\":1}", b"{\"id\":1,\"status\":\"\xff\"}", b"\0"]
    {
        assert_eq!(read(bytes), nothing(NotAnOrder::NotAnObject), "{bytes:?}");
    }
}

#[test]
fn what_is_skipped_may_be_anything() {
    // The id is what counts: a note in another encoding does not hide it.
    assert_eq!(read(b"{\"id\":4711,\"customer_note\":\"\xfc\"}"), order(4711));
}

#[test]
fn no_depth_reaches_the_end_of_the_stack() {
    const DEPTH: usize = 2_900_000;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(DEPTH), close.repeat(DEPTH));
    let list = deep("[", "]");
    assert_eq!(read(format!(r#"{{"id":4711,"meta_data":{list}}}"#)), order(4711));
    assert_eq!(read(format!(r#"{{"id":{list}}}"#)), nothing(NotAnOrder::NoId));
    assert_eq!(read(&list), nothing(NotAnOrder::NotAnObject));
    assert_eq!(read("[".repeat(6_000_000)), nothing(NotAnOrder::NotAnObject));
    assert_eq!(read(r#"{"a":"#.repeat(1_000_000)), nothing(NotAnOrder::NotAnObject));
    assert_eq!(read(r#"{"id":"#.repeat(1_000_000)), nothing(NotAnOrder::NotAnObject));
}

#[test]
fn six_megabytes_are_read_for_eight_bytes() {
    let padding = "x".repeat(6 * 1024 * 1024 - 40);
    assert_eq!(read(format!(r#"{{"note":"{padding}","id":4711}}"#)), order(4711));
}

#[test]
fn the_ping_is_form_encoded() {
    let form = Some("application/x-www-form-urlencoded");
    assert!(is_ping(form, b"webhook_id=7"));
    assert!(is_ping(Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"), b"webhook_id=4711"));
    for body in
        ["", "webhook_id=", "webhook_id=7&x=1", "webhook_id=-7", "x=7", " webhook_id=7", "webhook_id=7\n"]
    {
        assert!(!is_ping(form, body.as_bytes()), "{body:?}");
    }
    assert!(!is_ping(Some("application/json"), b"webhook_id=7"));
    assert!(!is_ping(None, b"webhook_id=7"));
}

proptest! {
    #[test]
    fn any_bytes_are_understood(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(body);
    }

    #[test]
    fn a_damaged_order_gives_its_own_id_or_none(
        cut in 0_usize..60,
        byte in any::<u8>(),
        id in 1_u64..100_000,
    ) {
        let mut body = format!(r#"{{"id":{id},"status":"processing","total":"1.00"}}"#).into_bytes();
        let digits = 6..6 + id.to_string().len();
        let cut = cut.min(body.len() - 1);
        prop_assume!(!digits.contains(&cut));
        body[cut] = byte;
        // A digit or a dash beside the id makes it another id; nothing else does.
        let beside = cut + 1 == digits.start || cut == digits.end;
        match read(&body) {
            Understanding::Order(read) if !beside => prop_assert_eq!(read.0, id),
            _ => {}
        }
    }
}
