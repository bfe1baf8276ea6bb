//! From a sale back to the order it is of.

use serde::Deserialize;
use weir_domain::config::TrytonConfig;
use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey, RefundId};

/// What a sale is known by in a shop; both are null in a sale that people
/// made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct WebKey {
    pub(super) web_shop: Option<u64>,
    pub(super) web_id: Option<String>,
}

impl WebKey {
    /// The orders it can be of: none, or one, unless two stores share a shop.
    pub(super) fn orders<'a>(&self, config: &'a TrytonConfig) -> impl Iterator<Item = OrderKey> + 'a {
        let order = self.web_id.as_deref().and_then(order);
        let shop = self.web_shop;
        let stores = config.web_shops.iter().filter(move |(_, id)| Some(**id) == shop);
        stores.filter_map(move |(store, _)| Some(OrderKey { store: store.clone(), order: order? }))
    }
}

/// The order of a [`reference`](DocumentKey::reference): of one of its lives,
/// or of a refund of it. Whatever is written otherwise is not ours.
fn order(web_id: &str) -> Option<OrderId> {
    let (order, rest) = match web_id.split_once('.') {
        Some((order, rest)) => (order, Some(rest)),
        None => (web_id, None),
    };
    let order = OrderId(order.parse().ok()?);
    // Any store: a reference does not say which.
    let key = OrderKey { store: "any".parse().ok()?, order };
    let document = match rest.map(|rest| (rest, rest.strip_prefix('r'))) {
        None => DocumentKey::of_order(&key, Generation::FIRST),
        Some((_, Some(refund))) => DocumentKey::of_refund(&key, RefundId(refund.parse().ok()?)),
        Some((generation, None)) => DocumentKey::of_order(&key, Generation(generation.parse().ok()?)),
    };
    (document.reference() == web_id).then_some(order)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_read_back_and_nothing_else_is_ours() {
        for web_id in ["4711", "4711.2", "4711.17", "4711.r31"] {
            assert_eq!(order(web_id), Some(OrderId(4711)), "{web_id}");
        }
        for web_id in [
            "",
            "04711",
            "+4711",
            "4711.",
            "4711.1",
            "4711.02",
            "4711.r",
            "4711.r031",
            "4711.2.3",
            "4711-R1",
            "3f9a0c",
            "99999999999999999999",
        ] {
            assert_eq!(order(web_id), None, "{web_id}");
        }
    }

    #[test]
    fn an_order_is_of_the_stores_of_its_shop() {
        let config = json!({
            "database": "books", "company": 1, "warehouse": 5, "taxes": {},
            "web_shops": {"main": 3, "outlet": 3, "us": 4},
            "rounding": {"item": "ROUNDING", "tax_unit": {}},
        });
        let config: TrytonConfig = serde_json::from_value(config).unwrap();
        let orders = |web_shop: Option<u64>, web_id: Option<&str>| {
            let key = WebKey { web_shop, web_id: web_id.map(str::to_owned) };
            key.orders(&config).map(|order| order.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(orders(Some(4), Some("4711.2")), ["us/4711"]);
        assert_eq!(orders(Some(3), Some("4711")), ["main/4711", "outlet/4711"]);
        for (web_shop, web_id) in
            [(None, Some("4711")), (Some(9), Some("4711")), (Some(4), None), (Some(4), Some("x"))]
        {
            assert!(orders(web_shop, web_id).is_empty(), "{web_shop:?} {web_id:?}");
        }
    }
}
