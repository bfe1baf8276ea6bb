//! What a shop says about stock, and how it is told: pure, so that it can be
//! tried on anything a shop ever wrote.
//!
//! A batch of the REST API is a trap for whoever trusts a 200: its items are
//! coerced instead of checked, each fails or is ignored for itself, and an
//! item named twice is written twice. So everything is checked before it is
//! sent, and every echo is read.

mod batch;
mod product;
mod sale;

pub use batch::{Batch, MOST, adjusted, batch};
pub use product::{PRODUCT_FIELDS, product, products};
pub use sale::{SALE_FIELDS, sales};
