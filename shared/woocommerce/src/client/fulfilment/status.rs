//! The status of an order. A single PUT with an unknown one is refused; the
//! statuses of plugins are asked for first all the same, since some shops
//! switch the check off, and an order with a status that nobody knows is in
//! no list.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;
use weir_http::is_json;

use super::super::effect::Success;
use super::super::{MAX_ANSWER_BYTES, ShopClient};
use super::write::{Said, Write, doubtful};
use crate::fulfilment::made;
use crate::fulfilment::status::{is_refused, request, statuses};

impl ShopClient {
    pub(in crate::client) async fn give_status(
        &self,
        order: OrderId,
        status: &OrderStatus,
    ) -> Result<(), ShopError> {
        if let OrderStatus::Custom(word) = status {
            let known = self.known_statuses().await;
            if known.is_some_and(|known| !known.contains(word)) {
                return Err(unknown_status(status));
            }
        }
        let write = Write {
            method: Method::PUT,
            url: self.url(&["orders", &order.to_string()]),
            json: Some(request(status)?),
            success: Success::Changed,
            refusals: &[(400, "rest_invalid_param")],
        };
        match self.write(write).await? {
            Said::Done(body) if made(&body) == Some(order.0) => Ok(()),
            Said::Refused { body, .. } if is_refused(&body) => Err(unknown_status(status)),
            Said::Done(_) | Said::Refused { .. } => Err(doubtful("the status of an order")),
        }
    }

    /// `None`: the shop does not say. Then the PUT will.
    async fn known_statuses(&self) -> Option<BTreeSet<String>> {
        let now = self.clock.now();
        if let Some(known) = self.fulfilment.statuses(now) {
            return Some(known);
        }
        let url = self.url(&["orders"]);
        let answer = self.exchange(Method::OPTIONS, url, None, MAX_ANSWER_BYTES).await.ok()?;
        if answer.status != StatusCode::OK || !is_json(&answer.headers) {
            return None;
        }
        let known = statuses(&answer.body?)?;
        self.fulfilment.are_statuses(known.clone(), now);
        Some(known)
    }
}

fn unknown_status(status: &OrderStatus) -> ShopError {
    CallError::rejected("status_unknown", format!("the shop has no status {status}")).into()
}
