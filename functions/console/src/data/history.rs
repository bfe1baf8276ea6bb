//! What the nights found, what people began, and what they did.

use futures::future::try_join;
use serde::Serialize;
use weir_domain::id::StoreId;
use weir_domain::job::Job;
use weir_domain::ports::ActionEntry;
use weir_domain::reconcile::{Report, Tally};

use super::limits;
use crate::Problem;
use crate::state::App;

/// One night of one store, with its sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Night {
    /// Over all kinds of difference.
    pub total: Tally,
    /// The report.
    #[serde(flatten)]
    pub report: Report,
}

impl Night {
    fn of(report: Report) -> Self {
        Self { total: report.total(), report }
    }
}

/// The last nights of a store, newest first.
pub async fn reports(app: &App, store: &StoreId) -> Result<Vec<Night>, Problem> {
    let reports = app.reports.reports(store, limits::REPORTS).await?;
    Ok(reports.into_iter().map(Night::of).collect())
}

/// The last night of a store.
pub(super) async fn last_night(app: &App, store: &StoreId) -> Result<Option<Night>, Problem> {
    Ok(app.reports.reports(store, 1).await?.pop().map(Night::of))
}

/// The newest jobs of a store, and older ones that run; newest first.
pub async fn jobs(app: &App, store: &StoreId) -> Result<Vec<Job>, Problem> {
    let (mut jobs, mut running) =
        try_join(app.jobs.jobs(store, limits::JOBS), app.jobs.running(store)).await?;
    running.retain(|job| !jobs.iter().any(|newer| newer.id == job.id));
    running.reverse();
    jobs.extend(running);
    Ok(jobs)
}

/// What people did last, newest first.
pub async fn actions(app: &App) -> Result<Vec<ActionEntry>, Problem> {
    Ok(app.actions.actions(app.clock.now(), limits::ACTIONS).await?)
}
