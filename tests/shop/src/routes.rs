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

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Route::Index | Route::SystemStatus | Route::Settings(_) => Shape::ReadOnly,
            Route::Orders
            | Route::Notes(_)
            | Route::Refunds(_)
            | Route::Products
            | Route::Variations(_)
            | Route::Webhooks
            | Route::Customers
            | Route::Coupons
            | Route::Taxes => Shape::Collection,
            Route::Note(..) | Route::Refund(..) | Route::Coupon(_) => Shape::Fixed,
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
