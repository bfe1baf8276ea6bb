//! Errors in the shapes WordPress gives them.

use serde_json::{Map, Value, json};

use crate::doc::{Doc, obj};

/// An error answer: `{"code", "message", "data": {"status", ..}}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// More of `data` than the status.
    pub(crate) extra: Map<String, Value>,
    /// Refund errors have a bare number as `data`.
    pub(crate) bare_data: bool,
}

/// Stands for the code 0 of a PHP exception.
const EXCEPTION: &str = "0";

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), extra: Map::new(), bare_data: false }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    pub(crate) fn no_route() -> Self {
        Self::new(404, "rest_no_route", "No route was found matching the URL and request method.")
    }

    /// "Invalid ID." in the code of that resource.
    pub(crate) fn invalid_id(status: u16, code: &'static str) -> Self {
        Self::new(status, code, "Invalid ID.")
    }

    /// Schema violations of one request, all parameters together.
    pub(crate) fn invalid_params(faults: &[ParamFault]) -> Self {
        let names: Vec<&str> = faults.iter().map(|f| f.param.as_str()).collect();
        let params: Map<String, Value> = faults.iter().map(|f| (f.param.clone(), json!(f.message))).collect();
        let details: Map<String, Value> = faults
            .iter()
            .map(|f| {
                let data = f.at.as_ref().map_or(Value::Null, |at| json!({ "param": at }));
                (f.param.clone(), json!({ "code": f.code, "message": f.message, "data": data }))
            })
            .collect();
        Self::new(400, "rest_invalid_param", format!("Invalid parameter(s): {}", names.join(", ")))
            .with("params", params)
            .with("details", details)
    }

    /// The PHP fatal a body that is JSON but no object provokes.
    pub(crate) fn fatal() -> Doc {
        obj! {
            "code" => "internal_server_error",
            "message" => FATAL_TEXT,
            "data" => json!({ "status": 500 }),
            "additional_errors" => json!([]),
        }
    }

    /// An exception's own words: what the fulfilment API answers to whatever
    /// goes wrong in it. The code is a number, and says nothing.
    pub(crate) fn exception(message: &str) -> Self {
        Self::new(400, EXCEPTION, message)
    }

    pub(crate) fn body(&self) -> Doc {
        let data = if self.bare_data {
            json!(self.status)
        } else {
            let mut data = self.extra.clone();
            data.insert("status".to_owned(), json!(self.status));
            Value::Object(data)
        };
        let code = if self.code == EXCEPTION { json!(0) } else { json!(self.code) };
        obj! { "code" => code, "message" => self.message.clone(), "data" => data }
    }
}

/// WordPress's words for a fatal error.
pub(crate) const FATAL_TEXT: &str = "<p>There has been a critical error on this website.</p><p>\
    <a href=\"https://wordpress.org/documentation/article/faq-troubleshooting/\">Learn more about \
    troubleshooting WordPress.</a></p>";

/// One violated parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ParamFault {
    pub(crate) param: String,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The path inside the parameter, where WordPress names it.
    pub(crate) at: Option<String>,
}

impl ParamFault {
    pub(crate) fn type_of(param: &str, at: &str, kind: &str) -> Self {
        Self {
            param: param.to_owned(),
            code: "rest_invalid_type",
            message: format!("{at} is not of type {kind}."),
            at: Some(at.to_owned()),
        }
    }

    pub(crate) fn not_in_enum(param: &str, at: &str, allowed: &[&str]) -> Self {
        let list = match allowed {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [init @ .., last] => format!("{}, and {last}", init.join(", ")),
        };
        Self {
            param: param.to_owned(),
            code: "rest_not_in_enum",
            message: format!("{at} is not one of {list}."),
            at: None,
        }
    }

    pub(crate) fn other(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { param: param.to_owned(), code, message: message.into(), at: None }
    }
}
