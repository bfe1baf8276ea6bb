//! What an answer of the shop to a read means for the caller.
//!
//! | answer | class |
//! |---|---|
//! | 200 and JSON | done |
//! | 404 with the shop's own code for an unknown order or product | gone |
//! | 401, 403, other 404 of the API or of a web server, redirects | blocked: key, rights, address |
//! | HTML with 200, 403, 404, 406, 501: the edge (cache, firewall) | blocked |
//! | 503, JSON or HTML: maintenance | blocked, with its `Retry-After` |
//! | 429, 408, 425, other 5xx | retry soon, with `Retry-After` |
//! | no connection, no answer in time, cut off | retry soon |
//! | anything else | unknown |
//!
//! A read has no effect, so that what is unknown after a write (5xx, a
//! time-out, a broken body: see `effect.rs`) is simply read again. The texts
//! are ours: a shop's message can quote a customer.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;
use weir_http::{Forbidden, TransportFailure, is_json, retry_after};

use crate::wire::{Object, Scalar};

/// The shop's code for an order it does not have.
pub(super) const NO_SUCH_ORDER: &str = "woocommerce_rest_shop_order_invalid_id";
/// The same where its refunds were asked for.
pub(super) const NO_ORDER_OF_REFUNDS: &str = "woocommerce_rest_invalid_order_id";
/// The same where its notes, fulfilments or trackings were.
const NO_ORDER_OF_NOTES: &str = "woocommerce_rest_order_invalid_id";
/// All of them.
pub(super) const ORDERS_GONE: [&str; 3] = [NO_SUCH_ORDER, NO_ORDER_OF_REFUNDS, NO_ORDER_OF_NOTES];
/// The same for a product, and for a variation read as one.
const NO_SUCH_PRODUCT: &str = "woocommerce_rest_product_invalid_id";

/// WordPress's code for an address that nobody answers at.
pub(super) const NO_ROUTE: &str = "rest_no_route";

/// Whether the API says that it has nothing at an address: a feature that is
/// off, a plugin that is not there, or all of WooCommerce.
pub(super) fn is_no_route(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
    status == StatusCode::NOT_FOUND && is_json(headers) && error_code(body) == NO_ROUTE
}

/// `Ok` if the body is worth reading as what was asked for.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), ShopError> {
    let json = is_json(headers);
    let code = if json { error_code(body) } else { String::new() };
    let after = retry_after(headers, now);
    let error = match (status.as_u16(), json) {
        (200, true) => return Ok(()),
        (404, true) if code == NO_SUCH_PRODUCT || ORDERS_GONE.contains(&code.as_str()) => {
            return Err(ShopError::Gone);
        }
        (200 | 403 | 404 | 406 | 501, false) => CallError::Blocked {
            why: format!("{status} without JSON: a cache or firewall before the shop"),
            after,
        },
        (401 | 403, _) => CallError::Blocked { why: credentials(status, &code), after },
        (404, true) if code == NO_ROUTE => no_route(after),
        (300..=399, _) => CallError::Blocked {
            why: format!("{status}: the shop's address has moved; configure the new one"),
            after,
        },
        (406 | 501, true) => {
            CallError::Blocked { why: format!("{status}: the shop refuses the request"), after }
        }
        (503, _) => CallError::Blocked { why: "503: maintenance".into(), after },
        (408 | 425 | 429 | 500..=599, _) => {
            CallError::RetrySoon { why: format!("status {}", status.as_u16()), after }
        }
        _ => CallError::unknown(format!("status {}", status.as_u16())),
    };
    Err(error.into())
}

/// Of a route that every shop has.
pub(super) fn no_route(after: Option<SignedDuration>) -> CallError {
    CallError::Blocked { why: "404: this address has no WooCommerce REST API, version 3".into(), after }
}

pub(super) fn credentials(status: StatusCode, code: &str) -> String {
    let why = match code {
        "woocommerce_rest_authentication_error" => "the key's secret is wrong, or it lacks the right",
        "woocommerce_rest_cannot_view" => {
            "the key is unknown, its user may not read orders, or the credentials did not reach the shop \
             (no TLS, or a header that the host strips)"
        }
        _ => "the shop refuses the key",
    };
    format!("{}: {why}", status.as_u16())
}

/// The `code` of the API's error object.
pub(super) fn error_code(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal {
        code: Scalar,
    }
    serde_json::from_slice(body)
        .map_or_else(|_| String::new(), |Object(refusal): Object<Refusal>| refusal.code.text())
}

/// No answer, or not all of one.
pub(super) fn no_answer(failure: &TransportFailure) -> CallError {
    match failure {
        TransportFailure::Forbidden(forbidden) => self::forbidden(forbidden),
        _ => CallError::retry_soon(failure.to_string()),
    }
}

/// The configuration, or the name's owner, has to change.
pub(super) fn forbidden(forbidden: &Forbidden) -> CallError {
    CallError::blocked(forbidden.to_string())
}

/// An order beyond the limit stays beyond it: a person has to look. The same
/// from an edge is the edge's.
pub(super) fn too_large(headers: &HeaderMap, max_bytes: usize) -> ShopError {
    if is_json(headers) {
        ShopError::Unreadable { code: "answer_too_large", detail: format!("more than {max_bytes} bytes") }
    } else {
        CallError::blocked("a cache or firewall before the shop answered at length").into()
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

    use super::*;

    /// Class and, where there is one, the wish in seconds.
    fn class(status: u16, json: bool, body: &str, after: Option<&str>) -> String {
        let kind = if json { "application/json; charset=UTF-8" } else { "text/html; charset=UTF-8" };
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
        if let Some(after) = after {
            headers.insert(RETRY_AFTER, after.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let wish = |after: Option<SignedDuration>| {
            after.map_or_else(String::new, |after| format!(" after {}", after.as_secs()))
        };
        match judge(status, &headers, body.as_bytes(), "2026-11-23T20:00:00Z".parse().unwrap()) {
            Ok(()) => "done".to_owned(),
            Err(ShopError::Gone) => "gone".to_owned(),
            Err(ShopError::Call(CallError::Blocked { after, .. })) => format!("blocked{}", wish(after)),
            Err(ShopError::Call(CallError::RetrySoon { after, .. })) => format!("retry{}", wish(after)),
            Err(ShopError::Call(CallError::Unknown { .. })) => "unknown".to_owned(),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn refusal(code: &str) -> String {
        format!(r#"{{"code":"{code}","message":"Canary","data":{{"status":404}}}}"#)
    }

    #[test]
    fn answers_of_the_shop() {
        assert_eq!(class(200, true, "{}", None), "done");
        assert_eq!(class(404, true, &refusal(NO_SUCH_ORDER), None), "gone");
        assert_eq!(class(404, true, &refusal(NO_SUCH_PRODUCT), None), "gone");
        assert_eq!(class(404, true, &refusal(NO_ORDER_OF_NOTES), None), "gone");
        assert_eq!(class(404, true, &refusal("rest_no_route"), None), "blocked");
        assert_eq!(class(404, true, &refusal("something_else"), None), "unknown");
        assert_eq!(class(400, true, &refusal("rest_invalid_param"), None), "unknown");
        assert_eq!(class(401, true, &refusal("woocommerce_rest_cannot_view"), None), "blocked");
        assert_eq!(class(401, true, &refusal("woocommerce_rest_authentication_error"), None), "blocked");
        assert_eq!(class(403, true, &refusal("rest_forbidden"), None), "blocked");
        assert_eq!(class(503, true, &refusal("wp_die"), Some("600")), "blocked after 600");
        assert_eq!(class(429, true, "", Some("7")), "retry after 7");
        assert_eq!(class(429, true, "", Some("Mon, 23 Nov 2026 20:01:00 GMT")), "retry after 60");
        assert_eq!(class(429, true, "", Some("99999999")), "retry after 3600");
        for code in [408, 425, 500, 502, 504, 520, 599] {
            assert_eq!(class(code, true, &refusal("internal_server_error"), None), "retry", "{code}");
        }
        for code in [201, 202, 204, 402, 405, 409, 410, 417, 418, 423, 451] {
            assert_eq!(class(code, true, "{}", None), "unknown", "{code}");
        }
    }

    #[test]
    fn answers_of_the_edge() {
        for code in [200, 403, 404, 406, 501, 503] {
            assert_eq!(class(code, false, "<html>", None), "blocked", "{code}");
        }
        for code in [500, 502, 504, 521, 429, 408] {
            assert_eq!(class(code, false, "<html>", None), "retry", "{code}");
        }
        for code in [301, 302, 307, 308] {
            assert_eq!(class(code, false, "", None), "blocked", "{code}");
        }
        assert_eq!(class(503, false, "<html>", Some("600")), "blocked after 600");
        // A 404 that says so and is no JSON is not the shop's word.
        assert_eq!(class(404, false, &refusal(NO_SUCH_ORDER), None), "blocked");
        assert_eq!(class(401, false, "<html>", None), "blocked");
    }

    #[test]
    fn only_the_shop_can_say_that_an_order_is_gone() {
        for code in (100..=599).filter(|code| *code != 404) {
            assert_ne!(class(code, true, &refusal(NO_SUCH_ORDER), None), "gone", "{code}");
        }
        for body in ["", "[]", "null", r#"{"code":["woocommerce_rest_shop_order_invalid_id"]}"#] {
            assert_eq!(class(404, true, body, None), "unknown", "{body}");
        }
    }

    #[test]
    fn only_the_api_can_say_that_it_has_no_such_route() {
        let kinds = ["application/json", "text/html"];
        let says = |status: u16, kind: &str, body: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            is_no_route(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
        };
        for (status, kind) in (100..=599).flat_map(|status| kinds.map(|kind| (status, kind))) {
            let expected = status == 404 && kind == kinds[0];
            assert_eq!(says(status, kind, &refusal(NO_ROUTE)), expected, "{status} {kind}");
        }
        for body in ["", "[]", "{}", &refusal(NO_ORDER_OF_NOTES), &refusal("rest_forbidden")] {
            assert!(!says(404, kinds[0], body), "{body}");
        }
    }

    #[test]
    fn texts_are_ours() {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]);
        for code in 100..=599 {
            let status = StatusCode::from_u16(code).unwrap();
            let body = refusal("canary_code");
            if let Err(error) = judge(status, &headers, body.as_bytes(), Timestamp::UNIX_EPOCH) {
                let shown = format!("{error} {error:?}").to_lowercase();
                assert!(!shown.contains("canary"), "{shown}");
            }
        }
    }
}
