use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::order::ProductRef;
use weir_domain::ports::{Change, SaleLine};

use super::*;
use crate::fault::{Fault, timed_out};

fn at(second: i64) -> Timestamp {
    crate::sample::saturday() + SignedDuration::from_secs(second)
}

fn units(number: i64) -> Decimal {
    Decimal::from(number)
}

fn sale(id: u64, status: OrderStatus, product: u64, quantity: i64) -> ShopSale {
    let line = SaleLine {
        id: 1,
        product: ProductRef { product, variation: 0, sku: None },
        quantity: units(quantity),
        reduced: None,
    };
    let order = OrderId(id);
    ShopSale { order, status, placed_at: at(0), modified_at: at(0), lines: vec![line] }
}

fn variation(id: u64, parent: u64, managed: Managed, quantity: Option<Decimal>) -> ShopProduct {
    ShopProduct { id, parent: Some(parent), sku: format!("V{id}"), managed, quantity, backorders: true }
}

fn shop() -> FakeShopStock {
    let shop = FakeShopStock::default();
    shop.put_simple(1, "MUG", units(10));
    shop
}

fn by(id: u64, delta: i64) -> Adjustment {
    Adjustment { id, parent: None, change: Change::By(units(delta)) }
}

fn adjust(shop: &FakeShopStock, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
    block_on(shop.adjust(adjustments))
}

#[test]
fn units_are_taken_and_given_back_by_status() {
    use OrderStatus::{Cancelled, Completed, Failed, OnHold, Pending, Processing, Refunded, Trash};
    let shop = shop();
    shop.place(sale(5, Pending, 1, 2));
    let mut seen = vec![shop.quantity(1).unwrap()];
    for (second, status) in
        [OnHold, Processing, Completed, Failed, Refunded, Trash, Cancelled, Processing, Pending]
            .into_iter()
            .enumerate()
    {
        shop.move_to(OrderId(5), status, at(i64::try_from(second).unwrap()));
        seen.push(shop.quantity(1).unwrap());
    }
    assert_eq!(seen, [10, 8, 8, 8, 8, 8, 8, 10, 8, 10].map(units));
    assert_eq!(shop.sale(OrderId(5)).unwrap().lines[0].reduced, None);
}

#[test]
fn a_refund_puts_back_what_was_taken() {
    let shop = shop();
    shop.place(sale(5, OrderStatus::Processing, 1, 3));
    shop.restock(OrderId(5), 1, units(1), at(9));
    let sale = shop.sale(OrderId(5)).unwrap();
    assert_eq!((shop.quantity(1), sale.lines[0].reduced), (Some(units(8)), Some(units(2))));
    assert_eq!(sale.modified_at, at(9));
}

#[test]
fn an_order_is_seen_before_its_units_are_taken() {
    let shop = shop();
    shop.save(sale(5, OrderStatus::Processing, 1, 3));
    let listed = block_on(shop.sales_after(at(-1), 1)).unwrap().sales;
    assert_eq!((listed[0].lines[0].reduced, shop.quantity(1)), (None, Some(units(10))));
    shop.settle(OrderId(5));
    shop.settle(OrderId(5));
    assert_eq!(shop.quantity(1), Some(units(7)), "once");
}

#[test]
fn a_listing_is_exclusive_ordered_and_paged() {
    let shop = shop();
    for id in 1..=150 {
        let modified_at = at(200 - i64::try_from(id).unwrap()) + SignedDuration::from_millis(900);
        shop.save(ShopSale { modified_at, ..sale(id, OrderStatus::Failed, 1, 1) });
    }
    shop.move_to(OrderId(7), OrderStatus::Trash, at(199));
    let page = |after, page| block_on(shop.sales_after(after, page)).unwrap().sales;
    let first = page(at(60), 1);
    assert_eq!((first.len(), first[0].order, first[0].modified_at), (100, OrderId(139), at(61)));
    assert_eq!(page(at(60), 2).len(), 38, "without the one in the trash");
    assert!(page(at(60), 3).is_empty());
}

#[test]
fn products_by_sku_and_id_are_given_once() {
    let shop = shop();
    shop.put_simple(2, "MUG", units(1));
    shop.put_simple(3, "TRASH", units(1));
    shop.trash(3);
    shop.put(variation(4, 9, Managed::AtParent, None));
    shop.put_simple(9, "SHADE", units(30));
    let items =
        [ShopItem::Sku("MUG".into()), ShopItem::Id(4), ShopItem::Id(1), ShopItem::Sku("TRASH".into())];
    let found = block_on(shop.products(&items)).unwrap();
    assert_eq!(found.iter().map(|product| product.id).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(found[2].quantity, Some(units(30)), "the parent's");
    assert_eq!(shop.asked(), [4]);
}

#[test]
fn a_batch_takes_what_it_should_not() {
    let shop = shop();
    shop.put(ShopProduct { managed: Managed::No, quantity: None, ..shop.product(1).unwrap() });
    shop.put_simple(2, "A", units(5));
    shop.put(variation(4, 9, Managed::Yes, Some(units(6))));
    let answers = adjust(&shop, &[by(1, 3), by(2, -7), by(4, 1), by(99, 1)]).unwrap();
    let quantity = |answer: &Adjusted| match answer {
        Adjusted::Now(product) => product.quantity.map(|quantity| quantity.to_string()),
        Adjusted::Refused { code, status } => Some(format!("{code} {status}")),
        Adjusted::Impossible => Some("impossible".to_owned()),
    };
    assert_eq!(
        answers.iter().map(quantity).collect::<Vec<_>>(),
        [
            None,
            Some("-2".to_owned()),
            Some("woocommerce_rest_invalid_product_id 404".to_owned()),
            Some("woocommerce_rest_product_invalid_id 400".to_owned()),
        ]
    );
    let foreign = Adjustment { id: 2, parent: Some(9), change: Change::To(units(4)) };
    assert!(
        matches!(&adjust(&shop, &[foreign]).unwrap()[0], Adjusted::Now(product) if product.parent == Some(9))
    );
    assert_eq!(shop.quantity(2), Some(units(4)));
    let many: Vec<_> = (1..=101).map(|id| by(id, 1)).collect();
    for refused in [&many[..], &[by(1, 1), by(1, 1)], &[by(1, 1), Adjustment { parent: Some(9), ..by(4, 1) }]]
    {
        assert!(matches!(adjust(&shop, refused), Err(CallError::Rejected(_))));
    }
    assert_eq!(adjust(&shop, &[]), Ok(Vec::new()), "nothing to be asked for");
    assert_eq!(shop.sent().iter().map(Vec::len).collect::<Vec<_>>(), [4, 1]);
}

#[test]
fn faults_strike_before_or_after_the_effect_and_a_lost_write_can_land_late() {
    let shop = shop();
    shop.faults.script(ShopStockOp::Adjust, [Fault::After(timed_out()), Fault::Before(timed_out())]);
    assert_eq!(adjust(&shop, &[by(1, -1)]), Err(timed_out()));
    assert_eq!(shop.quantity(1), Some(units(9)));
    assert_eq!(adjust(&shop, &[by(1, -1)]), Err(timed_out()));
    assert_eq!(shop.quantity(1), Some(units(9)));
    shop.land(&shop.sent()[1]);
    assert_eq!((shop.quantity(1), shop.faults.calls(ShopStockOp::Adjust)), (Some(units(8)), 2));
}

#[test]
fn hooks_run_around_the_calls_they_are_meant_for() {
    let shop = shop();
    let sell = |id| move |shop: &FakeShopStock| shop.place(sale(id, OrderStatus::Processing, 1, 1));
    shop.before(ShopStockOp::Adjust, sell(1));
    shop.after(ShopStockOp::Adjust, sell(2));
    shop.before(ShopStockOp::Adjust, sell(3));
    let echo = |answers: Vec<Adjusted>| match &answers[..] {
        [Adjusted::Now(product)] => product.quantity,
        _ => None,
    };
    assert_eq!(block_on(shop.products(&[ShopItem::Id(1)])).unwrap()[0].quantity, Some(units(10)));
    assert_eq!(
        echo(adjust(&shop, &[by(1, 5)]).unwrap()),
        Some(units(14)),
        "after one sale, before the other"
    );
    assert_eq!(shop.quantity(1), Some(units(13)));
    assert_eq!((echo(adjust(&shop, &[by(1, 0)]).unwrap()), shop.unspent_hooks()), (Some(units(12)), 0));
}
