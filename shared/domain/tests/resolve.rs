//! From the shop's references to the ERP's.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::id::{DocumentKey, Generation};
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::order::{Charge, Order, TaxRate, TaxShare};
use weir_domain::resolve::{ResolveError, Resolver, keys};
use weir_domain::sales::{Release, SalesOrder};
use weir_testkit::sample;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The mappings that a store has, of which only the asked-for are given.
fn resolve(order: &Order, all: &[(MappingKind, &str, &[&str])]) -> Result<SalesOrder, ResolveError> {
    let first_skus = BTreeMap::new();
    let asked = keys(order, &first_skus);
    let mappings: Mappings = all
        .iter()
        .map(|(kind, name, target)| {
            (MappingKey::new(*kind, *name), target.iter().map(ToString::to_string).collect())
        })
        .filter(|(key, _)| asked.contains(key))
        .collect();
    let config = sample::store_config("main", "erp");
    let key = DocumentKey::of_order(&order.key, Generation::FIRST);
    Resolver { config: &config, mappings: &mappings, first_skus: &first_skus }.sales_order(
        order,
        key,
        Release::Ship,
    )
}

const USUAL: [(MappingKind, &str, &[&str]); 5] = [
    (MappingKind::Tax, "rates:1", &["DE19"]),
    (MappingKind::Tax, "rates:2", &["DE7"]),
    (MappingKind::Shipping, "flat_rate", &["SHIPPING"]),
    (MappingKind::Fee, "any", &["FEE"]),
    (MappingKind::Payment, "stripe", &["CARD"]),
];

fn with_rates(order: &mut Order, percents: &[&str]) {
    order.rates = (1..)
        .zip(percents)
        .map(|(id, percent)| TaxRate {
            id,
            code: format!("R{id}"),
            percent: Some(decimal(percent)),
            compound: false,
        })
        .collect();
}

fn fee(net: &str, tax: &str, shares: &[(u64, &str)]) -> Charge {
    Charge {
        id: 20,
        code: "Loyalty".to_owned(),
        name: "Loyalty".to_owned(),
        net: decimal(net),
        tax: decimal(tax),
        taxes: shares
            .iter()
            .map(|(rate, amount)| TaxShare { rate: *rate, amount: decimal(amount) })
            .collect(),
        tax_class: String::new(),
    }
}

fn with_fee(fee: Charge) -> Order {
    let mut order = sample::order("main", 1);
    with_rates(&mut order, &["19", "7"]);
    order.total += fee.net + fee.tax;
    order.total_tax += fee.tax;
    order.fees = vec![fee];
    order
}

#[test]
fn a_mapping_by_id_wins_over_one_by_sku_and_that_over_the_sku_itself() {
    let order = sample::order("main", 1);
    let mut mappings = USUAL.to_vec();
    mappings.push((MappingKind::Item, "sku:MUG-L", &["BY-SKU"]));
    mappings.push((MappingKind::Item, "sku:TEE-M", &["BY-SKU-TOO"]));
    mappings.push((MappingKind::Item, "id:112", &["BY-VARIATION"]));
    let items: Vec<String> =
        resolve(&order, &mappings).unwrap().lines.into_iter().map(|line| line.item).collect();
    assert_eq!(items, ["BY-SKU", "BY-VARIATION", "SHIPPING"]);
}

#[test]
fn every_gap_is_named_once() {
    let order = sample::order("main", 1);
    let Err(ResolveError::Unmapped(gaps)) = resolve(&order, &[]) else { panic!("nothing is mapped") };
    let names: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    assert_eq!(names, [r#"tax "rates:1""#, r#"shipping "flat_rate""#]);
}

#[test]
fn a_fee_over_two_tax_classes_becomes_two_lines() {
    let order = with_fee(fee("-1.50", "-0.25", &[(1, "-0.23"), (2, "-0.02")]));
    let sales = resolve(&order, &USUAL).unwrap();
    let fees: Vec<(String, Vec<String>)> = sales
        .lines
        .iter()
        .filter(|line| line.item == "FEE")
        .map(|line| (line.net.to_string(), line.taxes.clone()))
        .collect();
    assert_eq!(
        fees,
        [("-1.21".to_owned(), vec!["DE19".to_owned()]), ("-0.29".to_owned(), vec!["DE7".to_owned()])]
    );
}

#[test]
fn rates_on_top_of_each_other_stay_one_line() {
    let order = with_fee(fee("100.00", "26.00", &[(1, "19.00"), (2, "7.00")]));
    let Err(ResolveError::Unmapped(gaps)) = resolve(&order, &USUAL) else {
        panic!("rates:1+2 is not mapped")
    };
    assert_eq!(gaps[0].name, "rates:1+2");
}

#[test]
fn rows_that_fit_neither_way_are_not_guessed_at() {
    let order = with_fee(fee("100.00", "3.00", &[(1, "2.00"), (2, "1.00")]));
    assert!(matches!(resolve(&order, &USUAL), Err(ResolveError::Unmapped(_))));
}

#[test]
fn a_rate_too_small_to_be_divided_by_is_not_guessed_at() {
    let mut order = with_fee(fee("100.00", "3.00", &[(1, "2.00"), (2, "1.00")]));
    with_rates(&mut order, &["0.0000000000000000000000000001", "7"]);
    assert!(matches!(resolve(&order, &USUAL), Err(ResolveError::Unmapped(_))));
}

#[test]
fn an_absent_tax_row_is_no_treatment() {
    let mut order = with_fee(fee("5.00", "0.00", &[]));
    let untaxed = |order: &Order| match resolve(order, &USUAL) {
        Err(ResolveError::Unmapped(gaps)) => gaps[0].name.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(untaxed(&order), "none:DE");
    order.customer.vat_exempt = true;
    assert_eq!(untaxed(&order), "none:DE:exempt");
    order.customer.vat_id = Some("ATU00000024".into());
    assert_eq!(untaxed(&order), "none:DE:exempt-vat-id");
}

#[test]
fn free_shipping_needs_no_treatment() {
    let mut order = sample::order("main", 1);
    let was = order.shipping[0].clone();
    order.total -= was.net + was.tax;
    order.total_tax -= was.tax;
    order.shipping[0] = Charge { net: Decimal::ZERO, tax: Decimal::ZERO, taxes: Vec::new(), ..was };
    let sales = resolve(&order, &USUAL).unwrap();
    assert!(sales.lines.last().unwrap().taxes.is_empty());
}

#[test]
fn a_compound_rate_is_marked() {
    let mut order = sample::order("main", 1);
    order.rates[0].compound = true;
    let Err(ResolveError::Unmapped(gaps)) = resolve(&order, &USUAL) else { panic!("rates:1c is not mapped") };
    assert_eq!(gaps[0].name, "rates:1c");
}
