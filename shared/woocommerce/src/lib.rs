//! WooCommerce: what its webhooks say, how its orders become canonical
//! orders, and a client for its REST API.
//!
//! [`signature`] and [`delivery`] judge an inbound delivery without reading
//! more of it than an id; [`watch`] notices what its end says about the
//! webhook. [`wire`] and [`canonical`] turn an order as the
//! shop writes it into the domain's, [`stock`] what it says about stock,
//! [`fulfilment`] what it is told of parcels, returns and progress, [`webhooks`]
//! which deliveries it makes. [`client`] asks the shop and tells it.

pub mod canonical;
pub mod checkup;
pub mod client;
pub mod delivery;
pub mod fulfilment;
pub mod receive;
pub mod signature;
pub mod stock;
pub mod watch;
pub mod webhooks;
pub mod wire;
