//! Parcels and returns: what the shop shows is what the ERP has, its status is
//! true, and what came back is refunded once.

use std::collections::BTreeSet;

use weir_domain::config::ReturnPolicy;
use weir_domain::id::RefundId;
use weir_domain::order::{Order, OrderStatus};
use weir_domain::ports::DocumentState;
use weir_testkit::Sale;

use super::Case;
use crate::deliveries::owes;
use crate::invocation::Doom;
use crate::shop::SimShop;

/// Exceptions beside which parcels are shown all the same.
const BESIDE: [&str; 5] = [
    "amendment_refused",
    "refund_deleted",
    "refund_outcome_unknown",
    "completed_not_shipped",
    "return_with_tender",
];

impl Case<'_> {
    /// I2, I4: of an order that is where it should be, or in this exception.
    pub(super) fn delivered(&self, excepted: Option<&str>) {
        let Some((order, shop)) = self.order.as_ref().zip(self.world.shops.get(&self.key.store)) else {
            return;
        };
        let is_there = |sale: &&Sale| matches!(sale.state, DocumentState::Processing | DocumentState::Done);
        let Some(sale) = self.alive().find(is_there) else { return };
        if !self.world.delivers || self.gone_in_erp() || excepted.is_some_and(|code| !BESIDE.contains(&code))
        {
            return;
        }
        self.shows(shop, sale);
        if excepted.is_none() {
            self.says_the_truth(order, shop, sale);
            self.gives_back_what_was_received(shop, sale);
        }
    }

    fn shows(&self, shop: &SimShop, sale: &Sale) {
        let wanted: BTreeSet<_> =
            sale.parcels.iter().map(|parcel| (parcel.id.clone(), parcel.version())).collect();
        let shown: BTreeSet<_> = shop
            .shown(self.key.order)
            .into_iter()
            .filter_map(|item| Some((item.id?, item.version?)))
            .collect();
        if shown != wanted {
            self.violate("I4", &format!("the shop shows parcels {shown:?}, the ERP has {wanted:?}"));
        }
        let told = shop.notes_of(self.key.order).len();
        if told < wanted.len() {
            self.violate("I2", &format!("people were told of {told} parcels, there are {}", wanted.len()));
        }
    }

    fn says_the_truth(&self, order: &Order, shop: &SimShop, sale: &Sale) {
        let owed = sale.parcels.is_empty() || owes(order, &shop.refunds_of(self.key.order), sale);
        match order.status {
            OrderStatus::Processing if !owed => {
                self.violate("I2", "all of it has left, and the shop does not say so");
            }
            OrderStatus::Completed if owed && !sale.parcels.is_empty() => {
                self.violate("I4", "is called completed, and something is owed");
            }
            _ => {}
        }
    }

    fn gives_back_what_was_received(&self, shop: &SimShop, sale: &Sale) {
        let refunds = shop.refunds_of(self.key.order);
        for back in &sale.returns {
            let given = refunds.iter().find(|refund| refund.of_return.as_ref() == Some(&back.id));
            let owed = back.credit.totals.as_ref().map(|totals| -totals.gross);
            match given {
                None => self.violate("I2", &format!("return {} was received and is not refunded", back.id)),
                Some(refund) if Some(refund.amount) != owed => {
                    self.violate("I4", &format!("return {} is refunded with {}", back.id, refund.amount));
                }
                Some(_) => {}
            }
        }
    }

    /// Refunds that were made for returns: the ERP has their credit already.
    pub(super) fn refunds_of_returns(&self) -> BTreeSet<RefundId> {
        let shop = self.world.shops.get(&self.key.store);
        let refunds = shop.into_iter().flat_map(|shop| shop.refunds_of(self.key.order));
        refunds.filter(|refund| refund.of_return.is_some()).map(|refund| refund.id).collect()
    }

    /// Whether an exception about deliveries is justified.
    pub(super) fn excuses_delivery(&self, code: &str) -> bool {
        let shop = self.world.shops.get(&self.key.store);
        let config = self.world.configs.get(&self.key.store).and_then(|config| config.fulfilment.as_ref());
        match code {
            "return_with_tender" => self.order.as_ref().is_some_and(|order| !order.tender.is_empty()),
            "completed_not_shipped" => self.order.as_ref().zip(shop).is_some_and(|(order, shop)| {
                let owed = |sale: &Sale| owes(order, &shop.refunds_of(self.key.order), sale);
                order.status == OrderStatus::Completed && self.alive().any(owed)
            }),
            "refund_outcome_unknown" => {
                let pays = config.is_some_and(|config| config.returns == ReturnPolicy::RefundAndPay);
                // Whoever is lost between the record and the call may have asked.
                let lost = self.world.stage.met(&Doom::CLASSES) + self.world.stage.met(&super::UNWRITTEN);
                let unclear = shop.map_or(0, |shop| shop.unknowns(self.key.order));
                pays && lost + u64::from(unclear) > 0
            }
            _ => false,
        }
    }
}
