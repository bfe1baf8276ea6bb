//! Keys, words, every code: what a newcomer needs besides the pages.

use maud::{Markup, html};

use super::codes::{Consequence, EVENTS, ORDERS, STOCK};
use super::explain::{code, headline};
use super::layout::{Frame, key_list, page};
use super::parts::{long, table, text};
use crate::data::meaning::{self, Meaning};

/// What people see of an order.
const VIEWS: [(&str, &str); 13] = [
    (
        "waiting",
        "It goes on by itself at a known time: for a payment, a quiet moment, or a side that is down.",
    ),
    ("exception", "It goes on only when people have decided. Its page says what to do."),
    ("accepted", "It is in an exception that somebody took as it is, until it changes."),
    ("held", "A person stopped it. Nothing happens to it until somebody retries it."),
    ("skipped", "A person decided that nothing more is done for it."),
    ("not imported", "By the rules of its store there is nothing to book yet, e.g. an unpaid card order."),
    ("pushing", "Its sales order is being made in the ERP."),
    ("reserved", "It is in the ERP with its goods kept, and is not to be shipped before it is paid."),
    ("in ERP", "It is booked, and the warehouse may ship it."),
    ("part shipped, shipped", "What has left, as the ERP says."),
    ("returned", "Its goods came back."),
    ("closed", "Nothing is left to do for it."),
    ("cancelled", "Its sales order is cancelled in the ERP."),
];

const WORDS: [(&str, &str); 10] = [
    ("store", "One WooCommerce shop."),
    ("entity", "A legal entity in an ERP; stock is counted by entity and item code."),
    ("mapping", "What a name of the shop (an item, a tax rate, a payment method …) is called in the ERP."),
    (
        "circuit",
        "Opens when an ERP or a shop cannot be worked with. Orders wait meanwhile, and one at a time probes.",
    ),
    (
        "dead letter",
        "A message that could not be worked on in all its receives. The order itself is safe in the ledger.",
    ),
    ("redrive", "To send dead letters to their queue again; each is deleted only after it was sent."),
    ("unseen", "Units that shops sold and that the ERP's figure may not contain yet."),
    ("stale", "The shop shows another quantity than it should."),
    (
        "reconciliation",
        "Each night shop, ledger and ERP are compared; differences are repaired or become exceptions.",
    ),
    ("correlation", "One id from the webhook to the ERP: find it in the log."),
];

/// What people can do, in the words of the order's page.
const ACTIONS: [(&str, &str); 8] = [
    (
        "Retry",
        "Let it go on now, whatever held it. Nothing is booked twice: whoever makes a document looks first.",
    ),
    ("Replay", "Read it again in the shop and in the ERP although nothing holds it."),
    ("Hold", "Let nothing happen to it until somebody retries it."),
    ("Skip", "Nothing more is done for it. It is no open work any more."),
    ("Accept", "An exception stays as it is, until the order changes."),
    ("Adopt", "Somebody made its sales order by hand: this one."),
    ("Book again", "Its sales order is gone from the ERP: look once more, and make it if it is not there."),
    ("Release stock", "What the shop took from its stock for it is for sale again."),
];

/// The page.
pub fn render(frame: &Frame) -> Markup {
    let content = html! {
        h1 { "Help" }
        p.lead { "Hints come in, the truth is read: an order that was lost on its way is found by the poll, and nothing here can book an order twice." }
        h2 { "Keys" }
        (key_list())
        h2 { "In an hour of need" }
        p { "Begin at " a href="/console" { "Today" } ". Its first line says whether anything needs people, and each line below leads to where it is put right. Every alarm has its paragraph in the runbook: " code { "docs/runbook.md" } " of the project." }
        p { "On an order, " b { "Dry run" } " shows what Weir would do and the very requests to the ERP; nothing is sent." }
        h2 { "What people can do about an order" }
        (words("Every action asks for a reason and is written down with your name", "Action", &ACTIONS))
        h2 { "What an order can be" }
        (words("As it stands beside every order", "State", &VIEWS))
        h2 { "Words" }
        (words("As they are used on these pages", "Word", &WORDS))
        h2 #codes { "Exceptions of orders" }
        (code_table("Of an order's exception", ORDERS))
        h2 { "Exceptions of items" }
        (code_table("Of an item whose quantity is not published", STOCK))
        h2 { "Events that were refused" }
        (event_table())
    };
    page(frame, "/help", "Help", &content)
}

fn words(caption: &str, head: &'static str, words: &[(&str, &str)]) -> Markup {
    let rows = words.iter().map(|(word, said)| vec![html! { (word) }, html! { (said) }]);
    table(caption, &[text(head), long("Meaning")], rows)
}

/// Codes of one row of the runbook are one row here.
pub(crate) fn code_table(caption: &str, consequences: &[Consequence]) -> Markup {
    let mut rows: Vec<(Meaning, &str, Vec<&str>)> = Vec::new();
    for consequence in consequences {
        for name in consequence.codes {
            let said = meaning::of(name);
            match rows.iter_mut().find(|(known, means, _)| *known == said && *means == consequence.means) {
                Some((_, _, names)) => names.push(name),
                None => rows.push((said, consequence.means, vec![name])),
            }
        }
    }
    let cells = rows.into_iter().map(|(said, means, names)| {
        let names = html! { @for name in names { (code(name)) " " } };
        vec![names, headline(&said.means), html! { (means) }, headline(&said.to_do)]
    });
    let columns = [text("Code"), long("What happened"), long("What it means"), long("What to do")];
    table(caption, &columns, cells)
}

fn event_table() -> Markup {
    let rows = EVENTS.iter().map(|row| {
        let names = html! { @for name in row.codes { (code(name)) " " } };
        vec![names, html! { (row.means) }]
    });
    let columns = [text("Code"), long("What it means")];
    table("In the answer to the sender; what to do is in the runbook", &columns, rows)
}
