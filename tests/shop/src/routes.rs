//! Which route a path means.

/// A route of `wc/v3`, with its ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Index,
    Orders,
    Order(u64),
    OrdersBatch,
    Notes(u64),
    Note(u64, u64),
    Refunds(u64),
    Refund(u64, u64),
    Fulfillments(u64),
    Fulfillment(u64, u64),
    Trackings(Plugin, u64),
    Tracking(Plugin, u64, String),
    Carriers(Plugin, u64),
    Products,
    Product(u64),
    ProductsBatch,
    Variations(u64),
    Variation(u64, u64),
    VariationsBatch(u64),
    Webhooks,
    Webhook(u64),
    Customers,
    Customer(u64),
    Coupons,
    Coupon(u64),
    Taxes,
    SystemStatus,
    Settings(String),
    Setting(String, String),
}

/// A plugin that keeps tracking numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plugin {
    ShipmentTracking,
    Ast,
}

impl Plugin {
    /// Its part of a path.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Plugin::ShipmentTracking => "wc-shipment-tracking/v3",
            Plugin::Ast => "wc-ast/v3",
        }
    }
}

/// Kinds of routes, by the methods they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Collection,
    Item,
    /// An item that can be read and deleted only.
    Fixed,
    Batch,
    Setting,
    ReadOnly,
}

impl Route {
    /// Finds the route; `None` for paths the shop does not know.
    pub(crate) fn find(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        if path == "wp-json" {
            return Some(Route::Index);
        }
        for plugin in [Plugin::ShipmentTracking, Plugin::Ast] {
            if let Some(rest) = path.strip_prefix("wp-json/").and_then(|p| p.strip_prefix(plugin.namespace()))
            {
                return Self::of_plugin(plugin, rest);
            }
        }
        let parts: Vec<&str> = path.strip_prefix("wp-json/wc/v3/")?.split('/').collect();
        let id = |text: &str| text.parse::<u64>().ok();
        Some(match parts.as_slice() {
            ["orders"] => Route::Orders,
            ["orders", "batch"] => Route::OrdersBatch,
            ["orders", o] => Route::Order(id(o)?),
            ["orders", o, "notes"] => Route::Notes(id(o)?),
            ["orders", o, "notes", n] => Route::Note(id(o)?, id(n)?),
            ["orders", o, "refunds"] => Route::Refunds(id(o)?),
            ["orders", o, "refunds", r] => Route::Refund(id(o)?, id(r)?),
            ["orders", o, "fulfillments"] => Route::Fulfillments(id(o)?),
            ["orders", o, "fulfillments", f] => Route::Fulfillment(id(o)?, id(f)?),
            ["products"] => Route::Products,
            ["products", "batch"] => Route::ProductsBatch,
            ["products", p] => Route::Product(id(p)?),
            ["products", p, "variations"] => Route::Variations(id(p)?),
            ["products", p, "variations", "batch"] => Route::VariationsBatch(id(p)?),
            ["products", p, "variations", v] => Route::Variation(id(p)?, id(v)?),
            ["webhooks"] => Route::Webhooks,
            ["webhooks", w] => Route::Webhook(id(w)?),
            ["customers"] => Route::Customers,
            ["customers", c] => Route::Customer(id(c)?),
            ["coupons"] => Route::Coupons,
            ["coupons", c] => Route::Coupon(id(c)?),
            ["taxes"] => Route::Taxes,
            ["system_status"] => Route::SystemStatus,
            ["settings", group] => Route::Settings((*group).to_owned()),
            ["settings", group, id] => Route::Setting((*group).to_owned(), (*id).to_owned()),
            _ => return None,
        })
    }

    fn of_plugin(plugin: Plugin, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["orders", o, "shipment-trackings"] => Some(Route::Trackings(plugin, o.parse().ok()?)),
            ["orders", o, "shipment-trackings", "providers"] => {
                Some(Route::Carriers(plugin, o.parse().ok()?))
            }
            ["orders", o, "shipment-trackings", t]
                if t.len() <= 32 && t.bytes().all(|b| b.is_ascii_hexdigit()) =>
            {
                Some(Route::Tracking(plugin, o.parse().ok()?, (*t).to_owned()))
            }
            _ => None,
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Route::Index | Route::SystemStatus | Route::Settings(_) | Route::Carriers(..) => Shape::ReadOnly,
            Route::Orders
            | Route::Notes(_)
            | Route::Refunds(_)
            | Route::Fulfillments(_)
            | Route::Trackings(..)
            | Route::Products
            | Route::Variations(_)
            | Route::Webhooks
            | Route::Customers
            | Route::Coupons
            | Route::Taxes => Shape::Collection,
            Route::Note(..) | Route::Refund(..) | Route::Tracking(..) | Route::Coupon(_) => Shape::Fixed,
            Route::OrdersBatch | Route::ProductsBatch | Route::VariationsBatch(_) => Shape::Batch,
            Route::Setting(..) => Shape::Setting,
            _ => Shape::Item,
        }
    }

    /// The route without its ids, for counting.
    pub(crate) fn pattern(&self) -> &'static str {
        match self {
            Route::Index => "index",
            Route::Orders => "orders",
            Route::Order(_) => "orders/{id}",
            Route::OrdersBatch => "orders/batch",
            Route::Notes(_) => "orders/{id}/notes",
            Route::Note(..) => "orders/{id}/notes/{id}",
            Route::Refunds(_) => "orders/{id}/refunds",
            Route::Refund(..) => "orders/{id}/refunds/{id}",
            Route::Fulfillments(_) => "orders/{id}/fulfillments",
            Route::Fulfillment(..) => "orders/{id}/fulfillments/{id}",
            Route::Trackings(Plugin::ShipmentTracking, _) => "shipment-tracking",
            Route::Trackings(Plugin::Ast, _) => "ast",
            Route::Tracking(Plugin::ShipmentTracking, ..) => "shipment-tracking/{id}",
            Route::Tracking(Plugin::Ast, ..) => "ast/{id}",
            Route::Carriers(Plugin::ShipmentTracking, _) => "shipment-tracking/providers",
            Route::Carriers(Plugin::Ast, _) => "ast/providers",
            Route::Products => "products",
            Route::Product(_) => "products/{id}",
            Route::ProductsBatch => "products/batch",
            Route::Variations(_) => "products/{id}/variations",
            Route::Variation(..) => "products/{id}/variations/{id}",
            Route::VariationsBatch(_) => "products/{id}/variations/batch",
            Route::Webhooks => "webhooks",
            Route::Webhook(_) => "webhooks/{id}",
            Route::Customers => "customers",
            Route::Customer(_) => "customers/{id}",
            Route::Coupons => "coupons",
            Route::Coupon(_) => "coupons/{id}",
            Route::Taxes => "taxes",
            Route::SystemStatus => "system_status",
            Route::Settings(_) => "settings/{group}",
            Route::Setting(..) => "settings/{group}/{id}",
        }
    }
}

impl Shape {
    /// The `Allow` header.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Shape::Collection => "GET, POST",
            Shape::Item => "GET, POST, PUT, PATCH, DELETE",
            Shape::Fixed => "GET, DELETE",
            Shape::Batch => "POST, PUT, PATCH",
            Shape::Setting => "GET, POST, PUT, PATCH",
            Shape::ReadOnly => "GET",
        }
    }

    pub(crate) fn takes(self, method: &str) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method)
    }
}
