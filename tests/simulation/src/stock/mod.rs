//! Stock on the stage: shops that sell while they are written to, an ERP with
//! several locations whose figure lags, and between them the use cases that
//! ship, over the `stock` table that ships.
//!
//! It is the world of the orders with shelves: what an order means for stock
//! comes from the real order worker, so that I1 to I4 hold alongside.

#![expect(clippy::similar_names, reason = "a shelf is not the self beside it")]

pub mod buyers;
pub mod checks;
pub mod erp;
pub mod excess;
pub mod functions;
pub mod ground;
pub mod people;
pub mod risk;
pub mod run;
pub mod saboteurs;
pub mod shelf;
pub mod shop;
pub mod trial;
pub mod warehouse;
pub mod wiring;
pub mod witness;

/// What can be bought: the ERP's code, the shop's SKU, the product's id and
/// the product that it is a variation of. One is mapped by hand.
pub const ITEMS: [(&str, &str, u64, Option<u64>); 4] = [
    ("MUG-L", "MUG-L", 101, None),
    ("TEE-M", "TEE-M", 112, Some(102)),
    ("PEN", "STIFT", 104, None),
    ("CAP", "CAP", 103, None),
];

/// The location that orders are shipped from, and another one.
pub const LOCATIONS: [&str; 2] = ["main", "floor"];
