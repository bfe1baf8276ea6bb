//! The stock side of the ERP's API: nothing here changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_domain::id::{LineKey, LocationId, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedLine, ErpStock, ItemPage, StockBasis};
use weir_domain::stock::LocationStock;

use super::ground::Ground;
use super::witness::Witness;
use crate::erp::SimErp;
use crate::faults::FaultClass as F;
use crate::invocation;
use crate::stage::{Port, Stage};

/// Items of one page: small, so that walks have several.
const PAGE: usize = 2;

/// The stock side of one ERP.
pub struct StockErp {
    /// Its books, and its bad hours.
    pub erp: Arc<SimErp>,
    /// Its warehouse.
    pub ground: Arc<Ground>,
    /// Who looks on.
    pub witness: Arc<Witness>,
}

impl StockErp {
    fn stage(&self) -> &Stage {
        &self.ground.stage
    }

    async fn read<T>(&self, name: &str, read: impl FnOnce() -> T) -> Result<T, CallError> {
        let fail = |class| match class {
            F::E1 => CallError::unknown("timed out"),
            F::E4 => CallError::RetrySoon {
                why: "http 429".to_owned(),
                after: self.stage().draw(|dice| {
                    let wishes = [None, Some(7), Some(90), Some(9_000 * 3_600)];
                    wishes[dice.usize(0..wishes.len())].map(SignedDuration::from_secs)
                }),
            },
            F::E6 => CallError::blocked("html instead of json"),
            F::E10 => CallError::blocked("http 401"),
            _ => CallError::unknown("http 500"),
        };
        let answer = || match self.erp.closed() {
            Some(error) => Err(error),
            None => Ok(read()),
        };
        self.ground.stage.call(Port::ErpStock, name, fail, answer).await
    }

    /// What moved since `from`, now and then with something from before.
    fn feed(&self, from: Option<usize>) -> ItemPage {
        let again = self.stage().strikes(F::K10);
        let back = if again { self.stage().draw(|dice| dice.usize(1..4)) } else { 0 };
        let (moved, _) = self.ground.feed(from.map(|from| from.saturating_sub(back)));
        let (_, length) = self.ground.feed(None);
        let mut skus: Vec<Sku> = Vec::new();
        let mut next = length - moved.len();
        for sku in &moved {
            if !skus.contains(sku) {
                if skus.len() == PAGE {
                    break;
                }
                skus.push(sku.clone());
            }
            next += 1;
        }
        ItemPage { skus, next: next.to_string(), more: next < length }
    }
}

#[async_trait]
impl ErpStock for StockErp {
    fn basis(&self) -> StockBasis {
        StockBasis::Computed
    }

    async fn included(
        &self,
        lines: &[BookedLine],
    ) -> Result<BTreeMap<LineKey, rust_decimal::Decimal>, CallError> {
        let read = || {
            self.witness.read_included();
            let included = self.ground.included(lines);
            self.ground.stage.log(|| {
                let shown: Vec<String> =
                    included.iter().map(|(line, units)| format!("{line} {units}")).collect();
                format!("{} reads what the ERP contains: {}", invocation::name(), shown.join(", "))
            });
            included
        };
        self.read("erp.included", read).await
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        let read = || {
            self.witness.read_figures();
            let figures = self.ground.figures(skus);
            self.ground.stage.log(|| {
                let available = |locations: &BTreeMap<LocationId, LocationStock>| {
                    locations.values().map(|stock| stock.available.to_string()).collect::<Vec<_>>().join("+")
                };
                let shown: Vec<String> = figures
                    .iter()
                    .map(|(sku, locations)| format!("{sku} {}", available(locations)))
                    .collect();
                format!("{} reads the ERP: {}", invocation::name(), shown.join(", "))
            });
            figures
        };
        self.read("erp.stock", read).await
    }

    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        let from = cursor.and_then(|cursor| cursor.parse().ok());
        self.read("erp.moved", || self.feed(from)).await
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
        let page = || {
            let all = self.ground.items();
            let skus: Vec<Sku> = all.iter().skip(from).take(PAGE).cloned().collect();
            let next = from + skus.len();
            ItemPage { more: next < all.len(), next: next.to_string(), skus }
        };
        self.read("erp.items", page).await
    }
}
