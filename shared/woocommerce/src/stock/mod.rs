//! What a shop says about stock, and how it is told: pure, so that it can be
//! tried on anything a shop ever wrote.
//!
//! A batch of the REST API is a trap for whoever trusts a 200: its items are
//! coerced instead of checked, each fails or is ignored for itself, and an
//! item named twice is written twice. So everything is checked before it is
//! sent, each item for itself, and every echo is read.

mod batch;
mod product;
mod sale;

use rust_decimal::Decimal;

pub use batch::{Batch, MOST, adjusted, batch, fits};
pub use product::{PRODUCT_FIELDS, product, products, variations};
pub use sale::{SALE_FIELDS, sales};

use crate::wire::DECIMALS;

/// A plugin for decimal quantities adds up floats: 12.300000000000001 is 12.3.
fn without_noise(quantity: Decimal) -> Decimal {
    if quantity.scale() > DECIMALS { quantity.round_dp(DECIMALS).normalize() } else { quantity }
}
