//! What an answer of the shop to a write means for the caller.
//!
//! | answer | class |
//! |---|---|
//! | 200 and JSON to a change, 201 and JSON to something new | to be read on |
//! | 400, 404, 500 with the shop's own code for an unknown order | gone |
//! | 401; 403 with the API's own error | blocked: asked before anything is done |
//! | 404 `rest_no_route`, 301, 307, 308 | blocked: the wrong address |
//! | 413 | blocked: too much in one request, all of it refused |
//! | 429 | retry soon, with `Retry-After` |
//! | 503 as WordPress's own maintenance says it | blocked, with its `Retry-After` |
//! | no connection, or none that is allowed | retry soon, blocked |
//! | anything else | unknown |
//!
//! The list is short on purpose: what is on it certainly had no effect. A
//! firewall's page is not on it, whatever its status: some judge what the shop
//! *answered*, after the work is done. Neither is any other 503: a proxy says
//! the same when the shop is slow. What a single kind of write adds to it is
//! written there, in the list of its refusals.

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use weir_domain::outcome::CallError;
use weir_http::{TransportFailure, is_json, retry_after};

use super::answer::{
    self, NO_ORDER_OF_REFUNDS, NO_ROUTE, NO_SUCH_ORDER, ORDERS_GONE, credentials, error_code,
};

/// The code of WordPress's own last words, maintenance among them.
const WP_DIE: &str = "wp_die";

/// How a write that was done is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Success {
    /// 200: something that was there is different now, or gone.
    Changed,
    /// 201: there is something new.
    Created,
}

impl Success {
    fn status(self) -> u16 {
        match self {
            Self::Changed => 200,
            Self::Created => 201,
        }
    }
}

/// The code of a refusal by the API itself; nothing for anybody else's words.
pub(super) fn refusal(headers: &HeaderMap, body: &[u8]) -> String {
    if is_json(headers) { error_code(body) } else { String::new() }
}

/// Whether the shop refuses since it has no such order. It says so with 404,
/// to a PUT with 400, and to a new refund with 500: that error carries its
/// status in a place where WordPress does not look for it.
pub(super) fn says_gone(status: StatusCode, code: &str) -> bool {
    match status.as_u16() {
        400 => code == NO_SUCH_ORDER,
        404 => ORDERS_GONE.contains(&code),
        500 => code == NO_ORDER_OF_REFUNDS,
        _ => false,
    }
}

/// `Ok` if the body is worth reading as the answer to what was written.
pub(super) fn judge(
    success: Success,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), CallError> {
    let json = is_json(headers);
    let code = if json { error_code(body) } else { String::new() };
    let after = retry_after(headers, now);
    Err(match status.as_u16() {
        done if json && done == success.status() => return Ok(()),
        401 => CallError::Blocked { why: credentials(status, &code), after },
        403 if !code.is_empty() => CallError::Blocked { why: credentials(status, &code), after },
        404 if code == NO_ROUTE => answer::no_route(after),
        301 | 307 | 308 => CallError::Blocked {
            why: format!("{status}: the shop's address has moved; configure the new one"),
            after,
        },
        413 => CallError::Blocked { why: "413: too much in one request".into(), after },
        429 => CallError::RetrySoon { why: "status 429".into(), after },
        503 if code == WP_DIE && after.is_some() => {
            CallError::Blocked { why: "503: maintenance".into(), after }
        }
        _ if json => CallError::unknown(format!("status {} to a write", status.as_u16())),
        _ => CallError::unknown(format!(
            "{status} without JSON to a write: a cache or firewall before the shop"
        )),
    })
}

/// No answer, or not all of one.
pub(super) fn no_answer(failure: &TransportFailure) -> CallError {
    match failure {
        TransportFailure::Forbidden(forbidden) => answer::forbidden(forbidden),
        TransportFailure::Refused => CallError::retry_soon(failure.to_string()),
        TransportFailure::Timeout | TransportFailure::Other => CallError::unknown(failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
    use weir_http::AddressClass;
    use weir_http::Forbidden;

    use super::*;

    fn error(
        success: Success,
        status: u16,
        json: bool,
        body: &str,
        after: Option<&str>,
    ) -> Option<CallError> {
        let kind = if json { "application/json; charset=UTF-8" } else { "text/html; charset=UTF-8" };
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
        if let Some(after) = after {
            headers.insert(RETRY_AFTER, after.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        judge(success, status, &headers, body.as_bytes(), Timestamp::UNIX_EPOCH).err()
    }

    fn class(status: u16, json: bool, body: &str, after: Option<&str>) -> String {
        class_of(Success::Changed, status, json, body, after)
    }

    /// Class and, where there is one, the wish in seconds.
    fn class_of(success: Success, status: u16, json: bool, body: &str, after: Option<&str>) -> String {
        let (class, after) = match error(success, status, json, body, after) {
            None => ("done", None),
            Some(CallError::Blocked { after, .. }) => ("blocked", after),
            Some(CallError::RetrySoon { after, .. }) => ("retry", after),
            Some(CallError::Unknown { .. }) => ("unknown", None),
            Some(CallError::Rejected(_)) => ("rejected", None),
        };
        after.map_or_else(|| class.to_owned(), |after| format!("{class} after {}", after.as_secs()))
    }

    fn refusal_body(name: &str) -> String {
        format!(r#"{{"code":"{name}","message":"Canary","data":{{"status":400}}}}"#)
    }

    /// What is not on the list may have happened, whatever it looks like.
    #[test]
    fn only_what_is_listed_had_no_effect() {
        let listed = |success: Success, status: u16, json: bool| match (success, status) {
            (Success::Changed, 200) | (Success::Created, 201) if json => "done",
            (_, 301 | 307 | 308 | 401 | 413) => "blocked",
            (_, 429) => "retry",
            _ => "unknown",
        };
        for success in [Success::Changed, Success::Created] {
            for (status, json) in (100..=599).flat_map(|status| [(status, true), (status, false)]) {
                let found = class_of(success, status, json, "", None);
                assert_eq!(found, listed(success, status, json), "{success:?} {status}, JSON: {json}");
            }
        }
    }

    /// A firewall, or another part of the shop, may use the same status.
    #[test]
    fn only_the_shop_can_say_that_an_order_is_gone() {
        let says = |status: u16, code: &str| says_gone(StatusCode::from_u16(status).unwrap(), code);
        for status in 100..=599 {
            let of_order = matches!(status, 400 | 404);
            assert_eq!(says(status, NO_SUCH_ORDER), of_order, "{status}");
            assert_eq!(says(status, NO_ORDER_OF_REFUNDS), matches!(status, 404 | 500), "{status}");
            assert_eq!(says(status, "woocommerce_rest_order_invalid_id"), status == 404, "{status}");
            for other in ["", "rest_no_route", "woocommerce_rest_product_invalid_id"] {
                assert!(!says(status, other), "{status} {other}");
            }
        }
        let html = HeaderMap::from_iter([(CONTENT_TYPE, "text/html".parse().unwrap())]);
        assert_eq!(refusal(&html, refusal_body(NO_SUCH_ORDER).as_bytes()), "");
    }

    #[test]
    fn the_apis_own_refusals_come_before_the_work() {
        let bad_key = refusal_body("woocommerce_rest_authentication_error");
        assert_eq!(class(401, true, &bad_key, None), "blocked");
        assert_eq!(class(403, true, &refusal_body("rest_forbidden"), None), "blocked");
        assert_eq!(class(404, true, &refusal_body("rest_no_route"), None), "blocked");
        assert_eq!(
            class(413, true, &refusal_body("woocommerce_rest_request_entity_too_large"), None),
            "blocked"
        );
        for name in ["woocommerce_rest_product_invalid_id", "something_else"] {
            assert_eq!(class(404, true, &refusal_body(name), None), "unknown", "{name}");
        }
        assert_eq!(class(400, true, &refusal_body("rest_invalid_param"), None), "unknown");
        // The same words from somebody who does not speak for the API.
        assert_eq!(class(403, false, &refusal_body("rest_forbidden"), None), "unknown");
        assert_eq!(class(404, false, &refusal_body("rest_no_route"), None), "unknown");
    }

    #[test]
    fn maintenance_is_what_wordpress_calls_it() {
        assert_eq!(class(503, true, &refusal_body("wp_die"), Some("600")), "blocked after 600");
        assert_eq!(class(503, true, &refusal_body("wp_die"), None), "unknown", "some plugin died");
        assert_eq!(class(503, true, &refusal_body("backend_unhealthy"), Some("600")), "unknown");
        assert_eq!(
            class(503, false, "<html>", Some("600")),
            "unknown",
            "a proxy says the same when it waits"
        );
        assert_eq!(class(429, true, "", Some("7")), "retry after 7");
        assert_eq!(class(429, false, "<html>", Some("7")), "retry after 7");
    }

    #[test]
    fn only_a_connection_that_was_never_made_is_harmless() {
        let forbidden = Forbidden::Address(AddressClass::Private);
        for (failure, harmless) in [
            (TransportFailure::Forbidden(forbidden), true),
            (TransportFailure::Refused, true),
            (TransportFailure::Timeout, false),
            (TransportFailure::Other, false),
        ] {
            let unknown = matches!(no_answer(&failure), CallError::Unknown { .. });
            assert_eq!(unknown, !harmless, "{failure:?}");
        }
    }

    #[test]
    fn texts_are_ours() {
        for status in 100..=599 {
            for json in [true, false] {
                if let Some(error) =
                    error(Success::Created, status, json, &refusal_body("canary_code"), Some("30"))
                {
                    let shown = format!("{error} {error:?}").to_lowercase();
                    assert!(!shown.contains("canary"), "{shown}");
                }
            }
        }
    }
}
