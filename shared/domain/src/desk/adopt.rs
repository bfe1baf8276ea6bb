//! A sales order that somebody made by hand becomes the order's own.

use super::apply::go_on;
use super::{Desk, DeskError};
use crate::config::StoreConfig;
use crate::order::Order;
use crate::ports::{Adoption, DocumentState, ErpDocument};
use crate::record::{Booking, DocumentAxis, DocumentKind, OrderRecord, PaymentAxis};
use crate::sales::Release;

impl Desk {
    pub(super) async fn adopt(
        &self,
        record: &mut OrderRecord,
        number: &str,
        paid: bool,
    ) -> Result<String, DeskError> {
        let store = &record.key.store;
        let not_possible = |why: String| DeskError::NotPossible(why);
        let config = self.connections.store(store).map_err(|error| not_possible(error.to_string()))?;
        let read = self.connections.shop(store).await?.order(record.key.order).await?;
        let order = read.order.as_sold(&record.first_skus);
        let booking = booking(record, &config, &order)?;
        let desk = self.erps.desk(&booking.erp).await?;
        // Its key is given to it in the ERP first: should our answer get lost,
        // whoever books the order finds it there.
        let document = match desk.adopt(number, &record.document_key()).await? {
            Adoption::Adopted(document) => document,
            Adoption::NotFound => {
                return Err(not_possible(format!("{} has no sales order {number}", booking.erp)));
            }
            Adoption::Taken(by) => return Err(not_possible(format!("{number} belongs to {by}"))),
        };
        if document.state == DocumentState::Cancelled {
            return Err(not_possible(format!("{number} is cancelled in the ERP")));
        }
        let what = format!("{number} is its sales order now; both sides are compared next.");
        take(record, &order, booking, document, paid);
        record.in_erp_at = Some(self.clock.now());
        go_on(record, self.clock.now());
        Ok(what)
    }
}

fn booking(record: &OrderRecord, config: &StoreConfig, order: &Order) -> Result<Booking, DeskError> {
    if let Some(booking) = &record.booked_with {
        return Ok(booking.clone());
    }
    let rule = config.entity(order);
    let rule =
        rule.ok_or_else(|| DeskError::NotPossible("no entity rule of its store matches it".to_owned()))?;
    Ok(Booking { entity: rule.entity.clone(), erp: rule.erp.clone() })
}

fn take(record: &mut OrderRecord, order: &Order, booking: Booking, document: ErpDocument, paid: bool) {
    let generation = record.generation;
    record.documents.retain(|it| it.kind != DocumentKind::SalesOrder || it.generation != generation);
    record.released = Some(match document.state {
        DocumentState::Processing | DocumentState::Done => Release::Ship,
        DocumentState::Draft | DocumentState::Reserved | DocumentState::Cancelled => Release::Reserve,
    });
    record.remember(DocumentKind::SalesOrder, document);
    record.document = DocumentAxis::InErp;
    record.unfinished = None;
    record.booked_with = Some(booking);
    record.booked_as(order);
    if paid {
        record.payment = PaymentAxis::Paid;
    }
}
