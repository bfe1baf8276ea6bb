use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::finding::{Finding, Verdict};
use super::{
    ErpCheckup, ErpFacts, Fact, ShopCheckup, ShopFacts, Unread, between, catalogue, of_erp, shop_findings,
};
use crate::config::{ErpConfig, StoreConfig};
use crate::id::{ErpId, Sku, StoreId};
use crate::mapping::Mappings;
use crate::outcome::CallError;
use crate::ports::{LedgerError, MappingStore};

/// So many items of the shop an ERP is asked for: one request.
const ITEMS_ASKED: usize = 100;
/// So many mappings are looked up at once.
const KEYS_ASKED: usize = 100;

/// The configured shops and ERPs, as the doctor sees them.
#[async_trait]
pub trait CheckupConnections: Send + Sync {
    /// A store's shop. Fails if its secret cannot be had.
    async fn shop_checkup(&self, store: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError>;

    /// An ERP. Fails if its secret cannot be had.
    async fn erp_checkup(&self, erp: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError>;
}

/// Looks at stores and their ERPs.
pub struct Doctor {
    /// Shops and ERPs.
    pub connections: Arc<dyn CheckupConnections>,
    /// Mappings: people's, then the configuration's.
    pub mappings: Arc<dyn MappingStore>,
}

/// What is asked of the doctor: a store and the ERPs that its rules name.
#[derive(Debug, Clone)]
pub struct Examined<'a> {
    /// The store.
    pub store: &'a StoreConfig,
    /// Its ERPs, each once.
    pub erps: Vec<&'a ErpConfig>,
    /// Whether its webhook secret has at least 32 letters and digits.
    pub strong_secret: Fact<bool>,
}

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The store.
    pub store: StoreId,
    /// The shop by itself.
    pub shop: Vec<Finding>,
    /// Each of its ERPs by itself.
    pub erps: Vec<ErpReport>,
    /// What has to fit between them.
    pub between: Vec<Finding>,
}

/// What was found about one ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErpReport {
    /// The ERP.
    pub erp: ErpId,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Every finding.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let erps = self.erps.iter().flat_map(|erp| &erp.findings);
        self.shop.iter().chain(erps).chain(&self.between)
    }

    /// The worst of them.
    pub fn verdict(&self) -> Verdict {
        self.findings().map(|finding| finding.verdict).max().unwrap_or(Verdict::Warning)
    }
}

impl Doctor {
    /// Asks a shop and its ERPs, one after the other, and says what it means.
    /// An error: the mappings could not be looked up.
    pub async fn examine(&self, examined: &Examined<'_>) -> Result<Report, LedgerError> {
        let shop = self.ask_shop(&examined.store.store).await;
        let mappings = match &shop {
            Ok(facts) => self.mappings_for(examined.store, facts).await?,
            Err(_) => Mappings::new(),
        };
        let mut erps = Vec::new();
        let mut between = vec![between::webhook_secret(&examined.strong_secret)];
        if let Ok(facts) = &shop {
            between.extend(between::entities(examined.store, facts));
        }
        for config in &examined.erps {
            let (facts, fitting) = self.examine_erp(examined.store, config, &shop, &mappings).await;
            erps.push(ErpReport { erp: config.erp.clone(), findings: of_erp::erp(&facts) });
            between.extend(fitting);
        }
        let store = examined.store.store.clone();
        let shop = shop_findings::shop(examined.store, &shop, &mappings);
        Ok(Report { store, shop, erps, between })
    }

    /// An ERP by itself: where there is no store to look at it with.
    pub async fn examine_alone(&self, erp: &ErpId) -> ErpReport {
        let facts = match self.connections.erp_checkup(erp).await {
            Ok(found) => found.facts().await,
            Err(error) => Err(error),
        };
        ErpReport { erp: erp.clone(), findings: of_erp::erp(&facts) }
    }

    async fn ask_shop(&self, store: &StoreId) -> Result<ShopFacts, CallError> {
        self.connections.shop_checkup(store).await?.facts().await
    }

    async fn mappings_for(&self, config: &StoreConfig, facts: &ShopFacts) -> Result<Mappings, LedgerError> {
        let keys = shop_findings::keys(config, facts);
        let mut found = Mappings::new();
        for some in keys.chunks(KEYS_ASKED) {
            found.extend(self.mappings.mappings(&config.store, some).await?);
        }
        Ok(found)
    }

    /// An ERP's facts, and what has to fit between it and the shop.
    async fn examine_erp(
        &self,
        store: &StoreConfig,
        config: &ErpConfig,
        shop: &Result<ShopFacts, CallError>,
        mappings: &Mappings,
    ) -> (Result<ErpFacts, CallError>, Vec<Finding>) {
        let mut fitting = vec![between::times(store, config)];
        fitting.extend(between::codes(store, config, mappings));
        let erp = match self.connections.erp_checkup(&config.erp).await {
            Ok(erp) => erp,
            Err(error) => return (Err(error), fitting),
        };
        let facts = erp.facts().await;
        if let (Ok(facts), Ok(shop)) = (&facts, shop) {
            fitting.push(between::currency(config, facts, &shop.currency));
            let codes = codes(store, mappings, shop);
            let known = known(&*erp, &codes).await;
            fitting.push(between::items(config, &codes, &known));
        }
        (facts, fitting)
    }
}

/// The ERP's codes of what the shop sells, as many as are asked for.
fn codes(store: &StoreConfig, mappings: &Mappings, shop: &ShopFacts) -> BTreeSet<Sku> {
    let seen = shop.products.iter().flat_map(|sample| &sample.seen);
    seen.filter_map(|item| catalogue::code(store, mappings, item)).take(ITEMS_ASKED).collect()
}

async fn known(erp: &dyn ErpCheckup, codes: &BTreeSet<Sku>) -> Fact<BTreeSet<Sku>> {
    if codes.is_empty() {
        return Err(Unread::NotAsked);
    }
    let codes: Vec<Sku> = codes.iter().cloned().collect();
    erp.known_items(&codes).await.map_err(|error| Unread::Failed(error.to_string()))
}
