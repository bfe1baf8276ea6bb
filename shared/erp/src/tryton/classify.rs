//! What an answer means, by what to do next. Only what is listed is definite;
//! everything else is unknown. No text of the ERP's is ever passed on: it can
//! quote a customer, and it is localised and carries no code.

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use weir_domain::outcome::CallError;
use weir_http::{ReadError, TransportFailure, is_json, retry_after};

/// Why a call did not do what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Tryton itself said no: nothing was done, and asking again changes
    /// nothing. Whether it is the order or the key's rights that is at fault
    /// is another question, see [`rights`](super::rights).
    Refused,
    /// Anything else.
    Call(CallError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// What kind of route was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Records: search, create, write.
    Records,
    /// A button. Tryton answers 403 there when a module refuses, e.g. to
    /// cancel a sale with payments.
    Action,
}

/// The body of an answer that is one.
pub(super) fn answer(
    route: Route,
    status: StatusCode,
    headers: &HeaderMap,
    body: Vec<u8>,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let why = || format!("http {}", status.as_u16());
    let after = || retry_after(headers, now);
    match status.as_u16() {
        200 if is_json(headers) => Ok(body),
        // An edge answered in Tryton's place.
        200 => Err(CallError::Blocked { why: "http 200 that is not JSON".to_owned(), after: None }.into()),
        400 if is_user_error(headers, &body) => Err(Failure::Refused),
        403 if route == Route::Action => Err(Failure::Refused),
        // A wrong or expired key, a missing right, a route or database that is
        // not there, a redirect to somewhere else, maintenance.
        300..=399 | 401 | 403..=405 | 407 | 410 | 503 => {
            Err(CallError::Blocked { why: why(), after: after() }.into())
        }
        429 => Err(CallError::RetrySoon { why: why(), after: after() }.into()),
        _ => Err(CallError::unknown(why()).into()),
    }
}

/// The shape of what Tryton raises for people: validation, access, workflow.
/// A 400 without it is an edge's, or says that we spoke nonsense.
fn is_user_error(headers: &HeaderMap, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct UserError {
        status: u16,
        #[serde(rename = "message")]
        _message: serde::de::IgnoredAny,
    }
    is_json(headers) && serde_json::from_slice::<UserError>(body).is_ok_and(|error| error.status == 400)
}

/// No answer at all.
pub(super) fn no_answer(failure: &TransportFailure) -> CallError {
    match failure {
        TransportFailure::Forbidden(forbidden) => CallError::blocked(forbidden.to_string()),
        TransportFailure::Refused => CallError::retry_soon(failure.to_string()),
        TransportFailure::Timeout | TransportFailure::Other => CallError::unknown(failure.to_string()),
    }
}

/// An answer that could not be read to its end: whatever it was about to say
/// may have been done.
pub(super) fn unread(error: &ReadError) -> CallError {
    CallError::unknown(error.to_string())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
    use serde_json::json;

    use super::*;

    const HTML: &str = "text/html; charset=utf-8";
    const JSON: &str = "application/json";

    fn ask(route: Route, status: u16, kind: &str, body: &str) -> Result<Vec<u8>, Failure> {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, kind.parse().unwrap()),
            (RETRY_AFTER, "90".parse().unwrap()),
        ]);
        answer(route, StatusCode::from_u16(status).unwrap(), &headers, body.into(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_status_has_its_class() {
        for status in 100..=599 {
            for kind in [HTML, JSON] {
                let outcome = ask(Route::Records, status, kind, "{}");
                match (status, kind) {
                    (200, JSON) => assert!(outcome.is_ok()),
                    (200 | 300..=399 | 401 | 403 | 404 | 405 | 407 | 410 | 503, _) => {
                        assert!(matches!(outcome, Err(Failure::Call(CallError::Blocked { .. }))), "{status}");
                    }
                    (429, _) => {
                        assert!(
                            matches!(outcome, Err(Failure::Call(CallError::RetrySoon { .. }))),
                            "{status}"
                        );
                    }
                    _ => {
                        assert!(matches!(outcome, Err(Failure::Call(CallError::Unknown { .. }))), "{status}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_trytons_own_error_is_a_refusal() {
        let body = json!({"status": 400, "message": "Mia Canary", "description": ""}).to_string();
        assert_eq!(ask(Route::Records, 400, JSON, &body), Err(Failure::Refused));
        for (kind, body) in
            [(HTML, body.as_str()), (JSON, "{\"status\":400"), (JSON, "{\"error\":1}"), (JSON, "[]")]
        {
            let outcome = ask(Route::Records, 400, kind, body);
            assert!(matches!(outcome, Err(Failure::Call(CallError::Unknown { .. }))), "{kind} {body}");
        }
    }

    #[test]
    fn a_button_may_refuse_with_403() {
        assert_eq!(ask(Route::Action, 403, HTML, ""), Err(Failure::Refused));
        assert!(matches!(ask(Route::Action, 401, HTML, ""), Err(Failure::Call(CallError::Blocked { .. }))));
    }

    #[test]
    fn a_wish_for_time_is_passed_on() {
        for status in [429, 503] {
            match ask(Route::Records, status, HTML, "") {
                Err(Failure::Call(CallError::RetrySoon { after, .. } | CallError::Blocked { after, .. })) => {
                    assert_eq!(after.unwrap().as_secs(), 90);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn nothing_sent_is_not_the_same_as_nothing_heard() {
        assert!(matches!(no_answer(&TransportFailure::Refused), CallError::RetrySoon { .. }));
        assert!(matches!(no_answer(&TransportFailure::Timeout), CallError::Unknown { .. }));
        assert!(matches!(no_answer(&TransportFailure::Other), CallError::Unknown { .. }));
        let forbidden = TransportFailure::Forbidden(weir_http::Forbidden::NoHost);
        assert!(matches!(no_answer(&forbidden), CallError::Blocked { .. }));
    }
}
