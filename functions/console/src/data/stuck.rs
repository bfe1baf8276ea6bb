//! Which orders are stuck before the ERP: open work without a sales order, or
//! with one that may or may not exist.

use serde::Serialize;
use weir_domain::id::{OrderId, OrderKey, StoreId};
use weir_domain::ports::{OpenOrder, OpenState};
use weir_domain::record::{DocumentAxis, OrderRecord};

use super::row::{OrderRow, joined};
use super::{cursor, limits, parse_cursor};
use crate::Problem;
use crate::state::App;

/// Open orders of one store, state by state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenWork {
    /// Whose.
    pub store: StoreId,
    /// `waiting`, `exception`, `held`, in this order; one of them where one
    /// was asked for.
    pub sections: Vec<Section>,
}

/// One page of the open orders of one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// `waiting`, `exception` or `held`.
    pub state: &'static str,
    /// Those that the question is about, earliest first.
    pub orders: Vec<OrderRow>,
    /// Open orders that were looked at for this page: the others of them are
    /// beyond the question.
    pub looked_at: usize,
    /// `after` of the next page, if there may be one.
    pub next: Option<String>,
}

/// The word for a state in addresses and on pages.
pub fn word(state: OpenState) -> &'static str {
    match state {
        OpenState::Due => "waiting",
        OpenState::Exception => "exception",
        OpenState::Held => "held",
    }
}

/// The state of a word.
pub fn state(word_: &str) -> Result<OpenState, Problem> {
    let found = OpenState::ALL.into_iter().find(|state| word(*state) == word_);
    found.ok_or_else(|| Problem::bad_request("The state is waiting, exception or held."))
}

/// The orders that have not reached the ERP. With a state: only these, and
/// only what comes `after` an earlier page's [`Section::next`].
pub async fn stuck(
    app: &App,
    store: &StoreId,
    of: Option<OpenState>,
    after: Option<&str>,
) -> Result<OpenWork, Problem> {
    let before = |record: Option<&OrderRecord>| {
        record.is_none_or(|record| matches!(record.document, DocumentAxis::None | DocumentAxis::Pushing))
    };
    open_work(app, store, of, after, before).await
}

/// Open orders that a question is about, state by state.
pub(super) async fn open_work(
    app: &App,
    store: &StoreId,
    of: Option<OpenState>,
    after: Option<&str>,
    asked: impl Fn(Option<&OrderRecord>) -> bool,
) -> Result<OpenWork, Problem> {
    let mut sections = Vec::new();
    for state in OpenState::ALL.into_iter().filter(|state| of.is_none_or(|of| of == *state)) {
        let after = of.and(after).map(|text| position(store, text)).transpose()?;
        let open = app.open.open(store, state, after.as_ref(), limits::ORDERS).await?;
        let next = (open.len() >= limits::ORDERS).then(|| open.last()).flatten();
        let next = next.map(|last| cursor(last.at, last.key.order));
        let looked_at = open.len();
        let joined = joined(app.open.as_ref(), &open).await?;
        let orders = joined.iter().filter(|(_, record)| asked(record.as_ref()));
        let orders = orders
            .map(|(open, record)| record.as_ref().map_or_else(|| OrderRow::of_unread(open), OrderRow::of));
        sections.push(Section { state: word(state), orders: orders.collect(), looked_at, next });
    }
    Ok(OpenWork { store: store.clone(), sections })
}

/// The inverse of a [`Section::next`].
fn position(store: &StoreId, after: &str) -> Result<OpenOrder, Problem> {
    let bad = || Problem::bad_request("This page does not exist: begin with the first one.");
    let (at, order) = parse_cursor(after).ok_or_else(bad)?;
    let key = OrderKey { store: store.clone(), order: OrderId(order.parse().map_err(|_| bad())?) };
    Ok(OpenOrder { key, at, peer: None, code: None, subject: None })
}
