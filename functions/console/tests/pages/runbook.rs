//! Page and runbook explain the same codes.

use std::collections::BTreeSet;

use console::pages::codes::{Consequence, EVENTS, ORDERS, STOCK, WEBHOOKS};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// The codes of each table that begins with `| code |`, with the heading that
/// it stands under.
fn tables() -> Vec<(String, BTreeSet<String>)> {
    let mut tables: Vec<(String, BTreeSet<String>)> = Vec::new();
    let (mut inside, mut heading) = (false, "");
    for line in RUNBOOK.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title;
        } else if line.starts_with("| code |") {
            tables.push((heading.to_owned(), BTreeSet::new()));
            inside = true;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && line.starts_with("| `") {
            let cell = line.trim_start_matches("| ").split(" |").next().unwrap();
            let codes = cell.split('`').skip(1).step_by(2).map(str::to_owned);
            tables.last_mut().unwrap().1.extend(codes);
        }
    }
    tables
}

fn explained(rows: &[Consequence]) -> BTreeSet<String> {
    let codes: Vec<String> = rows.iter().flat_map(|row| row.codes).map(|&code| code.to_owned()).collect();
    let unique: BTreeSet<String> = codes.iter().cloned().collect();
    assert_eq!(codes.len(), unique.len(), "a code is explained twice");
    unique
}

#[test]
fn the_pages_explain_every_code_of_the_runbook_and_no_other() {
    let known = [
        ("An order is stuck: what is it waiting for?", explained(ORDERS), "ORDERS"),
        ("An item is not published: why?", explained(STOCK), "STOCK"),
        ("What the guardian says of a shop's webhooks", explained(WEBHOOKS), "WEBHOOKS"),
        ("`events-refused`", explained(EVENTS), "EVENTS"),
    ];
    let tables = tables();
    let headings = |of: &[&str]| of.iter().map(|&heading| heading.to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(
        tables.iter().map(|(heading, _)| heading.clone()).collect::<BTreeSet<_>>(),
        headings(&known.each_ref().map(|(heading, ..)| *heading)),
        "every table of codes has its list"
    );
    for (heading, said, place) in &known {
        let of_heading = tables.iter().filter(|(it, _)| it == heading).flat_map(|(_, codes)| codes.clone());
        let written: BTreeSet<String> = of_heading.collect();
        let missing: Vec<_> = written.difference(said).collect();
        let too_many: Vec<_> = said.difference(&written).collect();
        assert!(
            missing.is_empty() && too_many.is_empty(),
            "functions/console/src/pages/codes.rs, {place}: not explained {missing:?}, not in docs/runbook.md {too_many:?}"
        );
    }
}

#[test]
fn the_runbooks_words_come_without_their_marks() {
    let to_do = |code| console::data::meaning::of(code).to_do;
    assert!(to_do("document_gone").contains("should be there, book again on"), "{}", to_do("document_gone"));
    assert_eq!(to_do("tax_code_unknown"), "correct erps/*.json");
}

#[test]
fn what_is_suggested_is_an_action() {
    for row in ORDERS.iter().chain(STOCK).chain(WEBHOOKS).chain(EVENTS) {
        if let Some(word) = row.suggests {
            assert!(console::acts::ORDER_ACTIONS.contains(&word), "{word}");
            assert!(console::pages::flash::is_known(word), "{word}");
        }
        assert!(row.means.ends_with('.'), "{}", row.means);
    }
}

#[test]
fn every_action_has_its_sentence() {
    for word in console::acts::ORDER_ACTIONS {
        assert!(console::pages::flash::is_known(word), "{word}");
    }
}
