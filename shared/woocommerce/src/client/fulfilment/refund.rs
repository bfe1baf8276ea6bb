//! Refunds that the shop is asked to make.

use reqwest::Method;
use weir_domain::fulfilment::NewRefund;
use weir_domain::id::{OrderId, RefundId};
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::effect::Success;
use super::write::{Said, Write, doubtful};
use crate::fulfilment::made;
use crate::fulfilment::refund::request;

/// HTTP 500, and no passing fault: more than is left, no gateway, a gateway
/// that declines. The shop has taken the refund back before it says so. It uses
/// the same words where a plugin failed after the gateway had paid.
const REFUSED: (u16, &str) = (500, "woocommerce_rest_cannot_create_order_refund");

impl ShopClient {
    pub(in crate::client) async fn make_refund(
        &self,
        order: OrderId,
        refund: &NewRefund,
    ) -> Result<RefundId, ShopError> {
        let write = Write {
            method: Method::POST,
            url: self.url(&["orders", &order.to_string(), "refunds"]),
            json: Some(request(refund)?),
            success: Success::Created,
            refusals: &[REFUSED],
        };
        match self.write(write).await? {
            Said::Done(body) => made(&body).map(RefundId).ok_or_else(|| doubtful("a new refund")),
            Said::Refused { .. } => {
                let why = if refund.asks_gateway {
                    "the shop or its payment gateway refuses the refund; whether the gateway has paid \
                     all the same is for a person to see"
                } else {
                    "the shop refuses the refund: it is more than is left of the order"
                };
                Err(CallError::rejected("refund_refused", why).into())
            }
        }
    }
}
