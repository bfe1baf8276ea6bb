//! Queries and forms; what makes no sense is a page of ours, not the
//! framework's line.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

const NOT_UNDERSTOOD: &str = "The address or the form holds something that this page does not understand.";

/// What stands after the `?`.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|_| Problem::bad_request(NOT_UNDERSTOOD))
    }
}

/// What was filled in.
#[derive(Debug)]
pub(crate) struct Filled<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Filled<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = Form::<T>::from_request(request, state).await;
        form.map(|Form(filled)| Self(filled)).map_err(|_| Problem::bad_request(NOT_UNDERSTOOD))
    }
}
