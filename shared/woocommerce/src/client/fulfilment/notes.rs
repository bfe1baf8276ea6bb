//! Notes of an order.

use reqwest::Method;
use weir_domain::fulfilment::OrderNote;
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::effect::Success;
use super::write::doubtful;
use crate::fulfilment::made;
use crate::fulfilment::notes::{request, texts};

impl ShopClient {
    /// All of them: the shop lists them on one page.
    pub(in crate::client) async fn note_texts(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        let mut url = self.url(&["orders", &order.to_string(), "notes"]);
        url.query_pairs_mut().append_pair("type", "any").append_pair("_fields", "id,note");
        let answer = self.get(url).await?;
        Ok(texts(&answer.body)?)
    }

    pub(in crate::client) async fn note_down(
        &self,
        order: OrderId,
        note: &OrderNote,
    ) -> Result<(), ShopError> {
        let url = self.url(&["orders", &order.to_string(), "notes"]);
        let body = self.write_plain(Method::POST, url, request(note)?, Success::Created).await?;
        made(&body).map(|_id| ()).ok_or_else(|| doubtful("a new note"))
    }
}
