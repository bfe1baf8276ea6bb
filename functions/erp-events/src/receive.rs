//! The use case: verify, understand, send messages, answer.
//!
//! What is not signed is answered 401 at the cost of a real verification,
//! whatever else is wrong with it, and nothing of it is believed or logged.

use std::sync::Arc;

use weir_domain::config::{ErpConfig, StockOwner, StoreConfig};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{ErpId, LocationId, OrderId, OrderKey};
use weir_domain::ports::{Clock, OrderQueue, StockQueue};
use weir_domain::stock::StockMoved;
use weir_domain::stock::message::{STOCK_MOVED_VERSION, StockCause, batches};
use weir_runtime::config::Configuration;
use weir_runtime::secrets::{ErpSecrets, Secrets};

use crate::event::{self, BadEvent, Event, OrdersChanged, StockChanged};
use crate::signature::{self, BadSecret, Claim, Keys, SignatureError, SignedWith};

/// A POST to `/erps/{erp}/events/{source}`.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// From the path.
    pub erp: &'a str,
    /// From the path: `erp`, `wms` or `pos`.
    pub source: &'a str,
    /// The headers of the signature.
    pub claim: Claim<'a>,
    /// The bytes as they were sent.
    pub body: &'a [u8],
    /// The gateway's request id: one id from here to the shop.
    pub correlation: &'a str,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// So many items or orders are in a queue.
    Accepted {
        /// Distinct ones.
        count: usize,
        /// What was read.
        event: Event,
        /// With which secret.
        signed_with: SignedWith,
    },
    /// Signed and understood, and of a location whose stock is another
    /// system's: nothing is done.
    NotTheOwner {
        /// The location.
        location: LocationId,
        /// Whose word on it counts.
        owner: StockOwner,
    },
    /// Signed, and not taken.
    Bad(BadEvent),
    /// Not from the source.
    Refused(SignatureError),
    /// From the source, perhaps, and we could not take it: it has to be sent
    /// again.
    Unavailable(String),
}

/// The outside of the use case.
pub struct Receiver {
    /// Which stores sell whose stock, who owns which location, and which
    /// stores are told of deliveries.
    pub configuration: Configuration,
    /// What the sources sign with.
    pub secrets: Secrets,
    /// Where it is said which items moved.
    pub stock_queue: Arc<dyn StockQueue>,
    /// Where it is said which orders changed in an ERP.
    pub fulfilment_queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Receiver {
    /// Takes one delivery.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Receipt {
        let found = self.sender(&delivery);
        let signed_with = match self.verify(found, &delivery).await {
            Ok(Ok(signed_with)) => signed_with,
            Ok(Err(refusal)) => return Receipt::Refused(refusal),
            Err(unavailable) => return Receipt::Unavailable(unavailable),
        };
        // Without a sender nothing is signed.
        let Some((erp, source)) = found else { return Receipt::Refused(SignatureError::Mismatch) };
        match event::read(delivery.body) {
            Err(bad) => Receipt::Bad(bad),
            Ok(Event::Stock(event)) => {
                self.stock_changed(erp, source, event, signed_with, delivery.correlation).await
            }
            Ok(Event::Orders(event)) => self.orders_changed(event, signed_with, delivery.correlation).await,
        }
    }

    /// The ERP and the source that the path names; `None` if there are no
    /// such.
    fn sender(&self, delivery: &Delivery<'_>) -> Option<(&ErpConfig, StockOwner)> {
        let erp: ErpId = delivery.erp.parse().ok()?;
        Some((self.configuration.erps.get(&erp)?, source(delivery.source)?))
    }

    async fn verify(
        &self,
        sender: Option<(&ErpConfig, StockOwner)>,
        delivery: &Delivery<'_>,
    ) -> Result<Result<SignedWith, SignatureError>, String> {
        let judge =
            |keys: Option<&Keys>| signature::verify(keys, &delivery.claim, delivery.body, self.clock.now());
        let Some((erp, source)) = sender else { return Ok(judge(None)) };
        let secrets = self.secrets.of_erp(erp).await.map_err(|error| error.to_string())?;
        match judge(keys(&secrets, source).map_err(|error| unusable(erp, source, error))?.as_ref()) {
            // The secret may have been rotated a moment ago.
            Err(SignatureError::Mismatch) => {}
            verdict => return Ok(verdict),
        }
        let Some(fresh) = self.secrets.of_erp_anew(erp).await else {
            return Ok(Err(SignatureError::Mismatch));
        };
        Ok(judge(keys(&fresh, source).map_err(|error| unusable(erp, source, error))?.as_ref()))
    }

    async fn stock_changed(
        &self,
        erp: &ErpConfig,
        source: StockOwner,
        event: StockChanged,
        signed_with: SignedWith,
        correlation: &str,
    ) -> Receipt {
        let sells = |store: &StoreConfig| {
            store.stock_erp() == Some(&erp.erp)
                && store.stock.as_ref().is_some_and(|stock| stock.entity == event.entity)
        };
        if !self.configuration.usable_stores().any(|store| sells(store)) {
            return Receipt::Bad(BadEvent::EntityNotSold);
        }
        if let Some(location) = &event.location {
            match erp.locations().get(location) {
                None => return Receipt::Bad(BadEvent::LocationUnknown),
                Some(owner) if *owner != source => {
                    return Receipt::NotTheOwner { location: location.clone(), owner: *owner };
                }
                Some(_) => {}
            }
        }
        match self.stock_queue.send(&self.messages(&event, correlation)).await {
            Ok(()) => Receipt::Accepted { count: event.skus.len(), event: Event::Stock(event), signed_with },
            Err(error) => Receipt::Unavailable(error.to_string()),
        }
    }

    /// Whoever of the three says it is believed: the ERP is asked in any case.
    /// Where the store books today does not matter either: each of its orders
    /// knows the ERP it was booked in.
    async fn orders_changed(
        &self,
        event: OrdersChanged,
        signed_with: SignedWith,
        correlation: &str,
    ) -> Receipt {
        let is_told = match self.configuration.stores.get(&event.store) {
            None => false,
            Some(Ok(store)) => store.fulfilment.is_some(),
            // What it wants is not known: its orders wait in the ledger.
            Some(Err(_)) => true,
        };
        if !is_told {
            return Receipt::Bad(BadEvent::StoreNotServed);
        }
        match self.fulfilment_queue.send(&self.hints(&event, correlation)).await {
            Ok(()) => {
                Receipt::Accepted { count: event.orders.len(), event: Event::Orders(event), signed_with }
            }
            Err(error) => Receipt::Unavailable(error.to_string()),
        }
    }

    fn hints(&self, event: &OrdersChanged, correlation: &str) -> Vec<Hint> {
        let received_at = self.clock.now();
        let hint = |order: &OrderId| {
            let key = OrderKey { store: event.store.clone(), order: *order };
            Hint::of(&key, Cause::Erp, received_at, correlation)
        };
        event.orders.iter().map(hint).collect()
    }

    fn messages(&self, event: &StockChanged, correlation: &str) -> Vec<StockMoved> {
        let received_at = self.clock.now();
        let message = |(index, skus)| StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: event.entity.clone(),
            skus,
            refresh: true,
            received_at,
            cause: StockCause::Event,
            correlation: format!("{correlation}-{index}"),
            hops: 0,
        };
        batches(event.skus.iter().cloned()).into_iter().enumerate().map(message).collect()
    }
}

/// A source by its name in the path.
fn source(name: &str) -> Option<StockOwner> {
    match name {
        "erp" => Some(StockOwner::Erp),
        "wms" => Some(StockOwner::Wms),
        "pos" => Some(StockOwner::Pos),
        _ => None,
    }
}

fn keys(secrets: &ErpSecrets, source: StockOwner) -> Result<Option<Keys>, BadSecret> {
    Keys::read(secrets.event_secrets.get(&source).map(Vec::as_slice).unwrap_or_default())
}

fn unusable(erp: &ErpConfig, source: StockOwner, error: BadSecret) -> String {
    format!("event_secrets of {source:?} in the secret {:?}: {error}", erp.secret)
}
