//! Why a request was not answered as it wished. Texts are ours.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use weir_domain::desk::DeskError;
use weir_domain::outcome::CallError;
use weir_domain::ports::{LedgerError, QueueError};

/// The code of what may have happened.
const UNCLEAR: &str = "unclear";

/// A status and a sentence for people. The pages put it onto a page of theirs
/// (see [`Problem::status`], [`Problem::message`]); by itself it is the API's
/// answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401: nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", "Sign in first.")
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: not now.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 413: the request is too long.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too long.")
    }

    /// 422: understood, and not possible as it stands.
    pub fn not_possible(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_possible", message)
    }

    /// 503: something that is needed does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// 503: it took too long, and may have happened all the same.
    pub fn unclear(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, UNCLEAR, message)
    }

    /// Whether it may have happened.
    pub fn is_unclear(&self) -> bool {
        self.code == UNCLEAR
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Stable, `snake_case`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// One or two sentences.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({ "code": self.code, "message": self.message }));
        let mut response = (self.status, body).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the ledger did not do what the console asked");
        match error {
            LedgerError::TooLong(_) => Self::not_possible(error.to_string()),
            LedgerError::Fenced => Self::conflict("Somebody else was faster: look again."),
            _ => Self::unavailable("The ledger does not answer: try again."),
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        tracing::error!(%error, "a queue did not do what the console asked");
        Self::unavailable("The queue does not answer: try again.")
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Rejected(rejection) => Self::not_possible(rejection.to_string()),
            error => Self::unavailable(error.to_string()),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unknown => Self::not_found(error.to_string()),
            DeskError::Busy => Self::conflict(error.to_string()),
            DeskError::NotPossible(why) => Self::not_possible(why),
            DeskError::Ledger(error) => error.into(),
            DeskError::Call(error) => error.into(),
        }
    }
}
