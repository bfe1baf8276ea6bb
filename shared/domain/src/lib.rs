//! The domain of Weir: the canonical order, the decisions about it, and the
//! ports through which the outside is reached. It knows no AWS, no clock, no
//! network and no environment, so that every use case runs unchanged in a
//! function, in a test, and in the simulator.

pub mod audit;
pub mod backfill;
pub mod circuit;
pub mod config;
pub mod decide;
pub mod desk;
pub mod doctor;
pub mod fulfilment;
pub mod guardian;
pub mod hint;
pub mod id;
pub mod import;
pub mod items;
pub mod job;
pub mod mapping;
pub mod money;
pub mod order;
pub mod outcome;
pub mod poll;
pub mod ports;
mod private;
pub mod push;
pub mod reconcile;
pub mod record;
pub mod release;
pub mod resolve;
pub mod sales;
pub mod stock;
pub mod wake;

pub use private::Personal;
