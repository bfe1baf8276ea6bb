//! What the ends of deliveries say about a store's webhooks.

use std::sync::Arc;

use jiff::SignedDuration;
use weir_domain::id::{OrderId, StoreId};
use weir_domain::ports::{Clock, LedgerError, Trouble, WebhookTroubles};
use weir_testkit::{FakeClock, FakeLedger, Fault, LedgerOp};
use weir_woocommerce::delivery::{NotAnOrder, Understanding, understand};
use weir_woocommerce::receive::Receipt;
use weir_woocommerce::signature::{SignatureError, SignedWith};
use weir_woocommerce::watch::Watch;

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    watch: Watch,
}

fn store() -> StoreId {
    "main".parse().unwrap()
}

fn world() -> World {
    let (clock, ledger) = (Arc::<FakeClock>::default(), Arc::<FakeLedger>::default());
    let watch = Watch::new(ledger.clone(), clock.clone(), [store()]);
    World { clock, ledger, watch }
}

fn refused() -> Receipt {
    Receipt::Refused(SignatureError::Mismatch)
}

fn taken() -> Receipt {
    Receipt::Queued(OrderId(1), SignedWith::Current)
}

impl World {
    /// Which trouble, and whether it is time to note it.
    fn see(&self, receipt: &Receipt) -> Option<(Trouble, bool)> {
        self.watch.see("main", receipt).map(|noticed| (noticed.trouble, noticed.is_due))
    }
}

#[test]
fn three_bad_signatures_in_a_row_are_noticed_and_noted_once_a_minute() {
    let world = world();
    let bad = Some((Trouble::BadSignatures, true));
    let seen: Vec<_> = (0..4).map(|_| world.see(&refused())).collect();
    assert_eq!(seen, [None, None, bad, Some((Trouble::BadSignatures, false))]);
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(world.see(&refused()), bad);
    // One that holds ends the row; a ping, which nobody signs, does not.
    assert_eq!(world.see(&taken()), None);
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!([world.see(&refused()), world.see(&Receipt::Ping), world.see(&refused())], [None; 3]);
    assert_eq!(world.see(&refused()), bad);
}

/// A stranger need not even sign to post.
#[test]
fn what_is_not_signed_is_noticed_and_leaves_no_word() {
    let world = world();
    for odd in [SignatureError::Missing, SignatureError::Malformed] {
        let odd = Receipt::Refused(odd);
        let seen: Vec<_> = (0..5).map(|_| world.see(&odd)).collect();
        let noticed = Some((Trouble::BadSignatures, false));
        assert_eq!(seen, [None, None, noticed, noticed, noticed], "{odd:?}");
        world.see(&taken());
    }
    // Three that could be a shop's, whatever comes between them.
    let odd = Receipt::Refused(SignatureError::Missing);
    let seen = [&refused(), &odd, &odd, &refused(), &odd, &refused()].map(|it| world.see(it));
    let due: Vec<bool> = seen.iter().map(|it| it.is_some_and(|(_, is_due)| is_due)).collect();
    assert_eq!(due, [false, false, false, false, false, true]);
}

#[test]
fn the_legacy_api_has_the_order_in_a_member() {
    let read = |body: &str| understand("order.updated".parse().unwrap(), body.as_bytes());
    let nothing = Understanding::NotAnOrder;
    let old = Understanding::OldApi(OrderId(4711));
    assert_eq!(read(r#"{"order":{"status":"processing","lines":[{"id":1}],"id":4711}}"#), old);
    assert_eq!(read(r#"{"http_method":"POST","order":{"id":4711}}"#), old);
    assert_eq!(read(r#"{"order":{"id":4711,"status":"checkout-draft"}}"#), nothing(NotAnOrder::Draft));
    // Its own id comes first, and an error is one.
    assert_eq!(read(r#"{"order":{"id":1},"id":4711}"#), Understanding::Order(OrderId(4711)));
    assert_eq!(read(r#"{"order":{"id":1},"code":"x"}"#), nothing(NotAnOrder::ErrorObject));
    for odd in ["null", "4711", "-1", "1.5", "true", "\"4711\"", "[{\"id\":4711}]", "{}", r#"{"id":0}"#] {
        assert_eq!(read(&format!(r#"{{"order":{odd}}}"#)), nothing(NotAnOrder::NoId), "{odd}");
    }
}

#[test]
fn the_legacy_api_is_noticed_and_its_signature_holds() {
    let world = world();
    let old = Receipt::OldApi(OrderId(1), SignedWith::Current);
    assert_eq!([world.see(&refused()), world.see(&refused())], [None; 2]);
    assert_eq!(world.see(&old), Some((Trouble::OldApi, true)));
    assert_eq!(world.see(&old), Some((Trouble::OldApi, false)));
    assert_eq!(world.see(&refused()), None, "the row has ended");
}

#[test]
fn a_lost_right_is_noticed_at_once() {
    let world = world();
    let lost = Receipt::Nothing(NotAnOrder::OwnerLostRights, SignedWith::Current);
    assert_eq!(world.see(&lost), Some((Trouble::OwnerWithoutRights, true)));
    assert_eq!(world.see(&lost), Some((Trouble::OwnerWithoutRights, false)));
    for other in [NotAnOrder::Draft, NotAnOrder::ErrorObject, NotAnOrder::Empty] {
        assert_eq!(world.see(&Receipt::Nothing(other, SignedWith::Current)), None, "{other:?}");
    }
}

#[test]
fn invented_stores_are_not_counted() {
    let world = world();
    for name in ["other", "", "MAIN", "../main"] {
        assert_eq!((0..9).find_map(|_| world.watch.see(name, &refused())), None, "{name}");
    }
    assert_eq!(world.see(&refused()), None, "the configured one starts from nothing");
}

#[tokio::test]
async fn what_is_noticed_is_left_for_the_guard_and_a_failure_is_only_that() {
    let world = world();
    let lost = Receipt::Nothing(NotAnOrder::OwnerLostRights, SignedWith::Current);
    let noticed = world.watch.see("main", &lost).unwrap();
    let down = LedgerError::Unavailable("down".to_owned());
    world.ledger.faults.script(LedgerOp::NoteTrouble, [Fault::Before(down.clone())]);
    assert_eq!(world.watch.note(&noticed).await, Err(down));
    world.watch.note(&noticed).await.unwrap();
    let troubles = world.ledger.troubles(&store()).await.unwrap();
    assert_eq!((troubles.owner_without_rights, troubles.bad_signatures), (Some(world.clock.now()), None));
}
