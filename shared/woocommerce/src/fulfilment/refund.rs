//! A refund that the shop is asked to make.
//!
//! Both switches are always said: the shop's own default is to ask the payment
//! gateway and to put the goods back, and neither is ours to do unasked.
//! Amounts of lines go as JSON numbers, as they were recorded: the shop has no
//! schema for them, and PHP takes the text "0.00" for something. The amount of
//! the whole is a text, as the schema wants it.
//!
//! The shop makes the refund first, asks the gateway, and writes the metadata
//! last. A request that dies in between leaves a refund without our mark: its
//! reason is what tells it then.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use weir_domain::fulfilment::{NewRefund, NewRefundLine};
use weir_domain::order::TaxShare;
use weir_domain::outcome::CallError;

use super::NewMeta;
use crate::canonical::OF_RETURN;
use crate::wire;

#[derive(Serialize)]
struct Body<'a> {
    amount: String,
    reason: &'a str,
    api_refund: bool,
    api_restock: bool,
    line_items: Vec<Line>,
    meta_data: [NewMeta<&'a str>; 1],
}

/// Lines, shipping lines and fees alike, by their ids.
#[derive(Serialize)]
struct Line {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Box<RawValue>>,
    refund_total: Box<RawValue>,
    refund_tax: Vec<Tax>,
}

#[derive(Serialize)]
struct Tax {
    id: u64,
    refund_total: Box<RawValue>,
}

/// The body of `POST orders/{id}/refunds`. Rejected as `impossible_refund`
/// where PHP cannot hold an amount.
pub fn request(refund: &NewRefund) -> Result<String, CallError> {
    super::body(&Body {
        // Checked like the others: the shop computes with it as a float.
        amount: number(refund.amount).map(|_| refund.amount.to_string())?,
        reason: &refund.reason,
        api_refund: refund.asks_gateway,
        api_restock: false,
        line_items: refund.lines.iter().map(line).collect::<Result<_, _>>()?,
        meta_data: [NewMeta { key: OF_RETURN, value: &refund.of_return.0 }],
    })
}

fn line(line: &NewRefundLine) -> Result<Line, CallError> {
    let tax = |share: &TaxShare| Ok(Tax { id: share.rate, refund_total: number(share.amount)? });
    let quantity = Some(line.quantity).filter(|quantity| !quantity.is_zero());
    Ok(Line {
        id: line.line,
        quantity: quantity.map(number).transpose()?,
        refund_total: number(line.net)?,
        refund_tax: line.taxes.iter().map(tax).collect::<Result<_, CallError>>()?,
    })
}

fn number(amount: Decimal) -> Result<Box<RawValue>, CallError> {
    let too_long = || CallError::rejected("impossible_refund", format!("{amount} has too many digits"));
    wire::number(amount).ok_or_else(too_long)
}
