//! Goods by their codes, and their units: Tryton counts an item in its
//! default unit, a shop sells it in its sale unit (see [`lines`]).
//!
//! [`lines`]: super::super::lines

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::json;
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;

use super::super::Tryton;
use super::super::wire::WireQuantity;

/// Codes asked for in one call: keeps the URL well under 8 KiB.
const CODES_PER_CALL: usize = 50;
/// More digits of a quantity are what floats and thirds left.
pub(in crate::tryton) const DIGITS: u32 = 6;

/// An item whose stock Tryton keeps.
#[derive(Debug, Clone)]
pub(super) struct Goods {
    pub(super) sku: Sku,
    pub(super) id: u64,
    pub(super) units: Units,
}

/// From one unit to another: that which an item is counted in, to the one that
/// it is sold in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tryton) struct Units {
    /// Sold units are counted units times this …
    times: Decimal,
    /// … divided by this.
    over: Decimal,
    /// Digits after the point of a sold quantity.
    digits: u32,
}

impl Units {
    /// A quantity in the unit it is sold in.
    pub(in crate::tryton) fn sold(&self, counted: Decimal) -> Result<Decimal, CallError> {
        Ok(self.converted(counted)?.round_dp(DIGITS).normalize())
    }

    /// The same, with all digits: to be added up.
    pub(in crate::tryton) fn converted(&self, counted: Decimal) -> Result<Decimal, CallError> {
        let sold = counted.checked_mul(self.times).and_then(|product| product.checked_div(self.over));
        sold.ok_or_else(|| CallError::unknown("a quantity or a unit that cannot be calculated with"))
    }

    /// What of a sold quantity can be sold: no part of a box.
    pub(super) fn whole(&self, sold: Decimal) -> Decimal {
        sold.round_dp_with_strategy(self.digits.min(DIGITS), RoundingStrategy::ToNegativeInfinity).normalize()
    }
}

/// What to read of a product for its [`Units`].
pub(super) const UNIT_FIELDS: [&str; 6] = [
    "default_uom.factor",
    "default_uom.rate",
    "default_uom.digits",
    "sale_uom.factor",
    "sale_uom.rate",
    "sale_uom.digits",
];

/// The units of a product as Tryton has them.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct WireUnits {
    default_uom: Unit,
    sale_uom: Option<Unit>,
}

/// `factor` is how many of the base unit it is, `rate` the reverse of that.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::tryton) struct Unit {
    id: u64,
    factor: WireQuantity,
    rate: WireQuantity,
    digits: u32,
}

impl Unit {
    /// How many base units it is, as a fraction of the number that is written
    /// with fewer digits: a twelfth is not, a dozen is.
    fn size(&self) -> (Decimal, Decimal) {
        let (factor, rate) = (self.factor.0.normalize(), self.rate.0.normalize());
        let by_rate = factor.is_zero() || (!rate.is_zero() && rate.scale() < factor.scale());
        if by_rate { (Decimal::ONE, rate) } else { (factor, Decimal::ONE) }
    }

    /// Whether it is the same one.
    pub(in crate::tryton) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// From quantities in it to quantities in another one.
    pub(in crate::tryton) fn to(&self, other: &Self) -> Units {
        if self.is(other) {
            return Units { times: Decimal::ONE, over: Decimal::ONE, digits: other.digits };
        }
        let (own_times, own_over) = self.size();
        let (other_times, other_over) = other.size();
        // Zero where one is, or where the product is more than a decimal
        // holds.
        let product = |a: Decimal, b: Decimal| a.checked_mul(b).unwrap_or_default();
        let times = product(own_times, other_over);
        let over = product(own_over, other_times);
        // Such a unit gives no quantities, rather than nothing.
        let over = if times.is_zero() { times } else { over };
        Units { times, over, digits: other.digits }
    }
}

impl WireUnits {
    pub(super) fn units(&self) -> Units {
        self.default_uom.to(&self.sale_uom.unwrap_or(self.default_uom))
    }
}

impl Tryton {
    /// The items that have stock in Tryton. One that it does not know, that is
    /// inactive, a service or a consumable, is left out.
    pub(super) async fn goods(&self, skus: &[Sku]) -> Result<Vec<Goods>, CallError> {
        #[derive(Deserialize)]
        struct Found {
            id: u64,
            code: String,
            #[serde(flatten)]
            units: WireUnits,
        }
        let mut goods = BTreeMap::new();
        for skus in skus.chunks(CODES_PER_CALL) {
            // Inactive records do not show unless asked for.
            let domain = json!([["code", "in", skus], ["type", "=", "goods"], ["consumable", "=", false]]);
            let fields = [&["code"][..], &UNIT_FIELDS].concat();
            // Codes of active products are unique in Tryton.
            let found: Vec<Found> =
                self.client.search("product.product", &domain, &fields, 2 * CODES_PER_CALL).await?;
            for found in found {
                let sku = Sku(found.code);
                goods.insert(sku.clone(), Goods { sku, id: found.id, units: found.units.units() });
            }
        }
        Ok(goods.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: u64, factor: &str, rate: &str) -> serde_json::Value {
        let number = |text: &str| text.parse::<serde_json::Number>().unwrap();
        json!({"id": id, "factor": number(factor), "rate": number(rate), "digits": 0})
    }

    fn units(counted: &serde_json::Value, sold: &serde_json::Value) -> Units {
        let units = json!({"default_uom": counted, "sale_uom": sold});
        serde_json::from_value::<WireUnits>(units).unwrap().units()
    }

    fn sold(units: Units, counted: &str) -> String {
        units.sold(counted.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn most_items_are_counted_as_they_are_sold() {
        let piece = unit(1, "1.0", "1.0");
        assert_eq!(sold(units(&piece, &piece), "4000.0"), "4000");
        assert_eq!(sold(units(&piece, &serde_json::Value::Null), "-2.5"), "-2.5");
    }

    #[test]
    fn dozens_of_pieces_and_pieces_of_a_dozen() {
        let piece = unit(1, "1.0", "1.0");
        let dozen = unit(2, "12.0", "0.083333333333");
        let by_the_dozen = units(&piece, &dozen);
        assert_eq!(sold(by_the_dozen, "24"), "2");
        assert_eq!(sold(by_the_dozen, "100"), "8.333333");
        assert_eq!(by_the_dozen.whole("8.333333".parse().unwrap()).to_string(), "8");
        assert_eq!(by_the_dozen.whole("-0.5".parse().unwrap()).to_string(), "-1");
        // One piece as Tryton keeps it in dozens.
        assert_eq!(sold(units(&dozen, &piece), "0.08333333333333333"), "1");
    }

    #[test]
    fn grams_are_thousandths_although_written_as_either() {
        let (kilogram, gram) = (unit(3, "1.0", "1.0"), unit(4, "0.001", "1000.0"));
        assert_eq!(sold(units(&kilogram, &gram), "1.25"), "1250");
        assert_eq!(sold(units(&gram, &kilogram), "1250"), "1.25");
    }

    #[test]
    fn a_unit_of_nothing_is_an_unknown_quantity() {
        let (piece, nothing) = (unit(1, "1.0", "1.0"), unit(2, "0.0", "0.0"));
        for units in [units(&piece, &nothing), units(&nothing, &piece)] {
            assert!(matches!(units.sold(Decimal::ONE), Err(CallError::Unknown { .. })));
        }
    }
}
