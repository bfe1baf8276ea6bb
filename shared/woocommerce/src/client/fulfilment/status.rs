//! The status of an order. A single PUT with an unknown one is refused; the
//! statuses of plugins are asked for first all the same, since some shops
//! switch the check off, and then an unknown one becomes `pending`.

use std::collections::BTreeSet;

use reqwest::Method;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::super::effect::Success;
use super::super::{MAX_ANSWER_BYTES, ShopClient, answer};
use super::write::{Said, Write, doubtful};
use crate::fulfilment::status::{given, is_refused, request, statuses};

impl ShopClient {
    pub(in crate::client) async fn give_status(
        &self,
        order: OrderId,
        status: &OrderStatus,
    ) -> Result<(), ShopError> {
        if let OrderStatus::Custom(word) = status {
            let remembered = self.fulfilment.statuses(self.clock.now());
            // What is not remembered may have come since.
            let is_known = remembered.is_some_and(|known| known.contains(word))
                || self.known_statuses().await?.contains(word);
            if !is_known {
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
            Said::Done(body) => match given(order, &body) {
                Some(given) if given == *status => Ok(()),
                Some(_) => Err(not_taken(status)),
                None => Err(doubtful("the status of an order")),
            },
            Said::Refused { body, .. } if is_refused(&body) => Err(unknown_status(status)),
            Said::Refused { .. } => Err(doubtful("the status of an order")),
        }
    }

    /// As the shop says it now.
    async fn known_statuses(&self) -> Result<BTreeSet<String>, ShopError> {
        let now = self.clock.now();
        let sent = self.exchange(Method::OPTIONS, self.url(&["orders"]), None, MAX_ANSWER_BYTES).await;
        let answered = sent.map_err(|failure| answer::no_answer(&failure))?;
        let body = answered.body.unwrap_or_default();
        answer::judge(answered.status, &answered.headers, &body, now)?;
        let unsaid = || CallError::retry_soon("the shop does not say which statuses its orders can have");
        let known = statuses(&body).ok_or_else(unsaid)?;
        self.fulfilment.are_statuses(known.clone(), now);
        Ok(known)
    }
}

fn not_taken(status: &OrderStatus) -> ShopError {
    let why = format!("the shop was asked for the status {status} and gave the order another one");
    CallError::rejected("status_not_taken", why).into()
}

fn unknown_status(status: &OrderStatus) -> ShopError {
    CallError::rejected("status_unknown", format!("the shop has no status {status}")).into()
}
