//! The operators' API and pages, as a library, so that tests go from a request
//! to its answer.
//!
//! One assembly of data ([`data`]) has two faces: the pages ([`pages`]) render
//! it, the API ([`api`]) serialises it. Who may see it is decided in one place
//! before either ([`gate`]); whatever changes anything goes through
//! [`audited`].

pub mod acts;
pub mod api;
pub mod audited;
pub mod auth;
pub mod connections;
pub mod data;
pub mod doctor;
pub mod gate;
pub mod local;
pub mod pages;
pub mod patience;
mod problem;
mod router;
mod seal;
pub mod serve;
pub mod session;
pub mod sign_in;
pub mod state;
pub mod wire;

pub use problem::Problem;
pub use router::router;
