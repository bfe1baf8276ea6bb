//! What pages are made of: tables that become cards, tags, notes, facts.

use std::borrow::Cow;
use std::fmt::Write;

use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::data::Count;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    class: Option<&'static str>,
}

/// A column of words.
pub(crate) const fn text(head: &'static str) -> Column {
    Column { head, class: None }
}

/// A column of numbers or ages, at the right.
pub(crate) const fn number(head: &'static str) -> Column {
    Column { head, class: Some("num") }
}

/// A column of sentences: on a small screen below its name, not beside it.
pub(crate) const fn long(head: &'static str) -> Column {
    Column { head, class: Some("long") }
}

/// A table. The first cell of each row names the row. Each cell repeats its
/// column's name for small screens, where a row is a card.
pub(crate) fn table(
    caption: &str,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<Markup>>,
) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { @for column in columns { th scope="col" class=[column.class] { (column.head) } } } }
            tbody { @for row in rows { tr { @for (at, (cell, column)) in row.into_iter().zip(columns).enumerate() {
                @if at == 0 {
                    th scope="row" { (cell) }
                } @else {
                    td class=[class(*column, &cell)] data-l=(column.head) { (cell) }
                }
            } } } }
        }
    }
}

/// What is empty is left off a card.
fn class(column: Column, cell: &Markup) -> Option<Cow<'static, str>> {
    match (column.class, cell.0.is_empty()) {
        (class, false) => class.map(Cow::Borrowed),
        (None, true) => Some(Cow::Borrowed("none")),
        (Some(class), true) => Some(Cow::Owned(format!("{class} none"))),
    }
}

/// How a word is meant; its colour never says it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// It goes on by itself.
    Going,
    /// It waits.
    Slow,
    /// People are needed.
    Bad,
    /// None of these.
    Plain,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Going => "on",
            Self::Slow => "warn",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }
}

/// A word with a colour.
pub(crate) fn tag(tone: Tone, word: &str) -> Markup {
    html! { span class={ "tag " (tone.class()) } { (word) } }
}

/// That there is nothing, which is good news.
pub(crate) fn calm(sentence: &str) -> Markup {
    html! { p.calm-note { (sentence) } }
}

/// A sentence in which `` `…` `` is code.
pub(crate) fn sentence(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Name and value, in a grid.
pub(crate) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

/// `1 order`, `2 orders`, `1,234 orders`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", thousands(number))
}

/// `1,234`, or `1,000+` where counting stopped.
pub(crate) fn counted(count: Count) -> String {
    format!("{}{}", thousands(count.number as u64), if count.or_more { "+" } else { "" })
}

/// Of several counts.
pub(crate) fn sum(counts: impl IntoIterator<Item = Count>) -> Count {
    counts.into_iter().fold(Count::default(), |sum, count| Count {
        number: sum.number + count.number,
        or_more: sum.or_more || count.or_more,
    })
}

/// `1,234`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Units, without the zeros that only the store of the ledger needs; a minus
/// that is one.
pub(crate) fn units(number: Decimal) -> String {
    number.normalize().to_string().replace('-', "−")
}

/// A path segment or a query value.
pub(crate) fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// The way to an order's page.
pub(crate) fn order_link(store: &str, id: impl std::fmt::Display) -> Markup {
    html! { a href={ "/console/orders/" (store) "/" (id) } { (store) "/" (id) } }
}

/// The way to an item's page.
pub(crate) fn item_link(entity: &str, sku: &str) -> Markup {
    html! { a href=(item_address(entity, sku)) { (sku) } }
}

/// An item's page.
pub(crate) fn item_address(entity: &str, sku: &str) -> String {
    format!("/console/items?entity={}&sku={}", escape(entity), escape(sku))
}
