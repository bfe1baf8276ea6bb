//! Which items are stale in the shop?

use maud::{Markup, html};

use super::explain::code;
use super::layout::{Frame, page};
use super::lists::{self, Tab};
use super::parts::{calm, escape, item_link, long, number, table, text, units};
use crate::data::item::StandingView;
use crate::data::stale::{Stale, StaleItem};

/// The page.
pub fn render(frame: &Frame, tabs: &[Tab], stale: &Stale) -> Markup {
    let content = html! {
        h1 { "Stale in the shop" }
        p.lead {
            "Items that " b { (stale.store) } " does not show as it should, the oldest first. A minute or two is how news travel; "
            "after half an hour something keeps it, and the item's page says what."
        }
        (lists::tabs("/stale", tabs, &stale.store, "stale"))
        @if stale.items.is_empty() {
            (calm("Every item of this store shows what it should."))
        } @else {
            (items(frame, "Items, by the ERP's code", &stale.items))
            @if let Some(next) = &stale.next {
                p.cut {
                    (stale.items.len()) " on this page; there may be more. "
                    a href={ "/console/stale?store=" (stale.store) "&after=" (escape(next)) } rel="next" { "Next page" }
                }
            }
        }
    };
    page(frame, "/stale", "Stale in the shop", &content)
}

/// A table of stale items.
pub(crate) fn items<'a>(
    frame: &Frame,
    caption: &str,
    items: impl IntoIterator<Item = &'a StaleItem>,
) -> Markup {
    let columns = [
        text("Item"),
        text("Entity"),
        number("Shop showed"),
        number("Last reached"),
        long("What keeps it"),
        number("Stale"),
    ];
    let rows = items.into_iter().map(|item| {
        vec![
            item_link(item.entity.as_str(), &item.sku.0),
            html! { (item.entity) },
            html! { @if let Some(shown) = item.shown { (units(shown)) } },
            html! { @if let Some(reached) = item.reached { (units(reached)) } },
            keeps(item),
            frame.ago(item.since),
        ]
    });
    table(caption, &columns, rows)
}

fn keeps(item: &StaleItem) -> Markup {
    html! {
        @match &item.standing {
            StandingView::Exception { code: name, detail, .. } => { (detail) " " (code(name)) }
            _ if item.write_under_way => "A write to the shop is under way, or its answer was lost.",
            _ => "It is looked at with the next tick.",
        }
    }
}
