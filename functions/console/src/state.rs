//! What handlers need from the outside.

use std::sync::Arc;

use weir_domain::desk::Desk;
use weir_domain::id::StoreId;
use weir_domain::ports::{
    Actions, Clock, Jobs, Ledger, MappingStore, OpenOrders, Queues, Reports, StockStore, Timelines,
};
use weir_domain::push::OrderPush;
use weir_runtime::config::Configuration;

use crate::Problem;
use crate::auth::Auth;
use crate::doctor::Checkups;

/// What `axum` hands to each handler: `State(app): State<AppState>`.
pub type AppState = Arc<App>;

/// The outside of the console. Every read of it is bounded by
/// [`limits`](crate::data::limits).
pub struct App {
    /// Who may come in.
    pub auth: Auth,
    /// The open work.
    pub open: Arc<dyn OpenOrders>,
    /// Records and circuits.
    pub ledger: Arc<dyn Ledger>,
    /// The audits of orders.
    pub timelines: Arc<dyn Timelines>,
    /// Backfills and releases.
    pub jobs: Arc<dyn Jobs>,
    /// What the nights found.
    pub reports: Arc<dyn Reports>,
    /// What people did.
    pub actions: Arc<dyn Actions>,
    /// People's mappings, above the seeds of the configuration.
    pub mappings: Arc<dyn MappingStore>,
    /// Positions, lines in flight, publications.
    pub stock: Arc<dyn StockStore>,
    /// Queues and dead letters.
    pub queues: Arc<dyn Queues>,
    /// What people do about one order.
    pub desk: Desk,
    /// What would happen to an order now.
    pub push: OrderPush,
    /// The doctor, who looks at stores and their ERPs.
    pub doctor: Checkups,
    /// Stores and ERPs.
    pub configuration: Arc<Configuration>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl App {
    /// A store that is configured, usable or not.
    pub fn store(&self, name: &str) -> Result<StoreId, Problem> {
        let known = name.parse().ok().filter(|store| self.configuration.stores.contains_key(store));
        known.ok_or_else(|| Problem::not_found("There is no such store."))
    }

    /// All of them, by name.
    pub fn stores(&self) -> impl Iterator<Item = &StoreId> {
        self.configuration.stores.keys()
    }
}
