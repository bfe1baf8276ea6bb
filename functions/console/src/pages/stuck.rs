//! Which orders are stuck before the ERP?

use maud::{Markup, html};
use weir_domain::id::StoreId;

use super::layout::{Frame, page};
use super::lists;
use crate::data::stuck::OpenWork;

/// The page; `of` is the one state that was asked for.
pub fn render(frame: &Frame, stores: &[StoreId], work: &OpenWork, of: Option<&str>) -> Markup {
    let content = html! {
        h1 { "Orders stuck before the ERP" }
        p.lead {
            "Orders that have no sales order yet, or one that may or may not exist. "
            "Many with one cause are one line at the " a href={ "/console/exceptions?store=" (work.store) } { "exceptions" } "."
        }
        (lists::stores("/stuck", stores, &work.store))
        h2 { "Open orders of " (work.store) }
        (lists::work(frame, "/stuck", work, of, "No order of this store is stuck before the ERP."))
    };
    page(frame, "/stuck", "Orders stuck before the ERP", &content)
}
