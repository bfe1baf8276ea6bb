//! What goes in and comes out of the shop, without any HTTP library.

use crate::doc::Doc;
use crate::error::ApiError;

/// One HTTP request as the shop sees it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper-case method.
    pub method: String,
    /// Path with leading slash, percent-decoded.
    pub path: String,
    /// Query pairs in order, percent-decoded.
    pub query: Vec<(String, String)>,
    /// Header pairs, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
}

impl Request {
    /// First header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Last query value of that name: PHP lets the last one win.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// `?flag=true` and `?flag=1`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("true" | "1"))
    }

    /// All values of a list parameter: `a,b`, `a[]=..&a[]=..` and `a[0]=..`.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let in_brackets = format!("{name}[");
        self.query
            .iter()
            .filter(|(n, _)| n == name || n.starts_with(&in_brackets))
            .flat_map(|(_, v)| v.split(','))
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
            .collect()
    }
}

/// An answer of the shop.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header pairs in order.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
    /// How long to wait before answering, in ms (a fault switch).
    pub latency_ms: u64,
    /// Webhook pings to send *before* answering, as the shop does.
    pub pings: Vec<Outgoing>,
}

impl Reply {
    /// A JSON answer without extra headers.
    pub(crate) fn json(status: u16, body: &Doc) -> Self {
        Self::raw(status, "application/json; charset=UTF-8", body.to_bytes())
    }

    /// An answer of any kind.
    pub(crate) fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
            latency_ms: 0,
            pings: Vec::new(),
        }
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Reply::json(error.status, &error.body())
    }
}

/// An HTTP request the shop wants to send to a webhook's receiver.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Sequence number, to be given back with the outcome; 0 for a ping.
    pub seq: u64,
    /// Where to.
    pub url: String,
    /// Header pairs.
    pub headers: Vec<(String, String)>,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
    /// How often to send it: 1, more when the duplicate switch is on, 0 when
    /// it is to be lost.
    pub copies: u32,
}

/// What the receiver said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP status; redirects are not followed.
    Status(u16),
    /// Refused, timed out or broken.
    NoAnswer,
}
