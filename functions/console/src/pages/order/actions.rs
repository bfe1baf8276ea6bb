//! What people can do about this order, now: what makes no sense in its state
//! is not offered, and what most often answers its exception is open.

use maud::{Markup, html};
use weir_domain::desk::StockTaken;

use super::path;
use crate::data::order::{Entry, Order};
use crate::pages::codes;
use crate::pages::forms::{act, only_look, reason};
use crate::pages::layout::Frame;
use crate::pages::parts::{count, units};
use crate::pages::when;

/// One action.
struct Offer {
    word: &'static str,
    name: &'static str,
    says: &'static str,
    harsh: bool,
}

const fn offer(word: &'static str, name: &'static str, says: &'static str, harsh: bool) -> Offer {
    Offer { word, name, says, harsh }
}

const OFFERS: [Offer; 8] = [
    offer("retry", "Retry", "It goes on now, whatever held it. Nothing is booked twice.", false),
    offer("replay", "Replay", "It is read again in the shop and in the ERP.", false),
    offer(
        "accept",
        "Accept as it is",
        "The exception stays, and nobody is asked again until the order changes.",
        false,
    ),
    offer("adopt", "Adopt a document", "Somebody made its sales order in the ERP by hand: this one.", false),
    offer(
        "rebook",
        "Book again",
        "It is looked for in the ERP once more and, if it is not there, made again.",
        true,
    ),
    offer("hold", "Hold", "Nothing happens to it until somebody retries it.", false),
    offer("skip", "Skip", "Nothing more is done for it.", true),
    offer("write_off", "Release stock", "What the shop took from its stock for it is for sale again.", true),
];

/// The list of actions, or why there is none.
pub(super) fn render(frame: &Frame, order: &Order) -> Markup {
    let suggested = suggested(order);
    html! {
        h2 #actions { "What you can do" }
        @if let Some(it) = released(order) {
            p.dim { "Its stock was released at " (when::instant(it.at)) " by " (it.who) ": “" (it.why) "”. Its units are for sale again until the shop changes the order." }
        }
        @if frame.may_act {
            div.acts {
                @for it in OFFERS.iter().filter(|it| possible(it.word, order)) {
                    (act(frame, suggested == Some(it.word), &format!("{}/{}", path(order), it.word), it.name, it.says, &fields(it, order)))
                }
            }
        } @else {
            (only_look())
        }
    }
}

fn suggested(order: &Order) -> Option<&'static str> {
    let exception = order.row.exception.as_ref().filter(|exception| exception.accepted.is_none())?;
    let suggests = codes::of_order(&exception.code)?.suggests?;
    possible(suggests, order).then_some(suggests)
}

/// As the desk decides; it decides again when asked.
fn possible(word: &str, order: &Order) -> bool {
    let code = order.row.exception.as_ref().map(|exception| exception.code.as_str());
    let stopped_by_people = matches!(order.row.view, "held" | "skipped");
    let waits = order.row.due_at.is_some() || order.row.exception.is_some() || stopped_by_people;
    match word {
        "retry" => waits,
        "replay" => !stopped_by_people && !waits,
        "hold" => order.row.view != "held",
        "skip" => order.row.view != "skipped" && order.document != "pushing",
        "accept" => order.row.view == "exception",
        "rebook" => code == Some("document_gone"),
        "adopt" => matches!(order.document, "none" | "pushing") || code == Some("document_gone"),
        _ => {
            matches!(order.document, "none" | "cancelled")
                && taken_by_shop(&order.stock)
                && released(order).is_none()
        }
    }
}

/// The last release of its stock, if the shop did not change the order since:
/// what the shop says later takes the units again.
fn released(order: &Order) -> Option<&Entry> {
    let entry = order.timeline.iter().find(|entry| entry.what == "write_off")?;
    (entry.version == order.seen_version).then_some(entry)
}

fn taken_by_shop(stock: &[StockTaken]) -> bool {
    stock.iter().any(|taken| taken.by_shop > rust_decimal::Decimal::ZERO)
}

fn fields(offer: &Offer, order: &Order) -> Markup {
    html! {
        @match offer.word {
            "adopt" => (adopting()),
            "skip" | "write_off" => div.wide { (stock(offer.word, &order.stock)) },
            _ => {}
        }
        (reason(&format!("why-{}", offer.word)))
        div.go { button.harsh[offer.harsh] { (offer.name) } }
    }
}

fn adopting() -> Markup {
    html! {
        div {
            label for="number" { "Number of the sales order, as the ERP shows it" }
            input #number name="number" required maxlength="100" autocomplete="off";
        }
        div.wide {
            label.check for="paid" { input #paid type="checkbox" name="paid" value="yes"; "Its payment is booked there as well: Weir books none." }
        }
    }
}

/// What happens to stock is shown before the button is pressed.
fn stock(word: &str, stock: &[StockTaken]) -> Markup {
    let lines = html! { ul { @for taken in stock { li {
        b { (units(taken.by_shop.max(taken.by_erp))) " × " (taken.sku) }
        " – taken by the shop " (units(taken.by_shop)) ", confirmed in the ERP " (units(taken.by_erp))
    } } } };
    html! {
        @if stock.is_empty() {
            p { "It takes nothing from stock." }
        } @else if word == "skip" {
            p { (count(stock.len() as u64, "line stays", "lines stay")) " taken from stock after a skip. To have the units for sale again, cancel the order in the shop, or release its stock here." }
            (lines)
        } @else {
            p { "These will be for sale again, until the shop changes the order:" }
            (lines)
        }
    }
}
