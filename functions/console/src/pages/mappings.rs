//! How a store's names become the ERP's.

use maud::{Markup, html};
use weir_domain::id::StoreId;
use weir_domain::mapping::MappingKind;

use super::forms::{codes_field, hidden, kind_name, only_look, reason};
use super::layout::{Frame, page};
use super::lists;
use super::parts::{Tone, long, table, tag, text};
use crate::data::mappings::{KINDS, MappingRow};

/// What was asked for, and what is there.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which kind.
    pub kind: MappingKind,
    /// The shop's name.
    pub name: String,
    /// What it is mapped to.
    pub found: Option<MappingRow>,
}

/// The page: the mapping that was looked up, and those of the documents.
pub fn render(
    frame: &Frame,
    stores: &[StoreId],
    store: &StoreId,
    asked: Option<&Asked>,
    rows: &[MappingRow],
) -> Markup {
    let content = html! {
        h1 { "Mappings" }
        p.lead { "What a name of the shop is called in the ERP. What is not mapped goes to people, and is never guessed." }
        (lists::stores("/mappings", stores, store))
        (look_up(store, asked))
        @if let Some(asked) = asked { (answer(frame, store, asked)) }
        h2 { "In the store's documents" }
        (seeded(store, rows))
    };
    page(frame, "/mappings", "Mappings", &content)
}

fn look_up(store: &StoreId, asked: Option<&Asked>) -> Markup {
    html! {
        form.filter action="/console/mappings" {
            (hidden("store", store.as_str()))
            div { label for="kind" { "Kind" } select #kind name="kind" { @for kind in KINDS {
                option value=(kind.as_str()) selected[asked.is_some_and(|asked| asked.kind == kind)] { (kind_name(kind)) }
            } } }
            div {
                label for="name" { "Name in the shop" }
                input #name name="name" required maxlength="200" autocomplete="off" spellcheck="false"
                    placeholder="e.g. sku:MUG-L" value=[asked.map(|asked| asked.name.as_str())];
            }
            div { button { "Look up" } }
        }
    }
}

fn answer(frame: &Frame, store: &StoreId, asked: &Asked) -> Markup {
    html! {
        section.panel aria-labelledby="asked" {
            h2.first #asked { (kind_name(asked.kind)) " " code { (asked.name) } }
            @match &asked.found {
                None => p { (tag(Tone::Bad, "not mapped")) " Orders that have it stop as " code { "unmapped_" (asked.kind.as_str()) } "." }
                Some(row) => p { (target(row)) }
            }
            @if frame.may_act {
                form method="post" action="/console/mappings" {
                    (frame.token())
                    (hidden("store", store.as_str()))
                    (hidden("kind", asked.kind.as_str()))
                    (hidden("name", &asked.name))
                    div.fields {
                        (codes_field(asked.kind))
                        (reason("map-why"))
                        div.go { button { @if asked.found.is_some() { "Replace the mapping" } @else { "Add the mapping" } } }
                    }
                }
            } @else {
                (only_look())
            }
        }
    }
}

fn target(row: &MappingRow) -> Markup {
    html! {
        (codes(&row.codes))
        @if let Some(seeded) = &row.seeded { " " (tag(Tone::Going, "set by people")) " " small { "the document says " (codes(seeded)) } }
    }
}

fn codes(codes: &[String]) -> Markup {
    html! {
        @if codes.is_empty() { "nothing" }
        @for (at, code) in codes.iter().enumerate() { @if at > 0 { " + " } code { (code) } }
    }
}

fn seeded(store: &StoreId, rows: &[MappingRow]) -> Markup {
    let cells = rows.iter().map(|row| {
        let query = [("store", store.as_str()), ("kind", row.key.kind.as_str()), ("name", &row.key.name)];
        let address = super::forms::address("/mappings", &query);
        vec![html! { a href=(address) { (row.key.name) } }, html! { (kind_name(row.key.kind)) }, target(row)]
    });
    html! {
        @if rows.is_empty() {
            p.dim { "Its documents name none." }
        } @else {
            (table("As they count now; what people added under other names is found by its name", &[text("Name in the shop"), text("Kind"), long("In the ERP")], cells))
            @if rows.len() >= 500 { p.cut { "These are the first 500." } }
        }
    }
}
