//! Stock out: what each shop may sell, computed from the ERP's positions and
//! from the sales that these do not contain yet, and brought to the shop as a
//! change, so that a sale meanwhile survives.
//!
//! Facts are read in the order **E, A, P, R** (see [`target`]): how much of
//! each sale the ERP's figure contains, that figure, the shop's quantity, what
//! the shop took off its own stock. Read so, whatever happens between two
//! reads is counted twice rather than not at all.

pub mod effects;
pub mod in_flight;
mod left;
pub mod message;
pub mod pace;
mod place;
mod plan;
pub mod position;
pub mod publication;
pub mod publish;
pub mod refresh;
mod round;
pub mod sales;
mod send;
pub mod sync;
pub mod target;

pub use effects::LineEffect;
pub use in_flight::{InFlight, Reduction};
pub use message::StockMoved;
pub use position::{LocationStock, Position};
pub use publication::{Intent, Publication, Standing};
pub use target::{Explanation, LineFacts, Terms};
