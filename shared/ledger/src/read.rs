//! Reading: audits, and what was seen of many orders at once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use weir_domain::audit::AuditEntry;
use weir_domain::id::OrderKey;
use weir_domain::ports::{LedgerError, SeenState, Timelines};

use crate::DynamoLedger;
use crate::item::{document, s, stored, text};
use crate::key::{AUDIT, RECORD, order, primary};

impl DynamoLedger {
    pub(crate) async fn query_audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
        let query = self
            .rows
            .query("#pk = :pk AND begins_with(#sk, :audit)")
            .consistent_read(true)
            .expression_attribute_values(":pk", s(order(key)))
            .expression_attribute_values(":audit", s(AUDIT));
        let mut audit = Vec::new();
        for item in &self.rows.find(query, usize::MAX).await? {
            audit.extend(document(item, "entry")?);
        }
        Ok(audit)
    }

    /// A stale answer here costs a hint too many and nothing else.
    pub(crate) async fn get_seen(
        &self,
        keys: &[OrderKey],
    ) -> Result<BTreeMap<OrderKey, SeenState>, LedgerError> {
        let by_partition: BTreeMap<String, &OrderKey> = keys.iter().map(|key| (order(key), key)).collect();
        let wanted = by_partition.keys().map(|pk| primary(pk.clone(), RECORD)).collect();
        let items = self.rows.get_many(wanted, Some("#pk, #seen_modified, #seen_refunds"), false).await?;
        let mut seen = BTreeMap::new();
        for item in &items {
            let key = text(item, "pk").and_then(|pk| by_partition.get(pk));
            if let (Some(key), Some(at)) = (key, text(item, "seen_modified")) {
                let corrupt = |_| LedgerError::Corrupt(format!("seen_modified of {key}"));
                let surely_until = at.parse().map_err(corrupt)?;
                let refunds = document(item, "seen_refunds")?.unwrap_or_default();
                seen.insert((*key).clone(), SeenState { surely_until, refunds });
            }
        }
        Ok(seen)
    }
}

/// The longest answer.
const LONGEST_TIMELINE: usize = 1_000;

#[async_trait]
impl Timelines for DynamoLedger {
    async fn newest_entries(&self, key: &OrderKey, limit: usize) -> Result<Vec<AuditEntry>, LedgerError> {
        let limit = limit.min(LONGEST_TIMELINE);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let query = self
            .rows
            .query("#pk = :pk AND begins_with(#sk, :audit)")
            .consistent_read(true)
            .scan_index_forward(false)
            .expression_attribute_values(":pk", s(order(key)))
            .expression_attribute_values(":audit", s(AUDIT))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let items = self.rows.find(query, limit).await?;
        items.iter().map(|item| stored(item, "entry")).collect()
    }
}
