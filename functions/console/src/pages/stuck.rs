//! Which orders are stuck before the ERP?

use maud::{Markup, html};

use super::layout::{Frame, page};
use super::lists::{self, Tab};
use crate::data::stuck::OpenWork;

/// The page; `of` is the one state that was asked for.
pub fn render(frame: &Frame, tabs: &[Tab], work: &OpenWork, of: Option<&str>) -> Markup {
    let content = html! {
        h1 { "Stuck before the ERP" }
        p.lead {
            "Orders that have no sales order yet, or one that may or may not exist. "
            "Many with one cause are one line at the " a href={ "/console/exceptions?store=" (work.store) } { "exceptions" } "."
        }
        (lists::tabs("/stuck", tabs, &work.store, "open"))
        h2 { "Open orders of " (work.store) }
        (lists::work(frame, "/stuck", work, of, "No order of this store is stuck before the ERP."))
    };
    page(frame, "/stuck", "Stuck before the ERP", &content)
}
