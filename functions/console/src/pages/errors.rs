//! What went wrong, and what to do about it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::layout::{Frame, bare_page, timeless_page};
use crate::Problem;
use crate::session::Reader;

/// Puts a [`Problem`] that comes out of a page onto a page; the API's stay as
/// they are.
pub(crate) async fn on_a_page(reader: Result<Reader, Problem>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    if path.starts_with("/console/api/") {
        return response;
    }
    // The time of the page is not shown on it.
    let frame = reader.as_ref().ok().map(|reader| Frame::of(reader, Timestamp::UNIX_EPOCH));
    (problem.status(), render(frame.as_ref(), &problem, &back(&path))).into_response()
}

/// Where people go from here. A browser does not say where they came from, and
/// an action's address is below its page's.
fn back(path: &str) -> String {
    let mut parts = path.trim_start_matches("/console").split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("orders"), Some(store), Some(order), Some(_)) => format!("/console/orders/{store}/{order}"),
        (Some("exceptions"), Some(_), ..) => "/console/exceptions".to_owned(),
        (Some("queues"), Some(_), ..) => "/console/queues".to_owned(),
        (Some("jobs"), ..) => "/console/reconciliation".to_owned(),
        _ => "/console".to_owned(),
    }
}

/// An address that is no page's.
pub(crate) async fn nothing_here() -> Problem {
    Problem::not_found("There is no page of this address.")
}

/// The page; for somebody whom nobody knows without the frame.
pub fn render(frame: Option<&Frame>, problem: &Problem, back: &str) -> Markup {
    let (title, to_do) = words(problem);
    let content = html! {
        h1 { (title) }
        section.explain.bad {
            dl {
                dt { "What happened" } dd { (problem.message()) }
                dt { "What to do" } dd.do { (to_do) }
            }
        }
        p { a.button href=(back) { @if problem.status().as_u16() == 401 { "Sign in" } @else { "Go back" } } }
    };
    match frame {
        Some(frame) => timeless_page(frame, title, &content),
        None => bare_page(title, &content),
    }
}

fn words(problem: &Problem) -> (&'static str, &'static str) {
    match problem.status().as_u16() {
        400 => ("That request makes no sense", "Go back, load the page again, and try once more."),
        401 => (
            "Your session is over: nothing was done",
            "What you were about to do was not done. Sign in again, look how it stands now, and do it once more.",
        ),
        403 => (
            "That is not for you",
            "Nothing was done. If you should be able to do this, ask whoever configures the console for the role that acts; if you are, load the page again and try once more.",
        ),
        404 => (
            "There is nothing here",
            "Check the store and the number. An order that Weir has never heard of comes with the next poll, or save it once in the shop.",
        ),
        409 => (
            "Not at this moment",
            "Somebody or something is at work on it. Go back, look how it stands now, and try again.",
        ),
        413 => ("That was too long", "Nothing was done. Shorten what you entered."),
        422 => (
            "That is not possible as it stands",
            "Nothing was done. Go back and put right what is said above.",
        ),
        503 if problem.is_unclear() => {
            ("Nobody knows whether it was done", "Go back and look how it stands now before you do it again.")
        }
        503 => (
            "Something does not answer",
            "Go back and look how it stands now before you do it again. If it stays so, the console's log says why.",
        ),
        _ => (
            "Something went wrong",
            "Go back and look how it stands now. If it stays so, the console's log says why.",
        ),
    }
}
