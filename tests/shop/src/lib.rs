#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod batch;
mod body;
mod catalogue;
mod clock;
mod config;
mod control;
mod counters;
mod customers;
mod dates;
mod deliveries;
mod discounts;
mod doc;
mod error;
mod events;
mod faults;
mod fulfillments;
mod harm;
mod meta;
mod model;
mod money;
mod notes;
mod options;
mod order_json;
mod order_status;
mod order_write;
mod orders;
mod paging;
mod place;
mod product_json;
mod product_write;
mod products;
mod queue;
mod refunds;
mod routes;
mod server;
mod settings;
mod shop;
mod sign;
mod stock;
mod tax;
mod taxes;
mod totals;
mod trackings;
mod validate;
mod webhooks;
mod wire;

pub use clock::Clock;
pub use config::{
    ApiKey, Config, ConfigError, CouponConfig, DeliveryConfig, Permissions, ProductConfig, TaxRateConfig,
};
pub use server::{ServeError, Server};
pub use shop::Shop;
pub use wire::{Outcome, Outgoing, Reply, Request};
