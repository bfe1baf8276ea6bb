//! Documents that are replaced by version: positions, publications and
//! watermarks.

use weir_domain::id::{ItemKey, StoreId};
use weir_domain::ports::LedgerError;
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{Position, Publication};

use super::stale::Stale;
use super::{DynamoStock, partition};
use crate::error::contended;
use crate::item::{Item, fitting, n, s, stored};
use crate::key::{POSITION, STATE, primary, shop, watermark};
use crate::rows::Attempt;

/// Of two equal documents that are put, the second is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// As good as the first: it says nothing else. So is one whose answer was
    /// lost and that is sent again.
    Done,
    /// Too late: it begins something that must be begun once.
    Refused,
}

impl DynamoStock {
    pub(super) async fn write_position(&self, position: &Position) -> Result<bool, LedgerError> {
        let mut item = primary(partition(&position.item)?, POSITION);
        item.insert("position".to_owned(), fitting("a position", position)?);
        self.replace(item, position.version, Again::Done).await
    }

    pub(super) async fn write_publication(
        &self,
        key: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError> {
        // Of an item that fits into no key nothing is ever to be published:
        // the others of its message are.
        let Ok(pk) = partition(key) else { return Ok(false) };
        let mut item = primary(pk, shop(store));
        item.insert("publication".to_owned(), fitting("a publication", publication)?);
        if let Some(since) = publication.stale_since {
            let stale = Stale::new(store, key, since);
            item.insert("stale_pk".to_owned(), s(stale.pk));
            item.insert("stale_sk".to_owned(), s(stale.sk));
        }
        let again = if publication.intent.is_some() { Again::Refused } else { Again::Done };
        self.replace(item, publication.version, again).await
    }

    pub(super) async fn get_watermark(&self, store: &StoreId) -> Result<Option<Watermark>, LedgerError> {
        let item = self.rows.get(primary(watermark(store), STATE)).await?;
        item.map(|item| stored(&item, "watermark")).transpose()
    }

    pub(super) async fn write_watermark(
        &self,
        store: &StoreId,
        document: &Watermark,
    ) -> Result<bool, LedgerError> {
        let mut item = primary(watermark(store), STATE);
        item.insert("watermark".to_owned(), fitting("a watermark", document)?);
        self.replace(item, document.version, Again::Done).await
    }

    /// Puts an item whose `version` is one more than what is stored. Versions
    /// count from 1: 0 follows nothing.
    async fn replace(&self, mut item: Item, version: u64, again: Again) -> Result<bool, LedgerError> {
        let Some(before) = version.checked_sub(1) else { return Ok(false) };
        item.insert("version".to_owned(), n(version));
        match self.rows.put_after(before, item.clone()).await? {
            Attempt::Done(_) => Ok(true),
            Attempt::Refused(stored) => Ok(again == Again::Done && stored == item),
            Attempt::Conflict => Err(contended()),
        }
    }
}
