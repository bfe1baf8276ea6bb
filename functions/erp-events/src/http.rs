//! From the gateway's request to a delivery, and from its receipt to an
//! answer.

use lambda_http::http::HeaderValue;
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::{Value, json};
use weir_domain::id::{ErpId, LocationId};
use weir_runtime::telemetry::Metric;

use crate::event::{Event, OrdersChanged, StockChanged};
use crate::receive::{Delivery, Receipt, Receiver};
use crate::signature::{Claim, ID_HEADER, SIGNATURE_HEADER, SignedWith, TIMESTAMP_HEADER};

/// Answers one request of the gateway.
pub async fn answer(receiver: &Receiver, request: &Request) -> Response<Body> {
    let (erp, source) = target(request.raw_http_path());
    let correlation = request.lambda_context_ref().map_or("", |context| context.request_id.as_str());
    let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
    let claim = Claim {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signature: header(SIGNATURE_HEADER),
    };
    let delivery = Delivery { erp, source, claim, body: request.body(), correlation };
    let receipt = receiver.receive(delivery).await;
    report(&delivery, &receipt);
    let (status, body) = said(&receipt);
    response(status, body)
}

/// `…/erps/{erp}/events/{source}`, whatever stage comes before it.
fn target(path: &str) -> (&str, &str) {
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let source = parts.next().unwrap_or_default();
    let erp = parts.nth(1).unwrap_or_default();
    (erp, source)
}

/// One line for each delivery. Of a refused one nothing is quoted: all of it
/// is whatever a stranger sent.
fn report(delivery: &Delivery<'_>, receipt: &Receipt) {
    let Delivery { erp, source, correlation, .. } = *delivery;
    let erp_id = erp.parse::<ErpId>().ok();
    match receipt {
        Receipt::Accepted { count, event, signed_with } => {
            if let Some(erp) = &erp_id {
                queued(erp, source, correlation, event, *count);
            }
            if *signed_with == SignedWith::Previous {
                tracing::warn!(erp, source, "signed with the previous secret: the sender still has it");
            }
        }
        Receipt::NotTheOwner { location, owner } => {
            tracing::warn!(correlation, erp, source, %location, ?owner, "not acted on: another system owns the stock of this location");
        }
        Receipt::Bad(bad) => {
            if let Some(erp) = &erp_id {
                Metric::EventRefused { erp }.record();
            }
            tracing::warn!(correlation, erp, source, code = bad.code(), why = %bad, "signed, and not taken");
        }
        Receipt::Refused(why) => {
            Metric::SignatureFailure { store: None }.record();
            tracing::warn!(correlation, %why, "refused");
        }
        Receipt::Unavailable(why) => {
            tracing::error!(correlation, why, "not taken: the sender has to send it again");
        }
    }
}

fn queued(erp: &ErpId, source: &str, correlation: &str, event: &Event, count: usize) {
    match event {
        Event::Stock(StockChanged { at, entity, location, .. }) => {
            Metric::EventItems { erp, items: count }.record();
            let location = location.as_ref().map(LocationId::as_str);
            tracing::info!(correlation, %erp, source, %entity, location, items = count, %at, "stock event queued");
        }
        Event::Orders(OrdersChanged { at, kind, store, .. }) => {
            Metric::EventOrders { erp, orders: count }.record();
            tracing::info!(correlation, %erp, source, kind, %store, orders = count, %at, "event about orders queued");
        }
    }
}

/// Status and body. A refusal has no body: it would be a hint.
fn said(receipt: &Receipt) -> (u16, Option<Value>) {
    match receipt {
        Receipt::Accepted { count, .. } => (202, Some(json!({ "accepted": count }))),
        Receipt::NotTheOwner { .. } => (202, Some(json!({ "accepted": 0 }))),
        Receipt::Bad(bad) => (bad.status(), Some(problem(bad.code(), &bad.to_string()))),
        Receipt::Refused(_) => (401, None),
        Receipt::Unavailable(_) => {
            (503, Some(problem("unavailable", "the event could not be taken now: send it again")))
        }
    }
}

fn problem(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

fn response(status: u16, body: Option<Value>) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status.try_into().unwrap_or_default();
    if let Some(body) = body {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::Text(body.to_string());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn erp_and_source_are_found_behind_any_stage() {
        assert_eq!(target("/erps/tryton/events/erp"), ("tryton", "erp"));
        assert_eq!(target("/prod/erps/tryton/events/pos/"), ("tryton", "pos"));
        assert_eq!(target("/"), ("", ""));
    }
}
