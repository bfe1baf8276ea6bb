//! From an order of the shop to what is booked, in the ERP's names.

use super::session::Session;
use super::{OrderPush, Reason, Stop};
use crate::config::StoreConfig;
use crate::order::Order;
use crate::record::{Booking, OrderRecord};
use crate::resolve::{self, ResolveError, Resolver};
use crate::sales::{Release, SalesOrder, SalesPayment};

/// What is to be booked, in the ERP's names.
pub(super) struct Booked {
    pub(super) sales_order: SalesOrder,
    pub(super) payments: Vec<SalesPayment>,
}

impl OrderPush {
    /// What would be booked for an order whose record is this.
    pub(super) async fn resolved(
        &self,
        config: &StoreConfig,
        order: &Order,
        record: &OrderRecord,
        release: Release,
    ) -> Result<Booked, Stop> {
        let keys = resolve::keys(order, &record.first_skus);
        let mappings = self.mappings.mappings(&config.store, &keys).await?;
        let resolver = Resolver { config, mappings: &mappings, first_skus: &record.first_skus };
        let sales_order = resolver.sales_order(order, record.document_key(), release).map_err(except)?;
        let payments = match release {
            Release::Ship => resolver.payments(order).map_err(except)?,
            Release::Reserve => Vec::new(),
        };
        Ok(Booked { sales_order, payments })
    }
}

impl Session<'_> {
    pub(super) async fn resolve(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        release: Release,
    ) -> Result<Booked, Stop> {
        self.push.resolved(config, order, &self.held.record, release).await
    }
}

/// Where an order is, or would be, booked.
pub(super) fn booking(config: &StoreConfig, order: &Order, record: &OrderRecord) -> Result<Booking, Reason> {
    if let Some(booking) = &record.booked_with {
        return Ok(booking.clone());
    }
    let rule = config.entity(order).ok_or_else(|| {
        let subject = format!("{}/{}", order.destination().country, order.currency);
        Reason::new("no_entity", subject, "No entity rule of the store matches its country and currency.")
    })?;
    Ok(Booking { entity: rule.entity.clone(), erp: rule.erp.clone() })
}

pub(super) fn except(error: ResolveError) -> Stop {
    let detail = error.to_string();
    Stop::Except(match error {
        ResolveError::Unmapped(gaps) => match gaps.into_iter().next() {
            Some(gap) => Reason::new(&format!("unmapped_{}", gap.kind.as_str()), gap.name, detail),
            None => Reason::new("unmapped", "order", detail),
        },
        ResolveError::Totals(error) => Reason::new("totals_do_not_add_up", error.part, detail),
        ResolveError::Nonsense(_) => Reason::new("nothing_to_book", "order", detail),
        ResolveError::LineUnknown(_) => Reason::new("refund_unclear", "refund", detail),
    })
}
