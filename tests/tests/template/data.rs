//! The ledger: its keys are those of the code, and it is not lost.

use std::collections::BTreeSet;

use crate::cloudformation::{Resource, Template, text};
use crate::source;

fn ledger(template: &Template) -> Resource<'_> {
    let tables = template.of_type("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 1);
    tables[0]
}

#[test]
fn the_ledger_is_on_demand_recoverable_encrypted_and_retained() {
    let template = Template::main();
    let ledger = ledger(&template);
    assert_eq!(ledger.property("/BillingMode"), "PAY_PER_REQUEST");
    assert_eq!(ledger.property("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled"), true);
    assert_eq!(ledger.property("/SSESpecification/SSEEnabled"), true);
    assert_eq!(
        (ledger.attribute("/DeletionPolicy"), ledger.attribute("/UpdateReplacePolicy")),
        (&"Retain".into(), &"Retain".into())
    );
    assert_eq!(text(ledger.property("/DeletionProtectionEnabled")), "DeletionProtection");
    assert_eq!(template.at("/Parameters/DeletionProtection/Default"), "true");
    assert!(
        ledger.property("/TimeToLiveSpecification").is_null(),
        "a record is never deleted while its order lives"
    );
    assert!(
        ledger.property("/TableName").is_null(),
        "a retained table with a fixed name blocks the next stack"
    );
}

#[test]
fn keys_and_index_are_those_of_the_code() {
    let template = Template::main();
    let ledger = ledger(&template);
    let code = source::code_of("shared/ledger/src");
    let index = ledger.property("/GlobalSecondaryIndexes/0");
    assert_eq!(ledger.property("/GlobalSecondaryIndexes").as_array().unwrap().len(), 1);
    let keys: BTreeSet<&str> = [ledger.property("/KeySchema"), &index["KeySchema"]]
        .into_iter()
        .flat_map(|schema| schema.as_array().unwrap())
        .map(|key| text(&key["AttributeName"]))
        .collect();
    let defined = ledger.property("/AttributeDefinitions").as_array().unwrap();
    assert_eq!(
        defined.iter().map(|attribute| text(&attribute["AttributeName"])).collect::<BTreeSet<_>>(),
        keys
    );
    let projected = index["Projection"]["NonKeyAttributes"].as_array().unwrap().iter().map(text);
    for name in keys.into_iter().chain(projected) {
        assert!(mentions(&code, name), "shared/ledger never mentions {name:?}");
    }
    let name = format!("const INDEX: &str = {:?};", text(&index["IndexName"]));
    assert!(code.contains(&name), "shared/ledger has no {name}");
}

/// As a whole literal, or as a word of an expression or a format.
fn mentions(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + name.len()..].chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
