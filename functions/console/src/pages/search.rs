//! One box for orders and items: what is unique is gone to at once.

use maud::{Markup, html};

use super::layout::{Frame, page};
use super::parts::{item_address, item_link, order_link};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Orders: store and id.
    pub orders: Vec<(String, u64)>,
    /// Items: entity and code.
    pub items: Vec<(String, String)>,
}

impl Found {
    /// Where to go if there is nothing to choose.
    pub fn only(&self) -> Option<String> {
        match (self.orders.as_slice(), self.items.as_slice()) {
            ([(store, id)], []) => Some(format!("/console/orders/{store}/{id}")),
            ([], [(entity, sku)]) => Some(item_address(entity, sku)),
            _ => None,
        }
    }
}

/// The page.
pub fn render(frame: &Frame, asked: &str, found: &Found) -> Markup {
    let nothing = found.orders.is_empty() && found.items.is_empty();
    let content = html! {
        h1 { @if asked.is_empty() { "Find" } @else { "Found for “" (asked) "”" } }
        @if nothing {
            p {
                @if !asked.is_empty() { "Weir knows no such order or item. " }
                "Enter an order's id as the shop has it (" code { "4711" } " or " code { "main/4711" } "), "
                "or an item's code as the ERP writes it (" code { "MUG-L" } " or " code { "acme/MUG-L" } ")."
            }
            p.dim { "An order's id stands in the address of its page in the shop; its number may be another one." }
        }
        @if !found.orders.is_empty() {
            h2 { "Orders" }
            ul { @for (store, id) in &found.orders { li { (order_link(store, id)) } } }
        }
        @if !found.items.is_empty() {
            h2 { "Items" }
            ul { @for (entity, sku) in &found.items { li { (item_link(entity, sku)) " " small { "of " (entity) } } } }
        }
    };
    page(frame, "", "Find", &content)
}
