//! Tryton 8.0 through its REST API.
//!
//! "Once" is Tryton's own doing: its module `web_shop` keeps (`web_shop`,
//! `web_id`) of a sale unique. Needed modules: `sale`, `web_shop`, and for
//! payments `sale_payment`. [`stock`] is the other side: what may be sold;
//! [`fulfilment`] is the way back: what has left and what has come back;
//! [`books`] and [`desk`] are for the nightly match and for people,
//! [`checkup`] is for the time before go-live.

mod address;
mod books;
mod checkup;
mod classify;
mod client;
mod desk;
mod feed;
mod fulfilment;
mod keys;
mod lines;
mod lookups;
mod party;
mod payment;
mod prices;
#[cfg(test)]
mod recorded;
mod rights;
mod sale;
mod stock;
mod wire;
mod workflow;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use jiff::SignedDuration;
use secrecy::SecretString;
use weir_domain::config::{ConfigError, ErpConfig, TrytonConfig};
use weir_domain::fulfilment::Deliveries;
use weir_domain::id::DocumentKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Clock, Creation, Erp, ErpDocument, Once, TaxBasis,
};
use weir_domain::sales::{SalesOrder, SalesPayment};

use client::Client;
use lookups::Lookups;
pub(crate) use stock::check_locations;

/// A Tryton company as an ERP connection.
pub(crate) struct Tryton {
    client: Client,
    config: TrytonConfig,
    longest_request: SignedDuration,
    lookups: Lookups,
    /// The longest that a transaction of Tryton's is taken to last.
    longest_transaction: SignedDuration,
    /// Set once the configured locations are known to be warehouses.
    warehouses_checked: OnceLock<()>,
}

impl Tryton {
    pub(crate) fn new(
        document: &ErpConfig,
        config: &TrytonConfig,
        http: weir_http::Client,
        key: SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let client = Client::new(http, &document.url, &config.database, config.company, key, clock)?;
        Ok(Self {
            client,
            config: config.clone(),
            longest_request: SignedDuration::from_secs(document.longest_request_s.into()),
            lookups: Lookups::new(),
            longest_transaction: stock::longest_transaction(document),
            warehouses_checked: OnceLock::new(),
        })
    }
}

#[async_trait]
impl Erp for Tryton {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            once: Once::NativeKey,
            tax: TaxBasis::Computed,
            longest_request: self.longest_request,
            lookup_lag: SignedDuration::ZERO,
        }
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError> {
        Ok(self.find_sale(key).await?.map(|sale| sale.document()))
    }

    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        self.create_sale(order).await
    }

    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError> {
        self.confirm_sale(document, order).await
    }

    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError> {
        self.amend_sale(document, order).await
    }

    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        self.cancel_sale(document).await
    }

    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        self.pay_sale(document, payment).await
    }

    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        self.deliveries_of(document).await
    }

    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError> {
        self.orders_changed(cursor).await
    }
}
