//! The stable words of records, as people read them.

use super::parts::Tone;

/// How what people see of an order is meant.
pub(crate) fn tone(view: &str) -> Tone {
    match view {
        "exception" => Tone::Bad,
        "held" | "waiting" | "reserved" => Tone::Slow,
        "pushing" | "at work" | "in ERP" | "part shipped" => Tone::Going,
        "shipped" | "closed" | "accepted" => Tone::Good,
        _ => Tone::Plain,
    }
}

/// `part_refunded` → `part refunded`, `missing_in_erp` → `missing in ERP`.
pub(crate) fn spaced(word: &str) -> String {
    let part = |part| match part {
        "api" => "API",
        "erp" => "ERP",
        "sku" => "SKU",
        "skus" => "SKUs",
        "url" => "URL",
        other => other,
    };
    word.split('_').map(part).collect::<Vec<_>>().join(" ")
}

/// What an entry of an audit, or an action, did.
pub(crate) fn what(word: &str) -> String {
    let said = match word {
        "retry" => "let it go on",
        "replay" => "had it read again",
        "hold" => "held it",
        "skip" => "skipped it",
        "accept" => "accepted it as it is",
        "rebook" => "had it booked again",
        "adopt" => "adopted a document",
        "write_off" => "released its stock",
        "not_done" => "could not do it",
        _ => return spaced(word),
    };
    said.to_owned()
}

/// Names of our functions; whoever else acts is a person.
pub(crate) fn is_function(who: &str) -> bool {
    const FUNCTIONS: [&str; 8] = [
        "webhook",
        "order-push",
        "inventory-sync",
        "stock-publish",
        "erp-events",
        "fulfilment",
        "reconcile",
        "console",
    ];
    FUNCTIONS.contains(&who)
}

/// What a queue carries.
pub(crate) fn queue(name: &str) -> &'static str {
    match name {
        "orders" => "orders on their way into the ERP",
        "stock" => "items whose quantity is to be published",
        "fulfilment" => "orders whose parcels or returns changed in the ERP",
        "ticks" => "the schedules' own ticks; nothing is lost with one",
        _ => "",
    }
}

/// What a dead letter of a queue means, and what to do with it.
pub(crate) fn dead_letter(queue: &str) -> (&'static str, &'static str) {
    match queue {
        "stock" => (
            "A message that says “look at these items” could not be worked on. The nightly pass looks at all of them anyway.",
            "Send it again, or delete it.",
        ),
        "fulfilment" => (
            "The ERP's documents of an order changed, and the shop may not show it. The feed says so again only in the night after the change.",
            "Send it again; do not delete it.",
        ),
        "ticks" => (
            "A schedule's tick failed for good. The next tick did its work.",
            "Look at the alarms of the function that it names; then delete it.",
        ),
        _ => (
            "A message could not be worked on in all its receives: its body is not Weir's, or the ledger could not be written for long. The order itself is safe.",
            "Read it, then send it again.",
        ),
    }
}
