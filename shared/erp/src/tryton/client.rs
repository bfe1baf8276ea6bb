//! Tryton's REST API: one attempt a call.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;
use weir_domain::config::ConfigError;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, PlannedRequest};
use weir_http::{ReadError, classify_transport, read_capped};

use super::classify::{self, Failure, Route};
use super::wire::Ref;

/// More than any answer asked for here; a page of 50 parties is a tenth.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A connection to one database, acting for one company.
pub(super) struct Client {
    http: weir_http::Client,
    models: Url,
    key: SecretString,
    context: Value,
    clock: Arc<dyn Clock>,
}

/// A search that says more than which records.
pub(super) struct Query<'a> {
    pub(super) domain: Value,
    pub(super) fields: &'a [&'a str],
    /// E.g. `[["id", "ASC"]]`; null for the model's own order.
    pub(super) order: Value,
    pub(super) limit: usize,
    /// What computed fields depend on, beside the company; null for nothing.
    pub(super) context: Value,
}

/// Why a query brought nothing.
#[derive(Debug)]
pub(super) enum Unread {
    /// What it asks for is more than an answer may be: to be asked for less.
    TooLarge(CallError),
    /// Anything else.
    Call(CallError),
}

impl From<CallError> for Unread {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Unread {
    /// For who cannot ask for less.
    pub(super) fn error(self) -> CallError {
        match self {
            Self::TooLarge(error) | Self::Call(error) => error,
        }
    }
}

/// A request that changes something: to be sent, or only to be shown.
pub(super) struct Write<'a> {
    route: Route,
    method: Method,
    /// Below the address of the models.
    path: Vec<String>,
    /// What to read of what it made.
    fields: &'a [&'a str],
    body: Cow<'a, Value>,
}

impl<'a> Write<'a> {
    /// Makes a record.
    pub(super) fn create(model: &str, record: &'a Value, fields: &'a [&'a str]) -> Self {
        let path = vec![model.to_owned()];
        Self { route: Route::Records, method: Method::POST, path, fields, body: Cow::Borrowed(record) }
    }

    /// Changes a record.
    pub(super) fn update(model: &str, id: u64, changes: &'a Value, fields: &'a [&'a str]) -> Self {
        let path = vec![model.to_owned(), id.to_string()];
        Self { route: Route::Records, method: Method::PUT, path, fields, body: Cow::Borrowed(changes) }
    }

    /// Presses a button of a record.
    pub(super) fn press(model: &str, id: Ref, button: &str, fields: &'a [&'a str]) -> Self {
        let path = vec![model.to_owned(), id.to_string(), button.to_owned()];
        Self { route: Route::Action, method: Method::POST, path, fields, body: Cow::Owned(json!({})) }
    }
}

/// What Tryton answered, before anybody knows what that means.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Result<Vec<u8>, ReadError>,
}

impl Client {
    /// `url` is the server's, without the database.
    pub(super) fn new(
        http: weir_http::Client,
        url: &Url,
        database: &str,
        company: u64,
        key: SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let mut models = url.clone();
        models.set_query(None);
        models.set_fragment(None);
        models
            .path_segments_mut()
            .map_err(|()| ConfigError::new("url", "must be an https URL"))?
            .pop_if_empty()
            .extend([database, "rest", "model"]);
        // A sale made in the shop is a fact. What Tryton would ask a person
        // ("not enough stock, sure?") is answered yes.
        let context = json!({"company": company, "_skip_warnings": true});
        Ok(Self { http, models, key, context, clock })
    }

    /// Records of `model` that match `domain`, with `fields`; at most `limit`.
    pub(super) async fn search<T: DeserializeOwned>(
        &self,
        model: &str,
        domain: &Value,
        fields: &[&str],
        limit: usize,
    ) -> Result<Vec<T>, CallError> {
        let (domain, order, context) = (domain.clone(), Value::Null, Value::Null);
        self.query(model, &Query { domain, fields, order, limit, context }).await
    }

    /// Like [`search`](Self::search), in an order and a context of its own.
    /// One call is one snapshot of Tryton's database, where that has any
    /// (PostgreSQL has, SQLite has not).
    pub(super) async fn query<T: DeserializeOwned>(
        &self,
        model: &str,
        query: &Query<'_>,
    ) -> Result<Vec<T>, CallError> {
        self.query_fitting(model, query).await.map_err(Unread::error)
    }

    /// Like [`query`](Self::query), for who can ask for fewer records.
    pub(super) async fn query_fitting<T: DeserializeOwned>(
        &self,
        model: &str,
        query: &Query<'_>,
    ) -> Result<Vec<T>, Unread> {
        let answer = self.searched(model, query).await?;
        self.fitting(model, answer)
    }

    async fn searched(&self, model: &str, query: &Query<'_>) -> Result<Answer, CallError> {
        let mut url = self.url(&[model], query.fields);
        url.query_pairs_mut()
            .append_pair("d", &encode(&query.domain))
            .append_pair("s", &query.limit.to_string());
        if !query.order.is_null() {
            url.query_pairs_mut().append_pair("o", &encode(&query.order));
        }
        let context = joined(&self.context, &query.context);
        self.exchange(&context, Method::GET, url, None).await
    }

    /// Like [`query`](Self::query), with the time at which it was answered, by
    /// the clock of the server or of what is before it, in whole seconds.
    pub(super) async fn query_dated<T: DeserializeOwned>(
        &self,
        model: &str,
        query: &Query<'_>,
    ) -> Result<(Vec<T>, Option<Timestamp>), CallError> {
        let answer = self.searched(model, query).await?;
        let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
        Ok((self.fitting(model, answer).map_err(Unread::error)?, date))
    }

    /// Like [`query_fitting`](Self::query_fitting), for a domain that is too
    /// long for a URL, or has somebody's data in it: it travels in the body,
    /// because URLs end up in the access log of every proxy on the way.
    pub(super) async fn query_in_body<T: DeserializeOwned>(
        &self,
        model: &str,
        query: &Query<'_>,
    ) -> Result<Vec<T>, Unread> {
        let mut body = json!({"domain": query.domain, "fields_names": query.fields, "limit": query.limit});
        if !query.order.is_null() {
            body["order"] = query.order.clone();
        }
        let context = joined(&self.context, &query.context);
        let url = self.url(&[model, "search_read"], &[]);
        let answer = self.exchange(&context, Method::POST, url, Some(&body)).await?;
        let records: Value = self.fitting(model, answer)?;
        let odd = |_| CallError::unknown("http 200 with an unexpected body");
        Ok(serde_json::from_value(undotted(records)).map_err(odd)?)
    }

    fn fitting<T: DeserializeOwned>(&self, model: &str, answer: Answer) -> Result<T, Unread> {
        match &answer.body {
            Err(error @ ReadError::TooLarge { .. }) if answer.status == StatusCode::OK => {
                Err(Unread::TooLarge(classify::unread(error)))
            }
            _ => Ok(self.read(Route::Records, answer).map_err(|failure| not_searched(model, failure))?),
        }
    }

    /// The time by our clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Like [`search`](Self::search), for a domain with somebody's data in it,
    /// which no URL may have.
    pub(super) async fn search_unlogged<T: DeserializeOwned>(
        &self,
        model: &str,
        domain: &Value,
        fields: &[&str],
        limit: usize,
    ) -> Result<Vec<T>, CallError> {
        let (domain, order, context) = (domain.clone(), Value::Null, Value::Null);
        let query = Query { domain, fields, order, limit, context };
        self.query_in_body(model, &query).await.map_err(Unread::error)
    }

    /// Makes a record and reads `fields` of it, in one transaction.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        model: &str,
        record: &Value,
        fields: &[&str],
    ) -> Result<T, Failure> {
        self.write(Write::create(model, record, fields)).await
    }

    /// Changes a record and reads `fields` of it, in one transaction.
    pub(super) async fn update<T: DeserializeOwned>(
        &self,
        model: &str,
        id: u64,
        changes: &Value,
        fields: &[&str],
    ) -> Result<T, Failure> {
        self.write(Write::update(model, id, changes, fields)).await
    }

    /// Presses a button of a record and reads `fields` of it, in one
    /// transaction.
    pub(super) async fn press<T: DeserializeOwned>(
        &self,
        model: &str,
        id: u64,
        button: &str,
        fields: &[&str],
    ) -> Result<T, Failure> {
        self.write(Write::press(model, Ref::Is(id), button, fields)).await
    }

    /// Sends what changes something.
    async fn write<T: DeserializeOwned>(&self, write: Write<'_>) -> Result<T, Failure> {
        let path: Vec<&str> = write.path.iter().map(String::as_str).collect();
        let url = self.url(&path, write.fields);
        self.send(write.route, write.method, url, Some(&write.body)).await
    }

    /// What would be sent, for people to read.
    pub(super) fn planned(&self, write: Write<'_>) -> PlannedRequest {
        let fields: Vec<String> = write.fields.iter().map(|field| format!("f={field}")).collect();
        PlannedRequest {
            method: write.method.to_string(),
            path: format!("{}/{}?{}", self.models.path(), write.path.join("/"), fields.join("&")),
            body: write.body.into_owned(),
        }
    }

    /// Calls a remote procedure of a model that changes nothing.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        model: &str,
        procedure: &str,
        arguments: &Value,
    ) -> Result<T, Failure> {
        self.send(Route::Records, Method::POST, self.url(&[model, procedure], &[]), Some(arguments)).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        route: Route,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let answer = self.exchange(&self.context, method, url, body).await?;
        self.read(route, answer)
    }

    async fn exchange(
        &self,
        context: &Value,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let request = self
            .http
            .request(method, url)
            .map_err(|forbidden| CallError::blocked(forbidden.to_string()))?
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.bearer()?)
            .header("X-Tryton-Context", encode(context));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response =
            request.send().await.map_err(|error| classify::no_answer(&classify_transport(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_capped(response, MAX_ANSWER_BYTES).await;
        Ok(Answer { status, headers, body })
    }

    fn read<T: DeserializeOwned>(&self, route: Route, answer: Answer) -> Result<T, Failure> {
        let body = answer.body.map_err(|error| classify::unread(&error))?;
        let body = classify::answer(route, answer.status, &answer.headers, body, self.clock.now())?;
        serde_json::from_slice(&body)
            .map_err(|_| CallError::unknown("http 200 with a broken or unexpected body").into())
    }

    fn bearer(&self) -> Result<HeaderValue, CallError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.key.expose_secret()))
            .map_err(|_| CallError::blocked("the API key has characters that no header can carry"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn url(&self, path: &[&str], fields: &[&str]) -> Url {
        let mut url = self.models.clone();
        // The constructor has shown that this URL has a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !fields.is_empty() {
            url.query_pairs_mut().extend_pairs(fields.iter().map(|field| ("f", field)));
        }
        url
    }
}

/// A context with more in it.
fn joined(context: &Value, more: &Value) -> Value {
    let mut context = context.clone();
    if let (Some(context), Some(more)) = (context.as_object_mut(), more.as_object()) {
        context.extend(more.clone());
    }
    context
}

/// A domain is ours: if Tryton refuses to evaluate it, for lack of a right or
/// of a module, no order is at fault.
fn not_searched(model: &str, failure: Failure) -> CallError {
    match failure {
        Failure::Refused => CallError::blocked(format!("a search for {model} was refused")),
        Failure::Call(error) => error,
    }
}

/// Tryton's remote procedures name what was read through a reference with a
/// dot at the end: `{"party": 7, "party.": {…}}`. Its REST routes do not.
fn undotted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(undotted).collect(),
        Value::Object(fields) => {
            let (dotted, plain): (Vec<_>, Vec<_>) =
                fields.into_iter().partition(|(name, _)| name.ends_with('.'));
            let mut fields: Map<String, Value> = plain.into_iter().collect();
            for (name, value) in dotted {
                fields.insert(name.trim_end_matches('.').to_owned(), undotted(value));
            }
            Value::Object(fields)
        }
        other => other,
    }
}

/// Base64url of JSON, padded: Tryton's decoder insists on it.
fn encode(value: &Value) -> String {
    URL_SAFE.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lose_their_dots() {
        let read = json!([{"id": 1, "party.": {"id": 2, "lang.": null}, "party": 2, "lines.": [{"unit.": {"id": 3}}]}]);
        let expected = json!([{"id": 1, "party": {"id": 2, "lang": null}, "lines": [{"unit": {"id": 3}}]}]);
        assert_eq!(undotted(read), expected);
    }
}
