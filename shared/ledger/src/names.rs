//! What items of the ERP are called in a shop: the mappings of items, the
//! other way round. Written in the transaction that maps, so that the two
//! never disagree; read by key, many at once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use weir_domain::id::{Sku, StoreId};
use weir_domain::items::shop_item;
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::ports::{ItemNames, LedgerError, ShopItem};

use crate::DynamoLedger;
use crate::item::{Item, required, s, text};
use crate::key::{NAMES, names_of, primary};

#[async_trait]
impl ItemNames for DynamoLedger {
    async fn names(
        &self,
        store: &StoreId,
        items: &[Sku],
    ) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError> {
        let by_partition: BTreeMap<String, &Sku> =
            items.iter().filter_map(|sku| Some((names_of(store, &sku.0)?, sku))).collect();
        let wanted = by_partition.keys().map(|pk| primary(pk.clone(), NAMES)).collect();
        let mut found = BTreeMap::new();
        for row in &self.rows.get_many(wanted, Some("#pk, #names"), true).await? {
            let Some(sku) = text(row, "pk").and_then(|pk| by_partition.get(pk)) else { continue };
            let names: Vec<ShopItem> = names(row, sku)?.iter().filter_map(|name| shop_item(name)).collect();
            if !names.is_empty() {
                found.insert((*sku).clone(), names);
            }
        }
        Ok(found)
    }
}

impl DynamoLedger {
    /// The writes that keep the names right when a mapping changes from
    /// `before` to `after`. Whoever changes a mapping replaces its row by
    /// version, so that a name is moved by one writer at a time.
    pub(crate) async fn rename(
        &self,
        store: &StoreId,
        key: &MappingKey,
        before: &[String],
        after: &[String],
    ) -> Result<Vec<TransactWriteItem>, LedgerError> {
        if key.kind != MappingKind::Item || before.first() == after.first() {
            return Ok(Vec::new());
        }
        let mut writes = Vec::new();
        for (code, is_there) in [(before.first(), false), (after.first(), true)] {
            if let Some(code) = code {
                writes.extend(self.rewrite(store, code, &key.name, is_there).await?);
            }
        }
        Ok(writes)
    }

    /// The write after which a name is, or is not, among those of a code;
    /// `None` if that is so already.
    async fn rewrite(
        &self,
        store: &StoreId,
        code: &str,
        name: &str,
        is_there: bool,
    ) -> Result<Option<TransactWriteItem>, LedgerError> {
        let Some(partition) = names_of(store, code) else { return Ok(None) };
        let key = || primary(partition.clone(), NAMES);
        let (mut known, version) = match self.rows.get(key()).await? {
            Some(row) => (names(&row, &Sku(code.to_owned()))?, required(&row, "version")?),
            None => (Vec::new(), 0),
        };
        if known.iter().any(|known| known == name) == is_there {
            return Ok(None);
        }
        if is_there {
            known.push(name.to_owned());
        } else {
            known.retain(|known| known != name);
        }
        let mut row = key();
        row.insert("names".to_owned(), AttributeValue::L(known.iter().map(s).collect()));
        self.put_version(row, version).map(Some)
    }
}

fn names(row: &Item, sku: &Sku) -> Result<Vec<String>, LedgerError> {
    let listed = row.get("names").and_then(|names| names.as_l().ok());
    let names = listed.and_then(|names| names.iter().map(|name| name.as_s().ok().cloned()).collect());
    names.ok_or_else(|| LedgerError::Corrupt(format!("the names of {sku}")))
}
