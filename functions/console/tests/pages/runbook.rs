//! Page and runbook explain the same codes.

use std::collections::BTreeSet;

use console::pages::codes::{Consequence, EVENTS, ORDERS, STOCK};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// The codes of each table that begins with `| code |`, with the words of its
/// heading's second column.
fn tables() -> Vec<(String, BTreeSet<String>)> {
    let mut tables: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut inside = false;
    for line in RUNBOOK.lines() {
        if let Some(heading) = line.strip_prefix("| code |") {
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
    let tables = tables();
    let of = |is: fn(&(String, BTreeSet<String>)) -> bool| {
        tables.iter().filter(|table| is(table)).map(|(_, codes)| codes.clone()).collect::<Vec<_>>()
    };
    let events = of(|(heading, _)| heading.contains("status"));
    let exceptions = of(|(heading, _)| !heading.contains("status"));
    let [events] = &events[..] else { panic!("one table of events") };
    let [orders, stock] = &exceptions[..] else { panic!("a table of orders and one of items") };
    for (said, written, place) in [
        (explained(ORDERS), orders, "ORDERS"),
        (explained(STOCK), stock, "STOCK"),
        (explained(EVENTS), events, "EVENTS"),
    ] {
        let missing: Vec<_> = written.difference(&said).collect();
        let too_many: Vec<_> = said.difference(written).collect();
        assert!(
            missing.is_empty() && too_many.is_empty(),
            "functions/console/src/pages/codes.rs, {place}: not explained {missing:?}, not in docs/runbook.md {too_many:?}"
        );
    }
}

#[test]
fn what_is_suggested_is_an_action() {
    for row in ORDERS.iter().chain(STOCK).chain(EVENTS) {
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
