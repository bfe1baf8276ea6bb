//! From a refund of the shop to the credit that an ERP is asked to book.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::order::{Order, Refund, TaxRate, TaxShare};
use weir_domain::resolve::{ResolveError, Resolver, credit_keys};
use weir_domain::sales::{LineKind, SalesOrder};
use weir_testkit::sample;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn credit(order: &Order, refund: &Refund) -> Result<Option<SalesOrder>, ResolveError> {
    credits(order, std::slice::from_ref(refund)).remove(0)
}

fn credits(order: &Order, refunds: &[Refund]) -> Vec<Result<Option<SalesOrder>, ResolveError>> {
    let all: [(MappingKind, &str, &str); 6] = [
        (MappingKind::Tax, "rates:1", "DE19"),
        (MappingKind::Tax, "rates:2", "DE7"),
        (MappingKind::Tax, "none:DE", "FREE"),
        (MappingKind::Shipping, "flat_rate", "SHIPPING"),
        (MappingKind::Fee, "refund", "ALLOWANCE"),
        (MappingKind::Payment, "stripe", "CARD"),
    ];
    let asked = credit_keys(order, refunds, &BTreeMap::new());
    let named =
        all.iter().map(|(kind, name, code)| (MappingKey::new(*kind, *name), vec![(*code).to_owned()]));
    let mappings: Mappings = named.filter(|(key, _)| asked.contains(key)).collect();
    let config = sample::store_config("main", "erp");
    Resolver { config: &config, mappings: &mappings, first_skus: &BTreeMap::new() }.credits(order, refunds)
}

/// (kind, item, quantity, net, tax, tax codes) of each line.
fn shown(credit: &SalesOrder) -> Vec<String> {
    let show = |line: &weir_domain::sales::SalesLine| {
        let kind = format!("{:?}", line.kind).to_lowercase();
        format!("{kind} {} {} {} {} {}", line.item, line.quantity, line.net, line.tax, line.taxes.join("+"))
    };
    credit.lines.iter().map(show).collect()
}

fn order() -> Order {
    sample::order("main", 4711)
}

fn refund(amount: &str, lines: &[(u64, &str, &str, &str)]) -> Refund {
    sample::refund(&sample::key("main", 4711), 31, amount, lines)
}

/// The shirt is taxed at 7 % instead.
fn two_rates() -> Order {
    let mut order = order();
    let reduced = decimal("1.75");
    order.rates.push(TaxRate {
        id: 2,
        code: "DE-7".to_owned(),
        percent: Some(decimal("7")),
        compound: false,
    });
    order.total += reduced - order.lines[1].tax;
    order.total_tax += reduced - order.lines[1].tax;
    order.lines[1].tax = reduced;
    order.lines[1].taxes = vec![TaxShare { rate: 2, amount: reduced }];
    order
}

#[test]
fn goods_and_shipping_come_back_as_what_they_are() {
    let refund = refund("15.61", &[(11, "1", "9.00", "1.71"), (13, "0", "4.12", "0.78")]);
    let credit = credit(&order(), &refund).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 -9.00 -1.71 DE19", "shipping SHIPPING -1 -4.12 -0.78 DE19"]);
    assert_eq!(credit.key.reference(), "4711.r31");
}

#[test]
fn money_for_a_line_whose_goods_stay_is_an_allowance() {
    let credit = credit(&order(), &refund("2.38", &[(11, "0", "2.00", "0.38")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["allowance ALLOWANCE -1 -2.00 -0.38 DE19"]);
    assert_eq!(credit.lines[0].line, 11);
}

#[test]
fn goods_that_come_back_for_nothing_still_come_back() {
    let credit = credit(&order(), &refund("0.00", &[(11, "1", "0.00", "0.00")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 0.00 0.00 DE19"]);
}

#[test]
fn a_refund_of_nothing_is_no_document() {
    assert_eq!(credit(&order(), &refund("0.00", &[])), Ok(None));
    assert_eq!(credit(&order(), &refund("0.00", &[(11, "0", "0.00", "0.00")])), Ok(None));
}

#[test]
fn an_amount_without_lines_has_the_orders_tax_mix() {
    let credit = credit(&two_rates(), &refund("10.00", &[])).unwrap().unwrap();
    // 26.32 at 19 % and 26.75 at 7 %, gross.
    assert_eq!(
        shown(&credit),
        ["allowance ALLOWANCE -1 -4.17 -0.79 DE19", "allowance ALLOWANCE -1 -4.71 -0.33 DE7"]
    );
    assert_eq!(credit.totals.to_string(), "-8.88 + -1.12 = -10.00 EUR");
}

#[test]
fn what_is_left_after_earlier_refunds_gives_the_tax_mix() {
    let order = two_rates();
    let mut shirt = refund("26.75", &[(12, "1", "25.00", "1.75")]);
    shirt.lines[0].taxes[0].rate = 2;
    let credits = credits(&order, &[shirt, refund("26.32", &[])]);
    let rest = credits[1].as_ref().unwrap().as_ref().unwrap();
    assert_eq!(shown(rest), ["allowance ALLOWANCE -1 -22.12 -4.20 DE19"]);
    let all = credits.iter().flatten().flatten();
    let left: Decimal = all.map(|credit| credit.totals.tax).sum::<Decimal>() + order.total_tax;
    assert_eq!(left, Decimal::ZERO, "no tax stays owed on an order that is nothing");
}

#[test]
fn a_full_refund_gives_a_discount_of_another_treatment_back_too() {
    let mut order = order();
    let discount = weir_domain::order::Charge {
        id: 20,
        code: "Voucher".to_owned(),
        name: "Voucher".to_owned(),
        net: decimal("-10.00"),
        tax: Decimal::ZERO,
        taxes: Vec::new(),
        tax_class: String::new(),
    };
    order.fees.push(discount);
    order.total -= decimal("10.00");
    let credit = credit(&order, &refund("46.07", &[])).unwrap().unwrap();
    assert_eq!(
        shown(&credit),
        ["allowance ALLOWANCE -1 -47.12 -8.95 DE19", "allowance ALLOWANCE -1 10.00 0.00 FREE"]
    );
}

#[test]
fn a_rate_of_nothing_that_the_shop_leaves_out_is_still_the_treatment() {
    let mut order = order();
    order.lines[0].taxes.push(TaxShare { rate: 9, amount: Decimal::ZERO });
    let refund = refund("10.71", &[(11, "1", "9.00", "1.71")]);
    assert!(
        credit_keys(&order, &[refund], &BTreeMap::new())
            .contains(&MappingKey::new(MappingKind::Tax, "rates:1+9"))
    );
}

#[test]
fn a_cent_without_any_line_is_not_rounding() {
    let credit = credit(&order(), &refund("0.01", &[(11, "0", "0.00", "0.00")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["allowance ALLOWANCE -1 -0.01 0.00 DE19"]);
}

#[test]
fn an_amount_beyond_its_lines_is_an_allowance_for_the_rest() {
    let credit = credit(&order(), &refund("15.00", &[(11, "1", "9.00", "1.71")])).unwrap().unwrap();
    assert_eq!(
        shown(&credit),
        ["goods MUG-L -1 -9.00 -1.71 DE19", "allowance ALLOWANCE -1 -3.61 -0.68 DE19"]
    );
}

#[test]
fn an_amount_below_its_lines_takes_the_rest_back() {
    let credit = credit(&order(), &refund("10.00", &[(11, "1", "9.00", "1.71")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 -9.00 -1.71 DE19", "allowance ALLOWANCE -1 0.60 0.11 DE19"]);
    assert_eq!(credit.totals.gross, decimal("-10.00"));
}

#[test]
fn what_was_entered_without_tax_is_gross() {
    let credit = credit(&order(), &refund("10.71", &[(11, "1", "10.71", "0.00")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 -9.00 -1.71 DE19"]);
}

#[test]
fn a_line_that_had_no_tax_gives_none_back() {
    let mut order = order();
    order.total -= order.lines[0].tax;
    order.total_tax -= order.lines[0].tax;
    order.lines[0].tax = Decimal::ZERO;
    order.lines[0].taxes.clear();
    let credit = credit(&order, &refund("9.00", &[(11, "1", "9.00", "0.00")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 -9.00 0.00 FREE"]);
}

#[test]
fn a_cent_of_rounding_is_left_to_the_tolerance() {
    let credit = credit(&order(), &refund("10.72", &[(11, "1", "9.00", "1.71")])).unwrap().unwrap();
    assert_eq!(shown(&credit), ["goods MUG-L -1 -9.00 -1.71 DE19"]);
    assert_eq!(credit.totals.to_string(), "-9.01 + -1.71 = -10.72 EUR");
    assert_eq!(credit.tolerance.net, decimal("0.015"));
}

#[test]
fn a_line_that_the_order_does_not_have_is_unclear() {
    let unclear = credit(&order(), &refund("1.00", &[(99, "1", "1.00", "0.00")]));
    assert_eq!(unclear, Err(ResolveError::LineUnknown(99)));
}

#[test]
fn an_allowance_without_an_item_is_a_gap_of_its_name() {
    let config = sample::store_config("main", "erp");
    let mappings = Mappings::from([(MappingKey::new(MappingKind::Tax, "rates:1"), vec!["DE19".to_owned()])]);
    let resolver = Resolver { config: &config, mappings: &mappings, first_skus: &BTreeMap::new() };
    let Err(ResolveError::Unmapped(gaps)) = resolver.credits(&order(), &[refund("5.00", &[])]).remove(0)
    else {
        panic!("an item out of nothing")
    };
    assert_eq!(gaps, [MappingKey::new(MappingKind::Fee, "refund")]);
}

proptest! {
    #[test]
    fn whatever_is_given_back_the_credit_comes_to_it_to_the_cent(
        cents in 1_i64..7_000,
        (quantity, net, tax) in (0_u32..3, 0_i64..2_000, 0_i64..400),
    ) {
        let amount = Decimal::new(cents, 2);
        let (net, tax) = (Decimal::new(net, 2), Decimal::new(tax, 2));
        let quantity = quantity.to_string();
        let lines = [(11, quantity.as_str(), net.to_string(), tax.to_string())];
        let lines = lines.each_ref().map(|(id, quantity, net, tax)| (*id, *quantity, net.as_str(), tax.as_str()));
        let refund = refund(&amount.to_string(), &lines);
        let credit = credit(&two_rates(), &refund).unwrap().unwrap();
        prop_assert_eq!(credit.totals.gross, -amount);
        let sum = |part: fn(&weir_domain::sales::SalesLine) -> Decimal| credit.lines.iter().map(part).sum::<Decimal>();
        prop_assert!((credit.totals.net - sum(|line| line.net)).abs() <= credit.tolerance.net);
        prop_assert_eq!(credit.totals.tax, sum(|line| line.tax));
        prop_assert!(credit.lines.iter().all(|line| line.kind != LineKind::Allowance || line.quantity == -Decimal::ONE));
    }
}
