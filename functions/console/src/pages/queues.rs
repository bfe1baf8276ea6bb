//! Queues and dead letters.

use maud::{Markup, html};
use weir_domain::ports::QueueDepth;

use super::forms::{hidden, only_look, reason};
use super::layout::{Frame, page};
use super::parts::{
    Column, Tone, calm, count, escape, item_link, number, order_link, sentence, table, tag, text, thousands,
};
use super::words;
use crate::data::limits;
use crate::data::queues::{LetterView, QueuePage};

/// The page: all depths, and one queue's letters where one was asked for.
pub fn render(frame: &Frame, queues: &[QueueDepth], open: Option<&QueuePage>) -> Markup {
    let content = html! {
        h1 { "Queues" }
        p.lead { "Messages say only which order or items to look at. One that failed again and again becomes a dead letter, and is kept for 14 days; what it is about is safe." }
        (depths(queues))
        @if let Some(page) = open { (letters(frame, page)) }
    };
    page(frame, "/queues", "Queues", &content)
}

/// The page where the queues do not answer.
pub fn silent(frame: &Frame) -> Markup {
    let content = html! {
        h1 { "Queues" }
        p.sentence { "The queues do not answer. What lies in them is safe: look again in a minute." }
    };
    page(frame, "/queues", "Queues", &content)
}

/// How much lies where.
pub(crate) fn depths(queues: &[QueueDepth]) -> Markup {
    const COLUMNS: [Column; 4] =
        [text("Queue"), number("Waiting"), number("At work"), number("Dead letters")];
    let rows = queues.iter().map(|queue| {
        vec![
            html! { (queue.queue) " " small { (words::queue(&queue.queue)) } },
            html! { (thousands(queue.waiting)) },
            html! { (thousands(queue.in_flight)) },
            html! { @if queue.dead == 0 { "0" } @else {
                (tag(Tone::Bad, &thousands(queue.dead))) " "
                a href={ "/console/queues?queue=" (escape(&queue.queue)) } { "read" span.sr { " those of " (queue.queue) } }
            } },
        ]
    });
    table("About how many messages there are now", &COLUMNS, rows)
}

/// The dead letters of one queue, and the way back.
pub(crate) fn letters(frame: &Frame, page: &QueuePage) -> Markup {
    let name = page.depth.queue.as_str();
    let (means, to_do) = words::dead_letter(name);
    html! {
        h2 id={ "queue-" (name) } { "Dead letters of " (name) }
        @if page.depth.dead == 0 && page.letters.is_empty() {
            (calm("There is none."))
        } @else {
            section.explain.bad {
                dl { dt { "What it means" } dd { (means) } dt { "What to do" } dd.do { (sentence(to_do)) } }
            }
            @for (at, letter) in page.letters.iter().enumerate() { (one(frame, name, at, letter)) }
            @if page.depth.dead > page.letters.len() as u64 {
                p.cut {
                    "These are " (page.letters.len()) " of about " (thousands(page.depth.dead)) "; they stay where they are."
                    @if page.some_hidden { " Some are hidden for some seconds, since somebody looks at them: load again." }
                }
            }
            @if frame.may_act { (redrive(frame, name, page.depth.dead)) } @else { (only_look()) }
        }
    }
}

fn one(frame: &Frame, queue: &str, at: usize, letter: &LetterView) -> Markup {
    html! {
        article.panel {
            p.first { b { (letter.says) } " " small { "sent " (frame.ago(letter.sent_at)) } }
            p {
                @if let Some((store, order)) = &letter.order { (order_link(store, order)) }
                @if let Some((entity, skus)) = &letter.items { @for sku in skus { (item_link(entity, sku)) " " } }
            }
            details {
                summary { "Its text" }
                pre tabindex="0" { (letter.body) }
                p.dim { "Message " (letter.id) }
            }
            @if frame.may_act { (delete(frame, queue, at, letter)) }
        }
    }
}

fn delete(frame: &Frame, queue: &str, at: usize, letter: &LetterView) -> Markup {
    html! {
        details {
            summary { "Delete it" }
            form method="post" action="/console/queues/delete" {
                (frame.token())
                (hidden("queue", queue))
                (hidden("letter", &letter.id))
                div.fields {
                    (reason(&format!("delete-{queue}-{at}")))
                    div.go { button.harsh { "Delete this letter" } }
                }
            }
        }
    }
}

fn redrive(frame: &Frame, queue: &str, dead: u64) -> Markup {
    let most = dead.min(limits::REDRIVEN as u64);
    html! {
        @if queue != "ticks" {
            form.panel method="post" action="/console/queues/redrive" {
                (frame.token())
                (hidden("queue", queue))
                div.fields {
                    (reason(&format!("redrive-{queue}")))
                    div.go {
                        button { "Send " (count(most, "letter", "letters")) " again" }
                        small { "Each is deleted only after it was sent." }
                    }
                }
            }
        }
    }
}
