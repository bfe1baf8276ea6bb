//! From a sale back to the order it is of.

use serde::Deserialize;
use weir_domain::config::TrytonConfig;
use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey, RefundId, StoreId};

/// What a sale is known by in a shop; both are null in a sale that people
/// made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct WebKey {
    pub(super) web_shop: Option<u64>,
    pub(super) web_id: Option<String>,
}

impl WebKey {
    /// The orders it can be of: none, or one, unless two stores share a shop.
    pub(super) fn orders<'a>(&'a self, config: &'a TrytonConfig) -> impl Iterator<Item = OrderKey> + 'a {
        self.documents(config).map(|document| document.order)
    }

    /// The documents it can be.
    pub(super) fn documents<'a>(
        &'a self,
        config: &'a TrytonConfig,
    ) -> impl Iterator<Item = DocumentKey> + 'a {
        let stores = config.web_shops.iter().filter(|(_, id)| Some(**id) == self.web_shop);
        stores.filter_map(|(store, _)| self.document(store))
    }

    /// The document of a store of its shop that it names.
    pub(super) fn document(&self, store: &StoreId) -> Option<DocumentKey> {
        document(store, self.web_id.as_deref()?)
    }

    /// Whether it says of no order that the sale is its: it says nothing, or
    /// what Tryton's own form fills in when a person chooses a shop, which is
    /// 32 random bytes.
    pub(super) fn is_nobodys(&self) -> bool {
        let web_id = self.web_id.as_deref().unwrap_or_default();
        web_id.is_empty() || (web_id.len() == 64 && web_id.bytes().all(|digit| digit.is_ascii_hexdigit()))
    }
}

/// The document of a [`reference`](DocumentKey::reference): one of the lives
/// of an order, or a refund of it. Whatever is written otherwise is not ours.
fn document(store: &StoreId, web_id: &str) -> Option<DocumentKey> {
    let (order, rest) = match web_id.split_once('.') {
        Some((order, rest)) => (order, Some(rest)),
        None => (web_id, None),
    };
    let key = OrderKey { store: store.clone(), order: OrderId(order.parse().ok()?) };
    let document = match rest.map(|rest| (rest, rest.strip_prefix('r'))) {
        None => DocumentKey::of_order(&key, Generation::FIRST),
        Some((_, Some(refund))) => DocumentKey::of_refund(&key, RefundId(refund.parse().ok()?)),
        Some((generation, None)) => DocumentKey::of_order(&key, Generation(generation.parse().ok()?)),
    };
    (document.reference() == web_id).then_some(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_read_back_and_nothing_else_is_ours() {
        let store: StoreId = "main".parse().unwrap();
        for web_id in ["4711", "4711.2", "4711.17", "4711.r31"] {
            let document = document(&store, web_id).unwrap();
            assert_eq!((document.order.order, document.reference().as_str()), (OrderId(4711), web_id));
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
            assert_eq!(document(&store, web_id), None, "{web_id}");
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

    #[test]
    fn what_a_form_fills_in_names_nobody() {
        let nobodys = |web_id: Option<&str>| {
            WebKey { web_shop: Some(3), web_id: web_id.map(str::to_owned) }.is_nobodys()
        };
        let token = "0123456789abcdef".repeat(4);
        assert!(nobodys(None) && nobodys(Some("")) && nobodys(Some(&token)));
        assert!(!nobodys(Some("4711")) && !nobodys(Some(&token[1..])) && !nobodys(Some(&"x".repeat(64))));
    }
}
