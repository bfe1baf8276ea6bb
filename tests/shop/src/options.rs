//! What there is, and what it says of itself: routes of features and plugins,
//! and the answer to `OPTIONS`.

use serde_json::{Value, json};

use crate::doc::{Doc, obj};
use crate::routes::{Plugin, Route};
use crate::shop::Shop;

impl Shop {
    /// Whether the feature or plugin that registers a route is there.
    pub(crate) fn has_route(&self, route: &Route) -> bool {
        match route {
            Route::Fulfillments(_) | Route::Fulfillment(..) => self.config.fulfillments,
            Route::Trackings(plugin, _) | Route::Tracking(plugin, ..) | Route::Carriers(plugin, _) => {
                match plugin {
                    Plugin::ShipmentTracking => self.config.shipment_tracking,
                    Plugin::Ast => self.config.ast,
                }
            }
            _ => true,
        }
    }

    /// `OPTIONS`. Of the arguments and the schema only an order's status is
    /// described; plugins that add statuses are in its list.
    pub(crate) fn describe(&self, route: &Route) -> Doc {
        let methods: Vec<&str> = route.shape().allow().split(", ").collect();
        let reads = json!({ "methods": ["GET"], "args": {} });
        let writes: Vec<&str> = methods.iter().copied().filter(|m| !matches!(*m, "GET" | "DELETE")).collect();
        let is_order = matches!(route, Route::Orders | Route::Order(_));
        let is_new = *route == Route::Orders;
        let args = if is_order { json!({ "status": self.status_argument(is_new) }) } else { json!({}) };
        let mut endpoints = vec![reads];
        if !writes.is_empty() {
            endpoints.push(json!({ "methods": writes, "args": args }));
        }
        let namespace = match route {
            Route::Trackings(plugin, _) | Route::Tracking(plugin, ..) | Route::Carriers(plugin, _) => {
                plugin.namespace()
            }
            _ => "wc/v3",
        };
        let mut doc = obj! {
            "namespace" => namespace,
            "methods" => methods,
            "endpoints" => endpoints,
        };
        if is_order {
            doc.push(
                "schema",
                json!({
                    "$schema": "http://json-schema.org/draft-04/schema#",
                    "title": "shop_order",
                    "type": "object",
                    "properties": { "status": self.status_schema() },
                }),
            );
        }
        doc
    }

    /// The default is said only where an order is new.
    fn status_argument(&self, is_new: bool) -> Value {
        let mut argument = json!({
            "description": "Order status.", "type": "string", "enum": self.order_statuses(), "required": false,
        });
        if is_new {
            argument["default"] = json!("pending");
        }
        argument
    }

    fn status_schema(&self) -> Value {
        json!({
            "description": "Order status.", "type": "string", "default": "pending",
            "enum": self.order_statuses(), "context": ["view", "edit"],
        })
    }
}
