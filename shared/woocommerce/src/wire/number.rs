use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Significant digits that survive PHP's floats.
const DIGITS: u32 = 15;
/// Decimals of a quantity or an amount. PHP writes no more of them without an
/// exponent.
pub(crate) const DECIMALS: u32 = 6;

/// A JSON number in its shortest spelling; no float is made of it here. `None`
/// for one with more digits than the shop can hold.
pub(crate) fn number(value: Decimal) -> Option<Box<RawValue>> {
    // Not "-0".
    let value = if value.is_zero() { Decimal::ZERO } else { value.normalize() };
    if value.mantissa().unsigned_abs() >= 10_u128.pow(DIGITS) || value.scale() > DECIMALS {
        return None;
    }
    RawValue::from_string(value.to_string()).ok()
}
