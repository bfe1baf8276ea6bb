//! The doctor's questions. They only read, but for one write that holds
//! nothing to be done: it tells whether the key may write.
//!
//! | question | asked by |
//! |---|---|
//! | access, clock | `orders`; where that is refused, see [`refusal`](crate::checkup::refusal) |
//! | writing | `POST products/batch` with nothing in it |
//! | version, currency, decimals, HPOS | `system_status` |
//! | prices with tax | `settings/tax/woocommerce_prices_include_tax` |
//! | statuses | `OPTIONS orders` |
//! | ways to pay and to ship, rates | `payment_gateways`, `shipping/zones`, `taxes` |
//! | products | `products`, newest first, and variations of some |
//! | webhooks, parcels, last orders | `webhooks`, an order's interfaces, `orders` |
//!
//! What a shop does not have, or does not let our key ask, is a fact of its
//! own, and no reason not to ask for the rest.

mod access;
mod catalogue;
mod orders;
mod reads;

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_domain::doctor::{Access, Fact, ShopCheckup, ShopFacts, Unread};
use weir_domain::outcome::CallError;

use super::ShopClient;
use crate::checkup::System;

#[async_trait]
impl ShopCheckup for ShopClient {
    async fn facts(&self) -> Result<ShopFacts, CallError> {
        let (access, clock_ahead) = self.access().await?;
        if access != Access::Granted {
            return Ok(not_asked(access, clock_ahead));
        }
        // A few at a time: it may be a small shop, and somebody waits.
        let (system, names, products, orders) = futures::join!(
            async { (self.system().await, self.prices_include_tax().await, self.statuses().await) },
            async { (self.gateways().await, self.shipping().await, self.tax_rates().await) },
            self.catalogue(),
            async { (self.recent_orders().await, self.all_webhooks().await, self.may_write().await) },
        );
        let (system, prices_include_tax, statuses) = system;
        let (gateways, shipping, tax_rates) = names;
        let (orders, webhooks, may_write) = orders;
        let parcels = self.parcel_interface(&orders).await;
        Ok(ShopFacts {
            access,
            may_write,
            clock_ahead,
            version: part(&system, |system| system.version.clone()),
            order_tables: part(&system, |system| system.order_tables),
            currency: part(&system, |system| system.currency.as_ref().map(|code| code.parse().ok())),
            decimals: part(&system, |system| system.decimals),
            prices_include_tax,
            statuses,
            gateways,
            shipping,
            tax_rates,
            products,
            webhooks,
            parcels,
            orders,
        })
    }
}

/// What the system's status may leave out.
fn part<T>(system: &Fact<System>, of: impl FnOnce(&System) -> Option<T>) -> Fact<T> {
    system.as_ref().map_err(Clone::clone).and_then(|system| of(system).ok_or(Unread::NotThere))
}

fn not_asked(access: Access, clock_ahead: Fact<SignedDuration>) -> ShopFacts {
    ShopFacts {
        access,
        clock_ahead,
        may_write: Err(Unread::NotAsked),
        version: Err(Unread::NotAsked),
        order_tables: Err(Unread::NotAsked),
        currency: Err(Unread::NotAsked),
        decimals: Err(Unread::NotAsked),
        prices_include_tax: Err(Unread::NotAsked),
        statuses: Err(Unread::NotAsked),
        gateways: Err(Unread::NotAsked),
        shipping: Err(Unread::NotAsked),
        tax_rates: Err(Unread::NotAsked),
        products: Err(Unread::NotAsked),
        webhooks: Err(Unread::NotAsked),
        parcels: Err(Unread::NotAsked),
        orders: Err(Unread::NotAsked),
    }
}
