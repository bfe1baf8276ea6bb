//! How far a night came. Orders and stock of a store are two parts with one
//! lease, so that they write one report in turn; each goes on by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::id::{ErpId, OrderId, StoreId};
use crate::ports::{LedgerError, Reports};

/// Among so many of the newest reports the night's is looked for.
const REPORTS: usize = 7;

/// The job of a store, whose lease and checkpoint both parts share.
pub(super) fn job(store: &StoreId) -> String {
    format!("match/{store}")
}

/// The checkpoint's cursor is its JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Nights {
    #[serde(default)]
    pub(super) orders: Option<Part<OrdersAt>>,
    #[serde(default)]
    pub(super) stock: Option<Part<StockAt>>,
}

/// How far one part came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part<At> {
    /// The night it is for, as a date (UTC).
    pub(super) night: String,
    /// When it began.
    pub(super) begun_at: Timestamp,
    /// Where it is; `None` once it is done.
    pub(super) at: Option<At>,
    /// What the report had counted when it came there: a report that has
    /// counted more was written before a crash, and has the next page already.
    #[serde(default)]
    pub(super) counted: u64,
    /// Runs in a row in which an ERP had lost most of what is on record.
    #[serde(default)]
    pub(super) lacking: u32,
}

/// Where the match of orders is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrdersAt {
    /// In the shop's orders.
    Shop(ShopAt),
    /// In what the ERPs have booked.
    Erp(ErpAt),
    /// At what has been due for long.
    Stuck,
}

/// Where the walk over the shop's orders is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShopAt {
    /// The listing is asked for what was placed after this …
    pub(super) after: Timestamp,
    /// … and for this page.
    pub(super) page: u32,
    /// Orders of the second after `after` that were compared already.
    pub(super) met: Vec<OrderId>,
}

/// Where the walk over the ERPs' documents is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ErpAt {
    /// In which ERP.
    pub(super) erp: ErpId,
    /// Where the page begins.
    pub(super) cursor: Option<String>,
    /// Up to this order the page was compared.
    pub(super) upto: Option<OrderId>,
}

/// Where the match of stock is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StockAt {
    /// Where the page of items begins.
    pub(super) cursor: Option<String>,
}

impl Nights {
    /// A cursor that cannot be read begins anew: what was compared is compared
    /// again.
    pub(super) fn read(cursor: Option<&str>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default()
    }

    pub(super) fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether all that belongs to a night is done.
    pub(super) fn is_over(&self, night: &str, sells_stock: bool) -> bool {
        fn done<At>(part: Option<&Part<At>>, night: &str) -> bool {
            part.is_some_and(|part| part.night == night && part.at.is_none())
        }
        done(self.orders.as_ref(), night) && (!sells_stock || done(self.stock.as_ref(), night))
    }
}

/// The part that is due: an unfinished one, or tonight's.
pub(super) fn due<At>(
    known: Option<Part<At>>,
    hour: i8,
    now: Timestamp,
    first: impl FnOnce() -> At,
) -> Option<Part<At>> {
    let date_time = TimeZone::UTC.to_datetime(now);
    let tonight = date_time.date().to_string();
    match known {
        Some(known) if known.at.is_some() => Some(known),
        Some(known) if known.night == tonight => None,
        _ if date_time.hour() < hour => None,
        _ => {
            let at = Some(first());
            Some(Part { night: tonight, begun_at: now, at, counted: 0, lacking: 0 })
        }
    }
}

/// The night's report as far as it came, or a new one.
pub(super) async fn report(
    reports: &dyn Reports,
    store: &StoreId,
    night: &str,
    begun_at: Timestamp,
) -> Result<Report, LedgerError> {
    let known = reports.reports(store, REPORTS).await?;
    let new = || Report {
        store: store.clone(),
        night: night.to_owned(),
        begun_at,
        ended_at: None,
        orders: 0,
        documents: 0,
        items: 0,
        views: BTreeMap::new(),
        differences: BTreeMap::new(),
        examples: Vec::new(),
    };
    Ok(known.into_iter().find(|report| report.night == night).unwrap_or_else(new))
}
