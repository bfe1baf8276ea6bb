//! Gift cards and store credit: they pay, they do not lower the tax base.
//! Which plugin shows them how is configuration; what no rule recognises
//! breaks the totals and parks the order.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use weir_domain::config::{StoreConfig, TenderRule};
use weir_domain::money::Currency;
use weir_domain::order::{Charge, Tender};

use super::Unreadable;
use crate::wire::{Object, Scalar, WireOrder, meta};

/// Takes the tender out of an order: returns the fees that are fees, and the
/// tender in the order of the rules.
pub(super) fn recognise(
    store: &StoreConfig,
    currency: Currency,
    mut fees: Vec<Charge>,
    wire: &WireOrder,
    body: &[u8],
) -> Result<(Vec<Charge>, Vec<Tender>), Unreadable> {
    let mut tender = Vec::new();
    for rule in &store.tender {
        let (kind, amounts) = match rule {
            TenderRule::Field { name } => {
                let kind = format!("field:{name}");
                let amounts = amounts_in(field(body, name).as_deref()).map_err(|()| bad(&kind))?;
                (kind, amounts)
            }
            TenderRule::Metadata { key } => {
                let kind = format!("metadata:{key}");
                let amounts = amounts_in(meta(&wire.meta_data, key)).map_err(|()| bad(&kind))?;
                (kind, amounts)
            }
            TenderRule::Fee { name } => (format!("fee:{name}"), from_fees(name, &mut fees)?),
        };
        for amount in amounts {
            tender.extend(one(currency, &kind, amount)?);
        }
    }
    Ok((fees, tender))
}

/// Plugins keep such amounts as floats: they are money, to the minor unit.
fn one(currency: Currency, kind: &str, amount: Decimal) -> Result<Option<Tender>, Unreadable> {
    let amount = currency.round(amount);
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(bad(kind));
    }
    Ok(Some(Tender { kind: kind.to_owned(), amount }).filter(|tender| !tender.amount.is_zero()))
}

fn bad(kind: &str) -> Unreadable {
    let detail = format!("the amount of {kind} is not a positive decimal number");
    Unreadable { code: "bad_tender", detail }
}

/// A field beside the order's own. Parsed only where a rule asks for one.
fn field(body: &[u8], name: &str) -> Option<Box<RawValue>> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    fields.remove(name)
}

/// A negative fee of this name pays. With tax on it, it has lowered the tax
/// base and is a discount, which the rule did not mean.
fn from_fees(name: &str, fees: &mut Vec<Charge>) -> Result<Vec<Decimal>, Unreadable> {
    let mut amounts = Vec::new();
    for fee in fees.extract_if(.., |fee| fee.name == name && fee.net < Decimal::ZERO) {
        if !fee.tax.is_zero() {
            let detail = format!("the fee {name:?} is configured as tender and has tax");
            return Err(Unreadable { code: "taxed_tender", detail });
        }
        amounts.push(-fee.net);
    }
    Ok(amounts)
}

/// Amounts in whatever a plugin wrote: a number or a string, an object with
/// an `amount`, an object of code → amount, or a list of any of these.
fn amounts_in(raw: Option<&RawValue>) -> Result<Vec<Decimal>, ()> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    match scalar(raw)? {
        Scalar::Bool(false) => Ok(Vec::new()),
        Scalar::Composite => parts(raw)?.iter().map(|part| amount_of(part)).collect(),
        scalar => Ok(scalar.decimal().map_err(|_| ())?.into_iter().collect()),
    }
}

/// The elements of a list, the values of an object, or the object itself
/// where it has an amount.
fn parts(raw: &RawValue) -> Result<Vec<Box<RawValue>>, ()> {
    if let Ok(list) = serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()) {
        return Ok(list);
    }
    let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw.get()).map_err(|_| ())?;
    match object.remove("amount") {
        Some(amount) => Ok(vec![amount]),
        None => Ok(object.into_values().collect()),
    }
}

fn amount_of(part: &RawValue) -> Result<Decimal, ()> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Entry {
        amount: Scalar,
    }
    let amount = match scalar(part)? {
        Scalar::Composite => {
            let Object(entry): Object<Entry> = serde_json::from_str(part.get()).map_err(|_| ())?;
            entry.amount
        }
        scalar => scalar,
    };
    amount.decimal().map_err(|_| ())?.ok_or(())
}

fn scalar(raw: &RawValue) -> Result<Scalar, ()> {
    serde_json::from_str(raw.get()).map_err(|_| ())
}
