//! One batch of quantities: what is sent, and what its answer says.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjusted, Adjustment, Change};

use super::product::read;
use crate::wire::{self, Object, Scalar, WireAdjusted, WireProduct, WireRefusal};

/// Items of one batch: the shop refuses more.
pub const MOST: usize = 100;

/// A batch that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The parent of its variations; `None`: simple products.
    pub parent: Option<u64>,
    /// The request's body, JSON.
    pub body: String,
}

#[derive(Serialize)]
struct Body {
    update: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory_delta: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_quantity: Option<Box<RawValue>>,
}

/// Which of these the shop can be asked for; the others would be coerced. A
/// number that PHP cannot hold, the id 0, an id twice (the shop would write
/// both, so that neither is sent). What concerns all of them is refused
/// ([`CallError::Rejected`], `impossible_adjustment`): more than [`MOST`],
/// several parents.
pub fn fits(adjustments: &[Adjustment]) -> Result<Vec<bool>, CallError> {
    whole(adjustments)?;
    let mut times: BTreeMap<u64, usize> = BTreeMap::new();
    for adjustment in adjustments {
        *times.entry(adjustment.id).or_default() += 1;
    }
    let once = |adjustment: &Adjustment| times.get(&adjustment.id) == Some(&1);
    Ok(adjustments.iter().map(|adjustment| once(adjustment) && item(adjustment).is_ok()).collect())
}

/// The batch of some adjustments, at least one, all of which
/// [fit](fits); anything else is [`CallError::Rejected`],
/// `impossible_adjustment`.
pub fn batch(adjustments: &[Adjustment]) -> Result<Batch, CallError> {
    let parent = adjustments.first().ok_or_else(|| refused("nothing to adjust"))?.parent;
    whole(adjustments)?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = adjustments.iter().find(|adjustment| !ids.insert(adjustment.id)) {
        return Err(refused(format!("product {} twice in one request", twice.id)));
    }
    let update = adjustments.iter().map(item).collect::<Result<_, _>>()?;
    let body = serde_json::to_string(&Body { update }).map_err(|_| refused("no JSON"))?;
    Ok(Batch { parent, body })
}

/// What concerns all adjustments of a request.
fn whole(adjustments: &[Adjustment]) -> Result<(), CallError> {
    if adjustments.len() > MOST {
        return Err(refused(format!("{} quantities in one request, more than {MOST}", adjustments.len())));
    }
    let mut parents = adjustments.iter().map(|adjustment| adjustment.parent);
    let parent = parents.next().flatten();
    if parent == Some(0) {
        return Err(refused("no product has the id 0"));
    }
    if parents.any(|other| other != parent) {
        return Err(refused("variations of several products in one request"));
    }
    Ok(())
}

fn refused(detail: impl Into<String>) -> CallError {
    CallError::rejected("impossible_adjustment", detail)
}

fn item(adjustment: &Adjustment) -> Result<Item, CallError> {
    if adjustment.id == 0 {
        return Err(refused("no product has the id 0"));
    }
    let (inventory_delta, stock_quantity) = match adjustment.change {
        Change::By(delta) => (Some(delta), None),
        Change::To(quantity) => (None, Some(quantity)),
    };
    let number =
        |quantity: Option<Decimal>| quantity.map(|quantity| number(adjustment.id, quantity)).transpose();
    Ok(Item {
        id: adjustment.id,
        inventory_delta: number(inventory_delta)?,
        stock_quantity: number(stock_quantity)?,
    })
}

fn number(id: u64, quantity: Decimal) -> Result<Box<RawValue>, CallError> {
    wire::number(quantity)
        .ok_or_else(|| refused(format!("product {id}: {quantity} has more digits than the shop can hold")))
}

/// Reads the answer to a batch. It has to have one element for each item, in
/// order and with its id; anything else is [`CallError::Unknown`], since all
/// of it may have been done.
pub fn adjusted(adjustments: &[Adjustment], body: &[u8]) -> Result<Vec<Adjusted>, CallError> {
    let Object(answer): Object<WireAdjusted> =
        serde_json::from_slice(body).map_err(|_| CallError::unknown("the answer to a batch is not JSON"))?;
    let update = answer.update.ok_or_else(|| CallError::unknown("the answer to a batch lists no updates"))?;
    if update.len() != adjustments.len() {
        let (answered, asked) = (update.len(), adjustments.len());
        return Err(CallError::unknown(format!("the shop answered for {answered} items, asked for {asked}")));
    }
    adjustments.iter().zip(update.iter()).map(|(adjustment, wire)| echo(adjustment, wire)).collect()
}

fn echo(adjustment: &Adjustment, wire: &WireProduct) -> Result<Adjusted, CallError> {
    let Adjustment { id, parent, .. } = *adjustment;
    if wire.id.id() != Ok(id) {
        return Err(CallError::unknown(format!("the shop answered for another product than {id}")));
    }
    let answered = match &wire.error {
        Some(refusal) => refusal_of(refusal),
        None => read(wire, parent).ok().map(Adjusted::Now),
    };
    answered.ok_or_else(|| CallError::unknown(format!("the shop's answer for product {id} makes no sense")))
}

/// `None` for an error that does not say which.
fn refusal_of(wire: &WireRefusal) -> Option<Adjusted> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Data {
        status: Scalar,
    }
    let code = wire.code.text();
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    // It is shown to people and must not carry more than a code.
    if !(1..=100).contains(&code.len()) || !code.bytes().all(is_code) {
        return None;
    }
    let data: Object<Data> =
        wire.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
    let status = data.status.text().parse().ok().filter(|status| (100..600).contains(status));
    // WordPress's own where an error does not say.
    Some(Adjusted::Refused { code, status: status.unwrap_or(500) })
}
