//! Reading: records, audits, and many keys at once.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use jiff::Timestamp;
use weir_domain::audit::AuditEntry;
use weir_domain::id::OrderKey;
use weir_domain::ports::LedgerError;

use crate::DynamoLedger;
use crate::error::{ROUNDS, incomplete, unavailable};
use crate::expression::names;
use crate::item::{Item, document, s, text};
use crate::key::{AUDIT, RECORD, order, primary};

/// Keys of one `BatchGetItem`: the platform's limit.
const BATCH: usize = 100;
/// Pages of one audit, 1 MB each. An order that fills them is ill.
const AUDIT_PAGES: usize = 50;

impl DynamoLedger {
    /// One item, strongly consistent.
    pub(crate) async fn get(&self, key: Item) -> Result<Option<Item>, LedgerError> {
        let get = GetItemInput::builder().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        Ok(self.table.get(get).await.map_err(|error| unavailable(&error))?.item)
    }

    pub(crate) async fn query_audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
        let entries = "#pk = :pk AND begins_with(#sk, :audit)";
        let mut audit = Vec::new();
        let mut from = None;
        for _ in 0..AUDIT_PAGES {
            let query = QueryInput::builder()
                .table_name(&self.name)
                .consistent_read(true)
                .key_condition_expression(entries)
                .set_expression_attribute_names(Some(names(entries)))
                .expression_attribute_values(":pk", s(order(key)))
                .expression_attribute_values(":audit", s(AUDIT))
                .set_exclusive_start_key(from);
            let page = self.table.query(query).await.map_err(|error| unavailable(&error))?;
            for item in page.items() {
                audit.extend(document(item, "entry")?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(audit);
            }
        }
        Err(LedgerError::Unavailable(format!("the audit of {key} is too long to be read at once")))
    }

    /// A stale answer here costs a hint too many and nothing else.
    pub(crate) async fn get_seen(
        &self,
        keys: &[OrderKey],
    ) -> Result<BTreeMap<OrderKey, Timestamp>, LedgerError> {
        let by_partition: BTreeMap<String, &OrderKey> = keys.iter().map(|key| (order(key), key)).collect();
        let wanted = by_partition.keys().map(|pk| primary(pk.clone(), RECORD)).collect();
        let items = self.get_many(wanted, "#pk, #seen_modified", false).await?;
        let mut seen = BTreeMap::new();
        for item in &items {
            let key = text(item, "pk").and_then(|pk| by_partition.get(pk));
            if let (Some(key), Some(at)) = (key, text(item, "seen_modified")) {
                let at = at.parse().map_err(|_| LedgerError::Corrupt(format!("seen_modified of {key}")))?;
                seen.insert((*key).clone(), at);
            }
        }
        Ok(seen)
    }

    /// The items that exist among `keys`, which must differ.
    pub(crate) async fn get_many(
        &self,
        keys: Vec<Item>,
        projection: &str,
        consistent: bool,
    ) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        for batch in keys.chunks(BATCH) {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(batch.to_vec()))
                .projection_expression(projection)
                .set_expression_attribute_names(Some(names(projection)))
                .consistent_read(consistent)
                .build()
                .map_err(incomplete)?;
            self.get_batch(wanted, &mut items).await?;
        }
        Ok(items)
    }

    /// The platform may answer a part and hand the rest back.
    async fn get_batch(
        &self,
        mut wanted: KeysAndAttributes,
        items: &mut Vec<Item>,
    ) -> Result<(), LedgerError> {
        for _ in 0..ROUNDS {
            let get = BatchGetItemInput::builder().request_items(&self.name, wanted);
            let mut answer = self.table.batch_get(get).await.map_err(|error| unavailable(&error))?;
            if let Some(found) = answer.responses.as_mut().and_then(|found| found.remove(&self.name)) {
                items.extend(found);
            }
            match answer.unprocessed_keys.as_mut().and_then(|rest| rest.remove(&self.name)) {
                Some(rest) if !rest.keys().is_empty() => wanted = rest,
                _ => return Ok(()),
            }
        }
        Err(LedgerError::Unavailable("throttled: keys were left unread".to_owned()))
    }
}
