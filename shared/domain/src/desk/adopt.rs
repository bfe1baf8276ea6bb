//! A sales order that somebody made by hand becomes the order's own.

use jiff::SignedDuration;

use super::apply::go_on;
use super::{By, Desk, DeskError, note};
use crate::config::StoreConfig;
use crate::order::Order;
use crate::outcome::CallError;
use crate::ports::{Adoption, DocumentState, ErpDocument, Held};
use crate::record::{Booking, DocumentAxis, DocumentKind, Hold, OrderRecord, PaymentAxis, WaitReason};
use crate::sales::Release;

/// Of an ERP that cannot be asked how late it may be: the longest that its
/// document allows.
const UNKNOWN_LATENESS: SignedDuration = SignedDuration::from_mins(10);

impl Desk {
    /// Before the ERP is asked the record says that a sales order may exist, as
    /// it does before one is made: should the answer get lost, whoever comes
    /// next looks for it under the order's key.
    pub(super) async fn adopt(
        &self,
        held: &mut Held,
        by: &By,
        number: &str,
        paid: bool,
    ) -> Result<String, DeskError> {
        let store = held.record.key.store.clone();
        let config = self.connections.store(&store).map_err(|error| not_possible(error.to_string()))?;
        let read = self.connections.shop(&store).await?.order(held.record.key.order).await?;
        let order = read.order.as_sold(&held.record.first_skus);
        let booking = booking(&held.record, &config, &order)?;
        let desk = self.erps.desk(&booking.erp).await?;
        let before = held.record.clone();
        held.record.document = DocumentAxis::Pushing;
        held.record.booked_with = Some(booking.clone());
        let begun = note(self.clock.now(), by, "adopting", format!("{number} is about to get its key"));
        self.ledger.save(held, &begun).await?;
        let asked = desk.adopt(number, &held.record.document_key()).await;
        let document = match answer(asked, number, &booking) {
            Ok(document) => document,
            Err(DeskError::Call(error @ CallError::Unknown { .. })) => {
                self.doubt(&mut held.record, &booking).await;
                return Err(error.into());
            }
            Err(error) => {
                held.record.document = before.document;
                held.record.booked_with = before.booked_with;
                return Err(error);
            }
        };
        take(&mut held.record, &order, booking, document, paid);
        held.record.in_erp_at = Some(self.clock.now());
        go_on(&mut held.record, self.clock.now());
        Ok(format!("{number} is its sales order now; both sides are compared next."))
    }

    /// It may have been adopted: looked up when that can happen no more.
    async fn doubt(&self, record: &mut OrderRecord, booking: &Booking) {
        let lateness = match self.connections.erp(&booking.erp).await {
            Ok(erp) => erp.capabilities().longest_request + erp.capabilities().lookup_lag,
            Err(_) => UNKNOWN_LATENESS,
        };
        let until = self.clock.now() + lateness;
        record.in_doubt_until = record.in_doubt_until.max(Some(until));
        // What it was excepted for is looked at anew: this person wanted it to
        // go on.
        record.hold = Hold::Waiting { reason: WaitReason::UnknownOutcome, due_at: until, excepted: None };
    }
}

fn answer(
    asked: Result<Adoption, CallError>,
    number: &str,
    booking: &Booking,
) -> Result<ErpDocument, DeskError> {
    match asked? {
        Adoption::Adopted(document) if document.state == DocumentState::Cancelled => {
            Err(not_possible(format!("{number} is cancelled in the ERP")))
        }
        Adoption::Adopted(document) => Ok(document),
        Adoption::NotFound => Err(not_possible(format!("{} has no sales order {number}", booking.erp))),
        Adoption::Taken(by) => Err(not_possible(format!("{number} belongs to {by}"))),
    }
}

fn not_possible(why: String) -> DeskError {
    DeskError::NotPossible(why)
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
    // What is booked already is found before it is booked again.
    record.payment = if paid { PaymentAxis::Paid } else { PaymentAxis::None };
}
