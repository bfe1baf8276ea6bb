//! Why does this shop show this quantity?

use maud::{Markup, html};

use super::codes;
use super::explain::{code, headline, rest};
use super::layout::{Frame, page};
use super::parts::{Column, Tone, calm, number, order_link, table, tag, text, units};
use crate::data::item::{Item, PositionView, ShopView, StandingView};

/// The page.
pub fn render(frame: &Frame, item: &Item) -> Markup {
    let title = format!("Item {}", item.sku);
    let content = html! {
        p.crumbs { "Stock of " (item.entity) }
        h1 { (title) }
        p.lead { (read(frame, item)) }
        @for shop in &item.shops { (one_shop(frame, shop)) }
        @if item.shops.is_empty() { p.dim { "No shop shows it." } }
        @if let Some(position) = &item.position { (locations(position)) }
        (lines(item))
    };
    page(frame, "", &title, &content)
}

fn read(frame: &Frame, item: &Item) -> Markup {
    html! {
        @match &item.position {
            None => "The ERP was never read for it.",
            Some(position) => {
                "Read in the ERP " (frame.ago(position.as_of)) " (reading " (position.version) ")."
                @if !position.known { " " (tag(Tone::Bad, "the ERP does not know it any more")) }
            }
        }
    }
}

fn one_shop(frame: &Frame, shop: &ShopView) -> Markup {
    html! {
        h2 { (shop.store) " " (standing(shop)) }
        @if let Some(reached) = &shop.reached {
            p.sentence { (reached.sentence) }
            p.cut { "Reached " (frame.ago(reached.at)) ", by reading " (reached.position) " of the ERP." }
        } @else {
            p.dim { "Nothing was published there yet." }
        }
        @if let Some(shown) = shop.shown { p { "The shop showed " b { (units(shown)) } " when it was last seen." } }
        @if let Some(write) = &shop.write {
            p {
                @if write.lost { "The answer to a write was lost " } @else { "A write was begun " }
                (frame.ago(write.at)) ", from " (units(write.from)) " to " (units(write.to)) "."
                @if write.lost { " Until it cannot happen any more, the shop is only lowered." }
            }
        }
        @if let Some(since) = shop.stale_since { p { "It does not show what it should since " (frame.ago(since)) "." } }
        (exception(frame, shop))
    }
}

fn standing(shop: &ShopView) -> Markup {
    match &shop.standing {
        StandingView::Exception { .. } => tag(Tone::Bad, "exception"),
        StandingView::NotManaged => tag(Tone::Plain, "stock not managed in the shop"),
        StandingView::AtParent => tag(Tone::Plain, "its parent's stock counts"),
        StandingView::Published if shop.stale_since.is_some() => tag(Tone::Slow, "stale"),
        StandingView::Published if shop.reached.is_some() => tag(Tone::Good, "published"),
        StandingView::Published => tag(Tone::Plain, "not sold here"),
    }
}

fn exception(frame: &Frame, shop: &ShopView) -> Markup {
    let StandingView::Exception { code: name, detail, since, meaning } = &shop.standing else {
        return html! {};
    };
    html! {
        section.explain.bad {
            div.title { h3 { (headline(&meaning.means)) } (code(name)) }
            dl {
                dt { "What happened" } dd { (detail) " " span.dim { (frame.ago(*since)) } }
                (rest(codes::of_item(name), meaning))
            }
            p.dim { "It ends by itself when the next message finds its cause gone." }
        }
    }
}

fn locations(position: &PositionView) -> Markup {
    const COLUMNS: [Column; 5] = [
        text("Location"),
        number("Available"),
        number("On hand"),
        number("Reserved"),
        number("Incoming, never sold"),
    ];
    let rows = position.locations.iter().map(|it| {
        vec![
            html! { (it.location) },
            html! { (units(it.available)) },
            html! { (units(it.on_hand)) },
            html! { (units(it.reserved)) },
            html! { (units(it.incoming)) },
        ]
    });
    html! { h2 { "In the ERP" } (table("All locations of one reading", &COLUMNS, rows)) }
}

fn lines(item: &Item) -> Markup {
    const COLUMNS: [Column; 5] = [
        text("Order"),
        number("Taken by the shop"),
        number("Confirmed in the ERP"),
        number("In the ERP's figure"),
        number("Unseen"),
    ];
    let rows = item.lines.iter().map(|line| {
        vec![
            html! { (order_link(line.store.as_str(), line.order)) " " small { "line " (line.line) } },
            html! { (units(line.by_shop)) @if line.told == Some("assumed") { " " small { "assumed" } } },
            html! { (units(line.by_erp)) },
            html! { (units(line.contained)) },
            html! { b { (units(line.unseen)) } },
        ]
    });
    html! {
        h2 { "Sold, and perhaps not in the ERP's figure yet" }
        @if item.lines.is_empty() {
            (calm("The ERP's figure contains everything that was sold."))
        } @else {
            (table("Order lines in flight, of every store on the pool", &COLUMNS, rows))
            @if item.lines_in_all > item.lines.len() {
                p.cut { "The first " (item.lines.len()) " of " (item.lines_in_all) " lines." }
            }
        }
    }
}
