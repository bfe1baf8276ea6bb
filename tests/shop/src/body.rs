//! Request bodies as WordPress reads them.

use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::wire::Request;

/// Why a body could not be used.
#[derive(Debug)]
pub(crate) enum BodyFault {
    Error(ApiError),
    /// JSON that is no object makes PHP die.
    Fatal,
}

/// The body's parameters. Anything but JSON by content type is ignored.
pub(crate) fn parameters(request: &Request) -> Result<Map<String, Value>, BodyFault> {
    let is_json = request.header("content-type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    });
    if !is_json || request.body.is_empty() {
        return Ok(Map::new());
    }
    let Ok(text) = std::str::from_utf8(&request.body) else {
        return Err(invalid(5, "Malformed UTF-8 characters, possibly incorrectly encoded"));
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Array(_) | Value::Null) => Ok(Map::new()),
        Ok(_) => Err(BodyFault::Fatal),
        Err(_) => Err(invalid(4, "Syntax error")),
    }
}

fn invalid(code: u32, message: &str) -> BodyFault {
    BodyFault::Error(
        ApiError::new(400, "rest_invalid_json", "Invalid JSON body passed.")
            .with("json_error_code", code)
            .with("json_error_message", message),
    )
}
