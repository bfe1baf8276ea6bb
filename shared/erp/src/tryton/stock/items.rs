//! Every item that can be sold, by id: a walk that forgets nothing which was
//! there when it began.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;
use weir_domain::ports::ItemPage;

use super::super::Tryton;
use super::super::client::Query;
use super::PAGE;

/// A product of a walk.
#[derive(Deserialize)]
struct Item {
    id: u64,
    /// Absent in products that nobody sells by code.
    code: Option<String>,
}

impl Tryton {
    /// Goods that can be sold, by id.
    pub(super) async fn salable_items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        #[derive(Default, Serialize, Deserialize)]
        struct Walk {
            after: u64,
        }
        // One that cannot be read begins anew: nothing is left out.
        let Walk { after } = cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default();
        let query = Query {
            domain: json!([
                ["salable", "=", true],
                ["type", "=", "goods"],
                ["consumable", "=", false],
                ["id", ">", after],
            ]),
            fields: &["code"],
            order: json!([["id", "ASC"]]),
            limit: PAGE,
            context: Value::Null,
        };
        let found: Vec<Item> = self.client.query("product.product", &query).await?;
        let next = serde_json::to_string(&Walk { after: found.last().map_or(after, |last| last.id) });
        let next = next.map_err(|_| CallError::unknown("the walk's cursor could not be written"))?;
        let more = found.len() >= PAGE;
        Ok(ItemPage { skus: found.into_iter().filter_map(|item| item.code).map(Sku).collect(), next, more })
    }
}
