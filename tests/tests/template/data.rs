//! The tables: their keys are those of the code, and they are not lost.

use std::collections::BTreeSet;

use crate::cloudformation::{Resource, Template, text};
use crate::source;

/// The tables with their indexes, and where the code of each index is.
const TABLES: [(&str, &str); 2] =
    [("LedgerTable", "shared/ledger/src/open.rs"), ("StockTable", "shared/ledger/src/stock/stale.rs")];

fn tables(template: &Template) -> Vec<(Resource<'_>, &'static str)> {
    assert_eq!(template.of_type("AWS::DynamoDB::Table").len(), TABLES.len());
    TABLES.into_iter().map(|(id, index)| (template.resource(id), index)).collect()
}

#[test]
fn tables_are_on_demand_recoverable_encrypted_and_retained() {
    let template = Template::main();
    assert_eq!(template.at("/Parameters/DeletionProtection/Default"), "true");
    for (table, _) in tables(&template) {
        assert_eq!(table.property("/BillingMode"), "PAY_PER_REQUEST");
        assert_eq!(table.property("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled"), true);
        assert_eq!(table.property("/SSESpecification/SSEEnabled"), true);
        let policies = (table.attribute("/DeletionPolicy"), table.attribute("/UpdateReplacePolicy"));
        assert_eq!(policies, (&"Retain".into(), &"Retain".into()), "{}", table.id);
        assert_eq!(text(table.property("/DeletionProtectionEnabled")), "DeletionProtection");
        assert!(
            table.property("/TimeToLiveSpecification").is_null(),
            "a record is never deleted while its order or its item lives"
        );
        assert!(
            table.property("/TableName").is_null(),
            "a retained table with a fixed name blocks the next stack"
        );
    }
}

#[test]
fn keys_and_indexes_are_those_of_the_code() {
    let template = Template::main();
    let code = source::code_of("shared/ledger/src");
    for (table, index_code) in tables(&template) {
        let index = table.property("/GlobalSecondaryIndexes/0");
        assert_eq!(table.property("/GlobalSecondaryIndexes").as_array().unwrap().len(), 1);
        let keys: BTreeSet<&str> = [table.property("/KeySchema"), &index["KeySchema"]]
            .into_iter()
            .flat_map(|schema| schema.as_array().unwrap())
            .map(|key| text(&key["AttributeName"]))
            .collect();
        let defined = table.property("/AttributeDefinitions").as_array().unwrap();
        assert_eq!(
            defined.iter().map(|attribute| text(&attribute["AttributeName"])).collect::<BTreeSet<_>>(),
            keys
        );
        let projected = index["Projection"]["NonKeyAttributes"].as_array().into_iter().flatten().map(text);
        for name in keys.into_iter().chain(projected) {
            assert!(mentions(&code, name), "shared/ledger never mentions {name:?}");
        }
        let name = format!("const INDEX: &str = {:?};", text(&index["IndexName"]));
        assert!(source::code_of(index_code).contains(&name), "{index_code} has no {name}");
    }
}

/// As a whole literal, or as a word of an expression or a format.
fn mentions(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + name.len()..].chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
