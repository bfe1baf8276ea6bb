//! The way back: parcels, notes, statuses and refunds, against a shop that
//! has none, one or all of the interfaces, against failures, and against what
//! was recorded.

mod interfaces;
mod metadata;
mod orders;
mod parcels;
mod plugins;
mod recordings;
mod samples;
mod stand_in;
mod writes;

use rust_decimal::Decimal;
use weir_domain::fulfilment::{DeliveredLine, NewRefund, NewRefundLine, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, ParcelId, ReturnId};
use weir_domain::order::TaxShare;
use weir_domain::ports::ShopError;

use crate::common::class;

const ORDER: OrderId = OrderId(4711);

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn delivered(line: Option<u64>, quantity: &str) -> DeliveredLine {
    DeliveredLine { line, item: "MUG".to_owned(), quantity: decimal(quantity) }
}

/// Two of line 11, with everything that can be said.
fn parcel(id: &str) -> Parcel {
    Parcel {
        id: ParcelId(id.to_owned()),
        shipped_at: "2026-11-28T23:30:00Z".parse().unwrap(),
        carrier: Some("UPS".to_owned()),
        tracking: Some("1Z9".to_owned()),
        link: Some("https://ups.example/1Z9".to_owned()),
        lines: vec![delivered(Some(11), "2")],
    }
}

fn numbered(id: &str, number: &str) -> Parcel {
    Parcel { tracking: Some(number.to_owned()), ..parcel(id) }
}

fn note() -> OrderNote {
    OrderNote { text: "Sent by M & S, \"1Z9\"".to_owned(), to_customer: true }
}

/// One of two of line 11, the shipping (line 12), to the cent.
fn refund() -> NewRefund {
    let line = |line, quantity, net, tax| NewRefundLine {
        line,
        quantity: decimal(quantity),
        net: decimal(net),
        taxes: vec![TaxShare { rate: 1, amount: decimal(tax) }],
    };
    NewRefund {
        of_return: ReturnId("2/7".to_owned()),
        amount: decimal("22.90"),
        reason: "Return CN-7".to_owned(),
        lines: vec![line(11, "1.0", "15.12", "2.87"), line(12, "0", "4.120", "0.79")],
        asks_gateway: false,
    }
}

/// `fulfillment:1 2/1 1Z9`: reference, our name, number; `-` for nothing.
fn shown(parcel: &ShownParcel) -> String {
    let or = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let id = or(parcel.id.as_ref().map(|id| id.0.as_str()));
    format!("{} {id} {}", parcel.reference, or(parcel.tracking.as_deref()))
}

fn all_shown(parcels: &[ShownParcel]) -> Vec<String> {
    parcels.iter().map(shown).collect()
}

/// An outcome in a word.
fn word<T>(result: &Result<T, ShopError>) -> &'static str {
    result.as_ref().map_or_else(class, |_| "done")
}
