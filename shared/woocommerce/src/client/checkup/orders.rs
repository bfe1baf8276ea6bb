//! The last orders, and by what their parcels can be shown.

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_domain::doctor::{Fact, ParcelInterface, RecentOrders, Unread};
use weir_domain::id::OrderId;

use super::super::{DECIMALS, ShopClient};
use crate::canonical::{OrderError, order};
use crate::checkup::{NotRead, tender};
use crate::fulfilment::Plugin;
use crate::wire::{Object, Scalar};

/// So many of the last orders are looked at.
const ORDERS: usize = 25;

impl ShopClient {
    pub(super) async fn recent_orders(&self) -> Fact<RecentOrders> {
        let mut url = self.url(&["orders"]);
        url.query_pairs_mut()
            .append_pair("orderby", "date")
            .append_pair("order", "desc")
            .append_pair("per_page", &ORDERS.to_string())
            .append_pair("dp", DECIMALS);
        let answer = self.ask(url).await?;
        let listed: Vec<&RawValue> = serde_json::from_slice(&answer.body).map_err(|_| NotRead)?;
        let mut recent = RecentOrders::default();
        for raw in listed {
            self.note(&mut recent, raw.get().as_bytes());
        }
        Ok(recent)
    }

    fn note(&self, recent: &mut RecentOrders, raw: &[u8]) {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Head {
            id: Scalar,
        }
        let Object(head): Object<Head> = serde_json::from_slice(raw).unwrap_or_default();
        let id = OrderId(head.id.id().unwrap_or_default());
        match order(&self.store, id, raw) {
            Ok(order) => recent.orders.push(order),
            Err(OrderError::Unreadable(unreadable)) => {
                *recent.unreadable.entry(unreadable.code.to_owned()).or_default() += 1;
            }
            Err(OrderError::NotJson | OrderError::OtherOrder) => {
                *recent.unreadable.entry("missing_field".to_owned()).or_default() += 1;
            }
        }
        for rule in tender(raw) {
            match recent.tender.iter_mut().find(|(known, _)| *known == rule) {
                Some((_, orders)) => *orders += 1,
                None => recent.tender.push((rule, 1)),
            }
        }
    }

    /// The interfaces are those of an order, asked for as parcels are.
    pub(super) async fn parcel_interface(&self, recent: &Fact<RecentOrders>) -> Fact<ParcelInterface> {
        let orders = &recent.as_ref().map_err(Clone::clone)?.orders;
        let order = orders.first().ok_or(Unread::NotAsked)?.key.order.to_string();
        let core = ("wc", "fulfillments", ParcelInterface::Fulfilments);
        let tracking = |plugin: Plugin, interface| (plugin.namespace(), "shipment-trackings", interface);
        for (namespace, resource, interface) in [
            core,
            tracking(Plugin::ShipmentTracking, ParcelInterface::ShipmentTracking),
            tracking(Plugin::Ast, ParcelInterface::Ast),
        ] {
            let mut url = self.base.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop().pop().extend([namespace, "v3", "orders", &order, resource]);
            }
            match self.ask(url).await {
                Ok(_) => return Ok(interface),
                Err(Unread::NotThere | Unread::Refused) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(ParcelInterface::NotesOnly)
    }
}
