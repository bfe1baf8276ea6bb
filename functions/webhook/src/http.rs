//! From the gateway's request to a delivery, and from its receipt to an
//! answer without a body.

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, RequestExt, Response};
use weir_domain::id::StoreId;
use weir_runtime::telemetry::Metric;
use weir_woocommerce::receive::{Delivery, Receipt, Receiver};
use weir_woocommerce::signature::{SIGNATURE_HEADER, SignedWith};
use weir_woocommerce::watch::Watch;

use crate::troubles;

/// Answers one request of the gateway.
pub(crate) async fn answer(receiver: &Receiver, watch: &Watch, request: &Request) -> Response<Body> {
    let path = request.raw_http_path();
    let (store, topic) = target(path);
    let correlation = request.lambda_context().request_id;
    let header = |name: &str| request.headers().get(name);
    let receipt = receiver
        .receive(Delivery {
            store,
            topic,
            content_type: header("content-type").and_then(|value| value.to_str().ok()),
            signature: header(SIGNATURE_HEADER).map(HeaderValue::as_bytes),
            body: request.body(),
            correlation: &correlation,
        })
        .await;
    report(store, topic, &correlation, &receipt);
    troubles::notice(watch, store, &receipt).await;
    status(receipt.status())
}

/// `…/stores/{store}/webhooks/{topic}`, whatever stage comes before it.
fn target(path: &str) -> (&str, &str) {
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let topic = parts.next().unwrap_or_default();
    let store = parts.nth(1).unwrap_or_default();
    (store, topic)
}

/// One line for each delivery. Of a refused one nothing is quoted but a
/// store's name that we know: the rest is whatever a stranger sent.
fn report(store: &str, topic: &str, correlation: &str, receipt: &Receipt) {
    let store_id = store.parse::<StoreId>().ok();
    match receipt {
        Receipt::Queued(order, signed_with) | Receipt::OldApi(order, signed_with) => {
            if let Some(store) = &store_id {
                Metric::OrderAccepted { store }.record();
            }
            tracing::info!(correlation, store, topic, order = order.0, "hint queued");
            warn_if_rotating(store, *signed_with);
        }
        Receipt::Nothing(why, signed_with) => {
            tracing::info!(correlation, store, topic, why = why.as_str(), "signed, and nothing to look at");
            warn_if_rotating(store, *signed_with);
        }
        Receipt::UnknownTopic(_) => {
            tracing::warn!(
                correlation,
                store,
                "signed, under a topic that is not known: correct the webhook's URL"
            );
        }
        Receipt::Ping => tracing::info!(correlation, "ping"),
        Receipt::Refused(why) => {
            Metric::SignatureFailure { store: None }.record();
            tracing::warn!(correlation, %why, "refused");
        }
        Receipt::Unavailable(why) => tracing::error!(correlation, why, "not taken: the poll will find it"),
    }
}

fn warn_if_rotating(store: &str, signed_with: SignedWith) {
    if signed_with == SignedWith::Previous {
        tracing::warn!(store, "signed with the previous secret: a webhook of the shop still has it");
    }
}

fn status(code: u16) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = code.try_into().unwrap_or_default();
    response
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn store_and_topic_are_found_behind_any_stage() {
        assert_eq!(target("/stores/main/webhooks/order.created"), ("main", "order.created"));
        assert_eq!(target("/prod/stores/main/webhooks/order.created/"), ("main", "order.created"));
        assert_eq!(target("/"), ("", ""));
    }
}
