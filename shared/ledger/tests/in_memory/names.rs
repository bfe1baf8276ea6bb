//! What items are called in a shop follows their mappings.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use weir_domain::id::{Sku, StoreId};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::ports::{ItemNames, LedgerError, MappingStore, ShopItem};
use weir_ledger::DynamoLedger;
use weir_testkit::sample::{note, saturday};

use crate::table::InMemory;

fn ledger() -> DynamoLedger {
    DynamoLedger::over(Arc::new(InMemory::of_ledger()), "ledger")
}

fn main_store() -> StoreId {
    "main".parse().unwrap()
}

async fn map(ledger: &DynamoLedger, kind: MappingKind, name: &str, code: &str) -> Result<(), LedgerError> {
    let note = note("mapped", saturday());
    ledger.set_mapping(&main_store(), &MappingKey::new(kind, name), &[code.to_owned()], &note).await
}

async fn names(ledger: &DynamoLedger, store: &str, codes: &[&str]) -> BTreeMap<String, Vec<ShopItem>> {
    let items: Vec<Sku> = codes.iter().map(|code| Sku((*code).to_owned())).collect();
    let found = ledger.names(&store.parse().unwrap(), &items).await.unwrap();
    found.into_iter().map(|(sku, names)| (sku.0, names)).collect()
}

fn sku(name: &str) -> ShopItem {
    ShopItem::Sku(name.to_owned())
}

#[tokio::test]
async fn a_mapping_is_found_from_its_other_end() {
    let ledger = ledger();
    for (kind, name, code) in [
        (MappingKind::Item, "id:42", "MUG-L"),
        (MappingKind::Item, "sku:MUG:LARGE", "MUG-L"),
        (MappingKind::Item, "id:42", "MUG-L"),
        (MappingKind::Item, "odd", "TEE"),
        (MappingKind::Fee, "name:Gift wrap", "WRAP"),
    ] {
        map(&ledger, kind, name, code).await.unwrap();
    }
    let found = names(&ledger, "main", &["MUG-L", "MUG-L", "TEE", "WRAP", "CAP", &"x".repeat(5_000)]).await;
    assert_eq!(found, BTreeMap::from([("MUG-L".to_owned(), vec![ShopItem::Id(42), sku("MUG:LARGE")])]));
    assert!(names(&ledger, "other", &["MUG-L"]).await.is_empty());
}

#[tokio::test]
async fn what_is_mapped_anew_has_moved() {
    let ledger = ledger();
    map(&ledger, MappingKind::Item, "id:42", "MUG-L").await.unwrap();
    map(&ledger, MappingKind::Item, "sku:M", "MUG-L").await.unwrap();
    map(&ledger, MappingKind::Item, "id:42", "MUG-XL").await.unwrap();
    let found = names(&ledger, "main", &["MUG-L", "MUG-XL"]).await;
    let expected = [("MUG-L".to_owned(), vec![sku("M")]), ("MUG-XL".to_owned(), vec![ShopItem::Id(42)])];
    assert_eq!(found, BTreeMap::from(expected));
    let unmapped = ledger
        .set_mapping(
            &main_store(),
            &MappingKey::new(MappingKind::Item, "sku:M"),
            &[],
            &note("unmapped", saturday()),
        )
        .await;
    assert_eq!(unmapped, Ok(()));
    assert!(names(&ledger, "main", &["MUG-L"]).await.is_empty());
}

#[tokio::test]
async fn of_names_given_at_once_none_that_was_taken_is_lost() {
    let ledger = ledger();
    let all: Vec<String> = (1..=6).map(|id| format!("id:{id}")).collect();
    let given = join_all(all.iter().map(|name| map(&ledger, MappingKind::Item, name, "MUG-L"))).await;
    let taken = given.iter().filter(|given| given.is_ok()).count();
    assert!(taken > 0);
    assert_eq!(names(&ledger, "main", &["MUG-L"]).await["MUG-L"].len(), taken);
}

#[tokio::test]
async fn a_code_too_long_for_a_key_is_mapped_and_has_no_names() {
    let ledger = ledger();
    let long = "x".repeat(5_000);
    map(&ledger, MappingKind::Item, "id:42", &long).await.unwrap();
    assert!(names(&ledger, "main", &[&long]).await.is_empty());
}
