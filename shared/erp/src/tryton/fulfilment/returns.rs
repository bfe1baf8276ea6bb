//! Goods that came back: a sale with negative quantities, whose `origin` is
//! the order's sale, and the shipments by which they come.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use weir_domain::fulfilment::{DeliveredLine, GoodsReturn};
use weir_domain::id::ReturnId;
use weir_domain::outcome::CallError;

use super::super::lines::{is_adjustment, shop_line};
use super::super::stock::{MOVE, MoveState, Unit};
use super::super::wire::WireQuantity;
use super::quantity::{UNIT, sum};
use super::{Booked, BookedLine, NO_ITEM, PRODUCT, RETURN_SHIPMENT, SoldLine};

/// A shipment by which goods come back.
#[derive(Deserialize)]
pub(super) struct ReturnShipment {
    pub(super) state: ReturnState,
}

/// Tryton's states of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReturnState {
    /// The goods are in the input zone …
    Received,
    /// … and put away. That they are back is known by then.
    Done,
    Cancelled,
    /// Draft, and whatever a module adds before they are received.
    #[serde(other)]
    Open,
}

impl Booked {
    /// The return that this sale is, once its goods are back. One that is
    /// still expected, that was cancelled, or of which nothing is to be sent
    /// back, is none.
    ///
    /// Its totals are of all that was expected, also where people have said
    /// that some of it never comes: only units are of what came.
    pub(super) fn goods_return(
        &self,
        sold: &BTreeMap<u64, SoldLine>,
    ) -> Result<Option<GoodsReturn>, CallError> {
        if !self.has_arrived()? {
            return Ok(None);
        }
        let units = sold.values().filter_map(|line| Some((line.of?, line.unit?)));
        let units: BTreeMap<u64, Unit> = units.collect();
        let mut lines = Vec::new();
        for line in &self.lines {
            lines.extend(line.returned(&units)?);
        }
        let credit = self.head.document();
        Ok(Some(GoodsReturn { id: ReturnId(credit.id.clone()), credit, lines }))
    }

    /// Whether all that is expected has been received. Of goods that came in
    /// part Tryton expects the rest in another shipment, which it makes in a
    /// transaction of its own a moment later: only then, or never, does it say
    /// that this sale is through. A shipment that was cancelled counts as
    /// nothing when people have said that they expect no other.
    fn has_arrived(&self) -> Result<bool, CallError> {
        let shipments = self.shipment_returns.all(RETURN_SHIPMENT)?;
        let is_there = |state| matches!(state, ReturnState::Received | ReturnState::Done);
        Ok(self.shipment_state == "sent"
            && shipments.iter().any(|shipment| is_there(shipment.state))
            && shipments.iter().all(|shipment| shipment.state != ReturnState::Open))
    }
}

impl BookedLine {
    /// What it gives back for, in the unit that was sold, by the shop's line;
    /// our own adjustments of its sums are nothing that anybody sends back.
    fn returned(&self, sold: &BTreeMap<u64, Unit>) -> Result<Option<DeliveredLine>, CallError> {
        let expected = self.quantity.map_or(Decimal::ZERO, |quantity| -quantity.0);
        if !self.is_sold() || expected <= Decimal::ZERO || is_adjustment(self.note()) {
            return Ok(None);
        }
        let line = shop_line(self.note());
        let own = self.unit.of(UNIT)?;
        let unit = line.and_then(|line| sold.get(&line)).or(own);
        let moves = self.moves.all(MOVE)?;
        let quantity = if moves.is_empty() {
            // Shipping, or a kit, whose components move.
            sum([(WireQuantity(expected), &self.unit)].into_iter(), unit)?
        } else {
            // Not `actual_quantity`: that is what was invoiced, too, and
            // everything is as soon as the sale is processed.
            let came = moves.iter().filter(|one| one.state == MoveState::Done);
            sum(came.map(|one| (one.quantity, &one.unit)), unit)?
        };
        if quantity.is_zero() {
            return Ok(None);
        }
        let item = self.product.of(PRODUCT)?.and_then(|product| product.code.clone());
        let item = item.unwrap_or_else(|| NO_ITEM.to_owned());
        Ok(Some(DeliveredLine { line, item, quantity }))
    }
}
