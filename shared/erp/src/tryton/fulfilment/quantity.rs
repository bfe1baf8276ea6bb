//! Quantities of lines and of moves, each in a unit of its own: people may
//! write a move, or a line of a return, in another unit than the one sold.
//!
//! What is in the unit wanted is taken as it is. What is converted keeps six
//! digits, and a sum of such is rounded as a whole: three times a third of a
//! dozen is a dozen.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::outcome::CallError;

use super::super::stock::{DIGITS, Unit};
use super::super::wire::{Shown, WireQuantity};

pub(in crate::tryton) const UNIT: &str = "product.uom";

/// A quantity in a unit that may be another one.
enum Part {
    AsItIs(Decimal),
    /// Not rounded.
    Converted(Decimal),
}

impl Part {
    /// `unit` is `None` where nothing says what is wanted.
    fn of(quantity: WireQuantity, of: Option<&Unit>, unit: Option<&Unit>) -> Result<Self, CallError> {
        match (of, unit) {
            (Some(of), Some(unit)) if !of.is(unit) => of.to(unit).converted(quantity.0).map(Self::Converted),
            _ => Ok(Self::AsItIs(quantity.0)),
        }
    }
}

/// The sum of these in a unit.
pub(super) fn sum<'a>(
    parts: impl Iterator<Item = (WireQuantity, &'a Shown<Unit>)>,
    unit: Option<&Unit>,
) -> Result<Decimal, CallError> {
    let (mut plain, mut converted) = (Decimal::ZERO, Decimal::ZERO);
    for (quantity, of) in parts {
        match Part::of(quantity, of.of(UNIT)?, unit)? {
            Part::AsItIs(quantity) => plain += quantity,
            Part::Converted(quantity) => converted += quantity,
        }
    }
    Ok((plain + converted.round_dp(DIGITS)).normalize())
}

/// What was converted of each line so far. Each part is what it adds to the
/// rounded sum.
#[derive(Default)]
pub(super) struct Shares(BTreeMap<u64, Decimal>);

impl Shares {
    /// The next part of a line, in a unit.
    pub(super) fn next(
        &mut self,
        line: u64,
        (quantity, of): (WireQuantity, &Shown<Unit>),
        unit: Option<&Unit>,
    ) -> Result<Decimal, CallError> {
        let quantity = match Part::of(quantity, of.of(UNIT)?, unit)? {
            Part::AsItIs(quantity) => quantity,
            Part::Converted(quantity) => {
                let sum = self.0.entry(line).or_default();
                let before = sum.round_dp(DIGITS);
                *sum += quantity;
                sum.round_dp(DIGITS) - before
            }
        };
        Ok(quantity.normalize())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unit(id: u64, factor: f64, rate: f64) -> Unit {
        serde_json::from_value(json!({"id": id, "factor": factor, "rate": rate, "digits": 2})).unwrap()
    }

    fn quantity(text: &str) -> WireQuantity {
        WireQuantity(text.parse().unwrap())
    }

    #[test]
    fn thirds_of_a_dozen_are_a_dozen() {
        let (piece, dozen) = (unit(1, 1.0, 1.0), unit(2, 12.0, 0.083_333_333_333));
        let four = || (quantity("4.0"), Shown::Is(Some(piece)));
        let parts = [four(), four(), four()];
        let all = sum(parts.iter().map(|(quantity, unit)| (*quantity, unit)), Some(&dozen)).unwrap();
        assert_eq!(all.to_string(), "1");
        let mut shares = Shares::default();
        let mut next = |line: u64| shares.next(line, (quantity("4.0"), &four().1), Some(&dozen)).unwrap();
        assert_eq!(
            [next(7), next(7), next(8), next(7)].map(|share| share.to_string()),
            ["0.333333", "0.333334", "0.333333", "0.333333"]
        );
    }

    #[test]
    fn what_is_in_the_unit_is_taken_as_it_is() {
        let dozen = || Shown::Is(Some(unit(2, 12.0, 0.083_333_333_333)));
        let parts = [(quantity("0.33333333"), dozen()), (quantity("2.0"), dozen())];
        let parts = || parts.iter().map(|(quantity, unit)| (*quantity, unit));
        let nothing = unit(2, 0.0, 0.0);
        assert_eq!(sum(parts(), Some(&nothing)).unwrap().to_string(), "2.33333333");
        assert_eq!(sum(parts(), None).unwrap().to_string(), "2.33333333", "no unit is wanted");
    }

    #[test]
    fn a_unit_of_nothing_and_one_that_may_not_be_read_give_no_quantity() {
        let (piece, nothing) = (unit(1, 1.0, 1.0), unit(2, 0.0, 0.0));
        let one = |unit| sum([(quantity("1"), &unit)].into_iter(), Some(&piece));
        assert!(matches!(one(Shown::Is(Some(nothing))), Err(CallError::Unknown { .. })));
        assert!(matches!(one(Shown::Hidden), Err(CallError::Blocked { .. })));
    }
}
