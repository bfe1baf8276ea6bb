use super::*;
use crate::fulfilment::DeliveredLine;
use crate::fulfilment::progress::Progress;
use crate::fulfilment::{Deliveries, Parcel};
use crate::id::{OrderId, OrderKey, ParcelId, RefundId, ReturnId};
use crate::money::Totals;
use crate::order::{Charge, Line, ProductRef, RefundLine};
use crate::ports::{DocumentState, ErpDocument};
use crate::record::FulfilmentAxis;
use crate::{Personal, order::OrderStatus};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn share(amount: &str) -> Vec<TaxShare> {
    vec![TaxShare { rate: 1, amount: dec(amount) }]
}

fn line(id: u64, quantity: &str, net: &str, tax: &str) -> Line {
    Line {
        id,
        product: ProductRef { product: id, variation: 0, sku: None },
        name: "Mug".to_owned(),
        quantity: dec(quantity),
        subtotal: dec(net),
        net: dec(net),
        tax: dec(tax),
        taxes: share(tax),
        tax_class: String::new(),
        reduced_stock: None,
    }
}

/// Three mugs for 10.00 with 19 %, one book, shipping.
fn order() -> Order {
    let shipping = Charge {
        id: 13,
        code: "flat_rate".to_owned(),
        name: "Parcel".to_owned(),
        net: dec("4.12"),
        tax: dec("0.78"),
        taxes: share("0.78"),
        tax_class: String::new(),
    };
    Order {
        key: OrderKey { store: "main".parse().unwrap(), order: OrderId(4711) },
        number: "4711".to_owned(),
        status: OrderStatus::Processing,
        created_at: "2026-11-28T09:00:00Z".parse().unwrap(),
        modified_at: "2026-11-28T09:00:00Z".parse().unwrap(),
        currency: "EUR".parse().unwrap(),
        lines: vec![line(11, "3", "8.403361", "1.596639"), line(12, "1", "21.008403", "3.991597")],
        shipping: vec![shipping],
        fees: Vec::new(),
        coupons: Vec::new(),
        tender: Vec::new(),
        rates: Vec::new(),
        total_tax: dec("6.37"),
        total: dec("39.90"),
        payment: crate::order::Payment { method: "stripe".to_owned(), transaction: None, paid_at: None },
        customer: crate::order::Customer { id: None, email: None, vat_id: None, vat_exempt: false },
        billing: crate::order::Address::default(),
        delivery: None,
        note: Personal::new(String::new()),
        metadata: BTreeMap::new(),
        refunds: Vec::new(),
    }
}

fn delivered(line: Option<u64>, quantity: &str) -> DeliveredLine {
    DeliveredLine { line, item: "MUG-L".to_owned(), quantity: dec(quantity) }
}

/// `sums`: net and tax that the ERP gives back.
fn goods_return(lines: &[(u64, &str)], sums: Option<(&str, &str)>) -> GoodsReturn {
    let totals = sums.map(|(net, tax)| Totals {
        currency: "EUR".parse().unwrap(),
        net: -dec(net),
        tax: -dec(tax),
        gross: -dec(net) - dec(tax),
    });
    GoodsReturn {
        id: ReturnId("8".to_owned()),
        credit: ErpDocument {
            id: "8".to_owned(),
            number: Some("SO-8".to_owned()),
            state: DocumentState::Processing,
            totals,
        },
        lines: lines.iter().map(|(line, quantity)| delivered(Some(*line), quantity)).collect(),
    }
}

fn given(id: u64, amount: &str, lines: &[(u64, &str, &str, &str)]) -> Refund {
    let line = |(line, quantity, net, tax): &(u64, &str, &str, &str)| RefundLine {
        line: *line,
        quantity: dec(quantity),
        net: dec(net),
        tax: dec(tax),
        taxes: share(tax),
    };
    Refund {
        order: order().key,
        id: RefundId(id),
        created_at: "2026-11-29T09:00:00Z".parse().unwrap(),
        amount: dec(amount),
        reason: Personal::new(String::new()),
        lines: lines.iter().map(line).collect(),
        of_return: None,
    }
}

const CAP: &str = "0.10";

fn asked(refunds: &[Refund], of: &GoodsReturn) -> Result<NewRefund, ReturnProblem> {
    refund(&order(), refunds, of, dec(CAP), false).map(|refund| refund.expect("it gives something back"))
}

/// Net and tax of the lines, and the amount.
fn sums(refund: &NewRefund) -> (Vec<(u64, String, String)>, String) {
    let tax = |line: &NewRefundLine| line.taxes.iter().map(|tax| tax.amount).sum::<Decimal>().to_string();
    let lines = refund.lines.iter().map(|line| (line.line, line.net.to_string(), tax(line))).collect();
    (lines, refund.amount.to_string())
}

#[test]
fn a_part_of_a_line_gets_its_share_and_the_last_part_the_rest() {
    let first = asked(&[], &goods_return(&[(11, "1")], Some(("2.80", "0.53")))).unwrap();
    assert_eq!(sums(&first), (vec![(11, "2.80".into(), "0.53".into())], "3.33".into()));
    assert_eq!((first.lines[0].quantity, first.reason.as_str()), (Decimal::ONE, "Return SO-8"));
    let before = [given(31, "3.33", &[(11, "1", "2.80", "0.53")])];
    let rest = asked(&before, &goods_return(&[(11, "2")], Some(("5.60", "1.07")))).unwrap();
    assert_eq!(sums(&rest), (vec![(11, "5.60".into(), "1.07".into())], "6.67".into()), "ten in all");
}

#[test]
fn shipping_can_be_given_back_with_the_goods() {
    let all = goods_return(&[(11, "3"), (12, "1"), (13, "1")], Some(("33.53", "6.37")));
    let refund = asked(&[], &all).unwrap();
    assert_eq!(refund.amount, dec("39.90"));
    assert_eq!(
        refund.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(),
        [dec("3"), dec("1"), dec("0")]
    );
}

#[test]
fn a_cent_of_rounding_follows_the_erp_and_more_is_for_people() {
    let refund = asked(&[], &goods_return(&[(11, "1")], Some(("2.81", "0.53")))).unwrap();
    assert_eq!(sums(&refund), (vec![(11, "2.81".into(), "0.53".into())], "3.34".into()));
    let moved = asked(&[], &goods_return(&[(11, "1")], Some(("2.79", "0.54")))).unwrap();
    assert_eq!(sums(&moved), (vec![(11, "2.79".into(), "0.54".into())], "3.33".into()), "the tax as well");
    let problem = asked(&[], &goods_return(&[(11, "1")], Some(("2.87", "0.53")))).unwrap_err();
    assert_eq!(problem.code(), "return_totals_disagree");
    let untaxed = asked(&[], &goods_return(&[(11, "1")], Some(("3.33", "0.00")))).unwrap_err();
    assert_eq!(untaxed.code(), "return_totals_disagree", "another treatment is no rounding");
    assert!(asked(&[], &goods_return(&[(11, "1")], None)).is_ok(), "an ERP without totals is not asked");
}

#[test]
fn a_currency_without_cents_rounds_by_its_unit() {
    let mut yen = order();
    yen.currency = "JPY".parse().unwrap();
    yen.lines[0] = line(11, "3", "1000", "100");
    yen.total = dec("5000");
    let mut back = goods_return(&[(11, "1")], Some(("334", "33")));
    back.credit.totals.as_mut().unwrap().currency = yen.currency;
    let refund = refund(&yen, &[], &back, dec(CAP), false).unwrap().unwrap();
    assert_eq!(sums(&refund), (vec![(11, "334".into(), "33".into())], "367".into()));
}

#[test]
fn an_earlier_refund_with_many_digits_leaves_cents() {
    let before = [given(31, "3.33", &[(11, "1", "2.797787", "0.532213")])];
    let rest = asked(&before, &goods_return(&[(11, "2")], None)).unwrap();
    assert_eq!(sums(&rest), (vec![(11, "5.61".into(), "1.06".into())], "6.67".into()));
}

#[test]
fn the_last_cent_of_the_shops_own_rounding_is_given_up() {
    let mut short = order();
    short.total = dec("39.89");
    let all = goods_return(&[(11, "3"), (12, "1"), (13, "1")], None);
    let refund = refund(&short, &[], &all, dec(CAP), false).unwrap().unwrap();
    assert_eq!(refund.amount, dec("39.89"));
}

#[test]
fn what_was_free_is_not_refunded() {
    let mut free = order();
    free.lines[0] = line(11, "3", "0", "0");
    assert_eq!(refund(&free, &[], &goods_return(&[(11, "1")], None), dec(CAP), false), Ok(None));
    assert_eq!(refund(&order(), &[], &goods_return(&[], None), dec(CAP), false), Ok(None));
}

#[test]
fn what_was_paid_with_a_gift_card_is_given_back_by_people() {
    let mut gift = order();
    gift.tender = vec![crate::order::Tender { kind: "field:gift_cards".to_owned(), amount: dec("5.00") }];
    let problem = refund(&gift, &[], &goods_return(&[(11, "1")], None), dec(CAP), false).unwrap_err();
    assert_eq!(problem.code(), "return_with_tender");
}

#[test]
fn a_refund_by_hand_is_known_by_its_units_or_its_amount() {
    let back = goods_return(&[(11, "1"), (13, "1")], Some(("6.92", "1.31")));
    let by_hand = |refund: &Refund, by_amount| is_by_hand(&order(), &back, refund, by_amount);
    assert!(by_hand(&given(31, "8.23", &[(11, "1", "2.80", "0.53"), (13, "0", "4.12", "0.78")]), false));
    assert!(!by_hand(&given(31, "8.00", &[(11, "1", "2.80", "0.53")]), false), "another amount");
    assert!(!by_hand(&given(31, "8.23", &[(11, "2", "5.60", "1.07")]), true), "other units");
    assert!(by_hand(&given(31, "8.23", &[]), true));
    assert!(!by_hand(&given(31, "8.23", &[]), false), "money alone may be for anything");
}

#[test]
fn what_cannot_be_given_back_is_refused_by_its_code() {
    let code = |refunds: &[Refund], of: &GoodsReturn| asked(refunds, of).unwrap_err().code();
    let mut foreign = goods_return(&[(11, "1")], None);
    foreign.lines.push(delivered(None, "1"));
    assert_eq!(code(&[], &foreign), "return_unmatched");
    assert_eq!(code(&[], &goods_return(&[(99, "1")], None)), "return_unmatched");
    assert_eq!(code(&[], &goods_return(&[(11, "4")], None)), "return_already_refunded");
    let before = [given(31, "3.33", &[(11, "1", "2.80", "0.53")])];
    assert_eq!(code(&before, &goods_return(&[(11, "3")], None)), "return_already_refunded");
    let money = [given(32, "38.00", &[])];
    assert_eq!(code(&money, &goods_return(&[(11, "1")], None)), "return_above_order");
}

fn parcel(id: &str, lines: &[(u64, &str)]) -> Parcel {
    Parcel {
        id: ParcelId(id.to_owned()),
        shipped_at: "2026-11-28T00:00:00Z".parse().unwrap(),
        carrier: None,
        tracking: None,
        link: None,
        lines: lines.iter().map(|(line, quantity)| delivered(Some(*line), quantity)).collect(),
    }
}

fn progress(parcels: Vec<Parcel>, returns: Vec<GoodsReturn>, refunds: &[Refund]) -> Progress {
    let sale = goods_return(&[], None).credit;
    // The book is a service: a card with a code.
    let deliveries = Deliveries { sale, goods: [11].into(), parcels, returns };
    Progress::of(&order(), refunds, &deliveries)
}

#[test]
fn all_is_shipped_when_nothing_is_owed_any_more() {
    let config = crate::config::FulfilmentConfig::default();
    let status = |progress: &Progress, status: OrderStatus| {
        progress.status(&Order { status, ..order() }, &config).map(|status| status.as_str().to_owned())
    };
    let nothing = progress(vec![], vec![], &[]);
    assert_eq!(
        (nothing.axis(), status(&nothing, OrderStatus::Processing)),
        (FulfilmentAxis::Allocated, None)
    );
    let part = progress(vec![parcel("1", &[(11, "2")])], vec![], &[]);
    assert_eq!((part.axis(), status(&part, OrderStatus::Processing)), (FulfilmentAxis::PartShipped, None));
    let all = progress(vec![parcel("1", &[(11, "2")]), parcel("2", &[(11, "1")])], vec![], &[]);
    assert_eq!(all.axis(), FulfilmentAxis::Shipped);
    assert_eq!(status(&all, OrderStatus::Processing).as_deref(), Some("completed"));
    assert_eq!(status(&all, OrderStatus::Custom("delivered".into())), None, "it may be further");
    for beyond in [OrderStatus::Completed, OrderStatus::Cancelled, OrderStatus::Refunded, OrderStatus::Failed]
    {
        assert_eq!(status(&all, beyond), None, "never backwards");
    }
    for before in [OrderStatus::OnHold, OrderStatus::Pending, OrderStatus::Trash, OrderStatus::CheckoutDraft]
    {
        assert_eq!(status(&all, before), None, "not to be shipped, says the shop");
    }
    let refunded = [given(31, "3.33", &[(11, "1", "2.80", "0.53")])];
    let rest = progress(vec![parcel("1", &[(11, "2")])], vec![], &refunded);
    assert_eq!(rest.axis(), FulfilmentAxis::Shipped, "what was given back is not owed");
    let back = progress(vec![parcel("1", &[(11, "3")])], vec![goods_return(&[(11, "3")], None)], &[]);
    assert_eq!(back.axis(), FulfilmentAxis::Returned);
    let one_back = vec![goods_return(&[(11, "1")], None)];
    let owed = progress(vec![parcel("1", &[(11, "2")])], one_back, &refunded);
    assert_eq!(owed.axis(), FulfilmentAxis::PartShipped, "what came back and was refunded had left");
}

#[test]
fn a_part_has_a_status_of_its_own_where_the_shop_has_one() {
    let config = crate::config::FulfilmentConfig {
        part_shipped_status: Some("part-sent".to_owned()),
        complete_from: [OrderStatus::Custom("packing".into())].into(),
        ..crate::config::FulfilmentConfig::default()
    };
    let part = progress(vec![parcel("1", &[(11, "2")])], vec![], &[]);
    let status = |status| part.status(&Order { status, ..order() }, &config);
    assert_eq!(status(OrderStatus::Processing), Some(OrderStatus::Custom("part-sent".into())));
    assert_eq!(status(OrderStatus::Custom("part-sent".into())), None);
    assert_eq!(status(OrderStatus::Completed), None);
    let all = progress(vec![parcel("1", &[(11, "3")])], vec![], &[]);
    for from in ["part-sent", "packing"] {
        let order = Order { status: OrderStatus::Custom(from.into()), ..order() };
        assert_eq!(all.status(&order, &config), Some(OrderStatus::Completed), "{from}");
    }
}
