//! What an exception means and what to do about it: the runbook's own rows, so
//! that page and runbook never say two things.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;
use weir_domain::mapping::{MappingKey, MappingKind};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// What an exception means and what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// What happened.
    pub means: String,
    /// What to do.
    pub to_do: String,
}

static MEANINGS: LazyLock<BTreeMap<&'static str, Meaning>> = LazyLock::new(|| parse(RUNBOOK));

/// Of a code. One that the runbook does not name is said to be unknown: a test
/// finds it before a person does.
pub fn of(code: &str) -> Meaning {
    MEANINGS.get(code).cloned().unwrap_or_else(|| Meaning {
        means: "the runbook does not name this code".to_owned(),
        to_do: "read the detail, and report it".to_owned(),
    })
}

/// The rows of three columns that begin with codes: code, what happened, what
/// to do.
fn parse(runbook: &'static str) -> BTreeMap<&'static str, Meaning> {
    let mut meanings = BTreeMap::new();
    for line in runbook.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [codes, means, to_do] = cells[..] else { continue };
        let meaning = Meaning { means: plain(means), to_do: plain(to_do) };
        for code in codes.split('`').skip(1).step_by(2) {
            meanings.entry(code).or_insert_with(|| meaning.clone());
        }
    }
    meanings
}

/// Without the marks of a text that is rendered; in code a star is one.
fn plain(cell: &str) -> String {
    let parts = cell.trim_end_matches('|').trim().split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.replace('*', "") } else { part.to_owned() }).collect()
}

/// The mapping that is missing, where an exception is about one: its subject
/// is the name. Of a code that the ERP does not know, `item_unknown`, it is
/// most often the shop's own code, which a mapping translates.
pub fn missing_mapping(code: &str, subject: &str) -> Option<MappingKey> {
    use MappingKind::{Fee, Item, Payment, Shipping, Tax};
    if code == "item_unknown" {
        return (!subject.is_empty()).then(|| MappingKey::new(Item, format!("sku:{subject}")));
    }
    let kinds = [Item, Tax, Payment, Shipping, Fee];
    let kind = kinds.into_iter().find(|kind| code.strip_prefix("unmapped_") == Some(kind.as_str()))?;
    Some(MappingKey::new(kind, subject))
}
