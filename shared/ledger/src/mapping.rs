//! Mappings that people made, and their audit.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::Serialize;
use weir_domain::id::StoreId;
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::ports::{LedgerError, MappingStore, Note};

use crate::DynamoLedger;
use crate::error::{ROUNDS, contended, incomplete};
use crate::expression::names;
use crate::item::{Item, json, n, required, s, text};
use crate::key::{TARGET, audit, mapping, primary};
use crate::transact::Refusal;

/// Who mapped what, when and why.
#[derive(Serialize)]
struct Entry<'a> {
    at: Timestamp,
    who: &'a str,
    what: &'a str,
    why: &'a str,
    target: &'a [String],
}

#[async_trait]
impl MappingStore for DynamoLedger {
    /// Strongly consistent: a person who has just mapped an item releases
    /// its orders next.
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        let by_partition: BTreeMap<String, &MappingKey> =
            keys.iter().filter_map(|key| Some((mapping(store, key)?, key))).collect();
        let wanted = by_partition.keys().map(|pk| primary(pk.clone(), TARGET)).collect();
        let items = self.rows.get_many(wanted, Some("#pk, #target"), true).await?;
        let mut found = Mappings::new();
        for item in &items {
            if let Some(key) = text(item, "pk").and_then(|pk| by_partition.get(pk)) {
                let target =
                    target(item).ok_or_else(|| LedgerError::Corrupt(format!("the mapping of {key}")))?;
                found.insert((*key).clone(), target);
            }
        }
        Ok(found)
    }

    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError> {
        let partition = mapping(store, key)
            .ok_or_else(|| LedgerError::Unavailable("the name is too long to be mapped".to_owned()))?;
        for _ in 0..ROUNDS {
            let stored = self.rows.get(primary(partition.clone(), TARGET)).await?;
            let version: u64 = stored.as_ref().map_or(Ok(0), |item| required(item, "version"))?;
            let before = stored.as_ref().and_then(self::target).unwrap_or_default();
            let mut writes = vec![
                self.put_target(&partition, target, version, note)?,
                self.put_new(entry(&partition, target, version + 1, note)?)?,
            ];
            writes.extend(self.rename(store, key, &before, target).await?);
            match self.transact(writes).await {
                Ok(()) => return Ok(()),
                // Somebody else set it meanwhile: go after them.
                Err(Refusal::Condition(..) | Refusal::Conflict) => {}
                Err(Refusal::Failed(error)) => return Err(error),
            }
        }
        Err(contended())
    }
}

impl DynamoLedger {
    fn put_target(
        &self,
        partition: &str,
        target: &[String],
        version: u64,
        note: &Note,
    ) -> Result<TransactWriteItem, LedgerError> {
        let mut item = primary(partition.to_owned(), TARGET);
        item.insert("target".to_owned(), AttributeValue::L(target.iter().map(s).collect()));
        item.insert("set_at".to_owned(), s(note.at.to_string()));
        item.insert("set_by".to_owned(), s(&note.who));
        self.put_version(item, version)
    }

    /// Puts an item as the version after the one that was read, 0 if there
    /// was none.
    pub(crate) fn put_version(&self, mut item: Item, read: u64) -> Result<TransactWriteItem, LedgerError> {
        // never written: 0 │ read as 3 ──┤ still 3: replace it by 4
        //                                └ 4: somebody was faster
        let unchanged = if read == 0 { "attribute_not_exists(#pk)" } else { "#version = :read" };
        item.insert("version".to_owned(), n(read + 1));
        let put = Put::builder()
            .table_name(&self.rows.name)
            .set_item(Some(item))
            .condition_expression(unchanged)
            .set_expression_attribute_names(Some(names(unchanged)));
        let put = if read == 0 { put } else { put.expression_attribute_values(":read", n(read)) };
        Ok(TransactWriteItem::builder().put(put.build().map_err(incomplete)?).build())
    }
}

fn entry(partition: &str, target: &[String], version: u64, note: &Note) -> Result<Item, LedgerError> {
    let entry = Entry { at: note.at, who: &note.who, what: &note.what, why: &note.why, target };
    let mut item = primary(partition.to_owned(), audit(version));
    item.insert("entry".to_owned(), json(&entry)?);
    Ok(item)
}

fn target(item: &Item) -> Option<Vec<String>> {
    item.get("target")?.as_l().ok()?.iter().map(|code| code.as_s().ok().cloned()).collect()
}
