//! The nightly match of shop, ledger and ERP, in what time the minute has left.

use std::sync::Arc;

use weir_domain::circuit::Peer;
use weir_domain::config::StoreConfig;
use weir_domain::ports::{LedgerError, Reports};
use weir_domain::reconcile::{MatchError, MatchOrders, MatchRun, MatchStock, Matched, Report, StockRun};
use weir_runtime::telemetry::Metric;

use crate::connections::Sides;
use crate::minute::{Invocation, Minute, POLL_LEASE};

impl Minute {
    pub(crate) async fn night(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> bool {
        // Where it cannot be had the poll says so, every minute.
        let Ok(shop) = self.peers.shops.get(&config.store).await else { return true };
        let orders = self.match_orders(config, &shop, invocation).await;
        let stock = self.match_stock(config, &shop, invocation).await;
        let parts = [said(config, "orders", orders), said(config, "stock", stock)];
        let worked = parts.iter().any(|part| part.worked);
        let told = if worked { self.tell(config).await } else { Ok(()) };
        if let Err(error) = &told {
            tracing::error!(store = %config.store, %error, "the night's report cannot be read");
        }
        parts.iter().all(|part| part.is_well) && told.is_ok()
    }

    async fn match_orders(
        &self,
        config: &StoreConfig,
        shop: &Sides,
        invocation: &Invocation<'_>,
    ) -> Result<Matched, MatchError> {
        let matching = MatchOrders {
            ledger: self.ledger.clone(),
            open: self.ledger.clone(),
            mappings: self.mappings.clone(),
            queue: Arc::clone(&self.queue),
            schedules: self.ledger.clone(),
            reports: self.ledger.clone(),
            clock: Arc::clone(&self.clock),
        };
        let run = MatchRun {
            config,
            shop: &*shop.history,
            one: &*shop.orders,
            erps: &*self.peers,
            owner: invocation.id,
            until: invocation.until,
            lease: POLL_LEASE,
            hour: self.hour,
        };
        matching.run(&run).await
    }

    async fn match_stock(
        &self,
        config: &StoreConfig,
        shop: &Sides,
        invocation: &Invocation<'_>,
    ) -> Result<Matched, MatchError> {
        let Some(name) = config.stock_erp() else {
            return Ok(Matched { skipped: true, ..Matched::default() });
        };
        let erp = self.peers.stocks.get(name).await;
        let erp = erp.map_err(|error| MatchError::Peer(Peer::Erp(name.clone()), error))?;
        let matching = MatchStock {
            stock: self.stock.clone(),
            ledger: self.ledger.clone(),
            mappings: self.mappings.clone(),
            names: self.mappings.clone(),
            queue: Arc::clone(&self.stock_queue),
            schedules: self.ledger.clone(),
            reports: self.ledger.clone(),
            clock: Arc::clone(&self.clock),
        };
        let run = StockRun {
            config,
            erp: &*erp,
            shop: &*shop.stock,
            owner: invocation.id,
            until: invocation.until,
            lease: POLL_LEASE,
            hour: self.hour,
        };
        matching.run(&run).await
    }

    /// What the night came to, once it has ended.
    async fn tell(&self, config: &StoreConfig) -> Result<(), LedgerError> {
        let store = &config.store;
        let reports: &dyn Reports = &*self.ledger;
        let Some(report) = reports.reports(store, 1).await?.into_iter().next() else { return Ok(()) };
        if report.ended_at.is_some() {
            ended(config, &report);
        } else {
            Metric::NightUnfinished { store }.record();
        }
        Ok(())
    }
}

struct Part {
    worked: bool,
    is_well: bool,
}

fn said(config: &StoreConfig, part: &str, matched: Result<Matched, MatchError>) -> Part {
    let store = &config.store;
    match matched {
        Ok(Matched { skipped: true, .. }) => Part { worked: false, is_well: true },
        Ok(matched) => {
            let waits_for = matched.waits_for.as_ref().map(tracing::field::display);
            let Matched { compared, found, unfinished, .. } = matched;
            tracing::info!(%store, part, compared, found, unfinished, waits_for, "matched");
            Part { worked: true, is_well: true }
        }
        Err(error) => {
            Metric::NightFailed { store }.record();
            tracing::error!(%store, part, %error, "the night's match failed; the next minute goes on from its checkpoint");
            // A peer's trouble is not ours.
            Part { worked: true, is_well: matches!(error, MatchError::Peer(..)) }
        }
    }
}

fn ended(config: &StoreConfig, report: &Report) {
    let (store, total) = (&config.store, report.total());
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Metric::Differences {
        store,
        detected: count(total.detected),
        repaired: count(total.repaired),
        parked: count(total.parked),
    }
    .record();
    tracing::info!(
        %store,
        night = report.night,
        orders = report.orders,
        documents = report.documents,
        items = report.items,
        detected = total.detected,
        repaired = total.repaired,
        parked = total.parked,
        known = total.known,
        accepted = total.accepted,
        "the night's match ended"
    );
}
