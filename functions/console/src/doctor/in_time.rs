//! Shops, ERPs and mappings that may take so long and no longer: what is
//! missing then is a finding, and the rest is told.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};
use weir_domain::doctor::{
    CheckupConnections, ErpCheckup, ErpFacts, Finding, Report, ShopCheckup, ShopFacts, Verdict,
};
use weir_domain::id::{ErpId, Sku, StoreId};
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::outcome::CallError;
use weir_domain::ports::{LedgerError, MappingStore, Note};

/// Of the time for all of it, the shop's part: a shop that hangs leaves some to
/// the ERPs.
const OF_SHOP: (u32, u32) = (3, 5);

/// An instant after which nobody waits; `None`: they always do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until(Option<Instant>);

impl Until {
    /// `None` if it did not come in time.
    pub(super) async fn wait<T>(self, work: impl Future<Output = T> + Send) -> Option<T> {
        match self.0 {
            Some(until) => timeout_at(until, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Shop,
    Erp(ErpId),
}

/// The connections, with what was not asked in time.
pub(super) struct InTime {
    connections: Arc<dyn CheckupConnections>,
    pub(super) until: Until,
    shop_until: Until,
    late: Late,
}

type Late = Arc<Mutex<BTreeSet<Side>>>;

/// One side of them.
struct Timed<T: ?Sized> {
    inner: Arc<T>,
    side: Side,
    until: Until,
    late: Late,
}

async fn asked<T>(
    side: &Side,
    until: Until,
    late: &Late,
    work: impl Future<Output = Result<T, CallError>> + Send,
) -> Result<T, CallError> {
    let answer = until.wait(work).await;
    answer.unwrap_or_else(|| {
        late.lock().unwrap_or_else(PoisonError::into_inner).insert(side.clone());
        Err(CallError::retry_soon("it was not asked in time"))
    })
}

impl InTime {
    pub(super) fn new(connections: Arc<dyn CheckupConnections>, patience: Option<Duration>) -> Self {
        let now = Instant::now();
        let after = |patience: Option<Duration>| Until(patience.map(|patience| now + patience));
        Self {
            connections,
            until: after(patience),
            shop_until: after(patience.map(|patience| patience * OF_SHOP.0 / OF_SHOP.1)),
            late: Late::default(),
        }
    }

    /// Puts, in place of what could not be found out, that it was not.
    pub(super) fn say_what_is_missing(&self, report: &mut Report) {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let finding = |who: &str| Finding {
            check: "in_time",
            verdict: Verdict::Warning,
            what: format!("{who} was not asked in time: it, or what was asked before it, takes too long."),
            todo: "Try again, or run `console doctor` on your own machine: that one waits.".to_owned(),
        };
        if late.contains(&Side::Shop) {
            report.shop = vec![finding("The shop")];
        }
        for erp in &mut report.erps {
            if late.contains(&Side::Erp(erp.erp.clone())) {
                erp.findings = vec![finding("The ERP")];
            }
        }
    }
}

#[async_trait]
impl CheckupConnections for InTime {
    async fn shop_checkup(&self, store: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError> {
        let (side, until, late) = (Side::Shop, self.shop_until, Arc::clone(&self.late));
        let inner = asked(&side, until, &late, self.connections.shop_checkup(store)).await?;
        Ok(Arc::new(Timed { inner, side, until, late }))
    }

    async fn erp_checkup(&self, erp: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError> {
        let (side, until, late) = (Side::Erp(erp.clone()), self.until, Arc::clone(&self.late));
        let inner = asked(&side, until, &late, self.connections.erp_checkup(erp)).await?;
        Ok(Arc::new(Timed { inner, side, until, late }))
    }
}

#[async_trait]
impl ShopCheckup for Timed<dyn ShopCheckup> {
    async fn facts(&self) -> Result<ShopFacts, CallError> {
        asked(&self.side, self.until, &self.late, self.inner.facts()).await
    }
}

#[async_trait]
impl ErpCheckup for Timed<dyn ErpCheckup> {
    async fn facts(&self) -> Result<ErpFacts, CallError> {
        asked(&self.side, self.until, &self.late, self.inner.facts()).await
    }

    async fn known_items(&self, codes: &[Sku]) -> Result<BTreeSet<Sku>, CallError> {
        // Only this is missing then, and says so itself.
        asked(&self.side, self.until, &Late::default(), self.inner.known_items(codes)).await
    }
}

/// Mappings of which the seeds count where people's cannot be read.
pub(super) struct Readable {
    pub(super) mappings: Arc<dyn MappingStore>,
    pub(super) seeds: Mappings,
    pub(super) until: Until,
    pub(super) trouble: Mutex<Option<String>>,
}

impl Readable {
    pub(super) fn finding(&self) -> Option<Finding> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|why| Finding {
            check: "mappings",
            verdict: Verdict::Bad,
            what: format!(
                "The mappings that people added cannot be read: {why}. Only the documents' counted here."
            ),
            todo: "Check that LEDGER_TABLE names the stack's table and that you may read it, and try again."
                .to_owned(),
        })
    }
}

#[async_trait]
impl MappingStore for Readable {
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        let why = match self.until.wait(self.mappings.mappings(store, keys)).await {
            Some(Ok(found)) => return Ok(found),
            Some(Err(error)) => error.to_string(),
            None => "they were not read in time".to_owned(),
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        let seeded = |key: &MappingKey| Some((key.clone(), self.seeds.get(key)?.clone()));
        Ok(keys.iter().filter_map(seeded).collect())
    }

    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError> {
        self.mappings.set_mapping(store, key, target, note).await
    }
}
