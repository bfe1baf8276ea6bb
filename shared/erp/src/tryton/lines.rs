//! The lines of a sale: what an order asks for, as Tryton writes it.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::money::Totals;
use weir_domain::outcome::CallError;
use weir_domain::sales::{SalesLine, SalesOrder};

use super::Tryton;
use super::lookups::Product;
use super::prices::parts;
use super::wire::{WireDecimal, WireQuantity, clean, create_all};

/// What a line is to us, kept in its `note`: the shop's line id, so that
/// shipments and refunds find it, or one of the two adjustments.
const LINE: &str = "weir:line:";
const ROUNDING: &str = "weir:rounding";
const TAX: &str = "weir:tax";

/// The shop's line id in a line's note, if it is one of ours.
pub(super) fn shop_line(note: &str) -> Option<u64> {
    note.trim().strip_prefix(LINE)?.parse().ok()
}

/// Whether a line's note says that it is an adjustment of ours.
pub(super) fn is_adjustment(note: &str) -> bool {
    [ROUNDING, TAX].contains(&note.trim())
}

/// One line. Two are equal if they sell the same for the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    note: String,
    product: Option<u64>,
    unit: Option<u64>,
    quantity: Decimal,
    price: Decimal,
    taxes: BTreeSet<u64>,
    description: String,
}

impl Line {
    fn record(&self, sequence: usize) -> Value {
        json!({
            "type": "line",
            "sequence": sequence,
            "note": self.note,
            "product": self.product,
            "unit": self.unit,
            "quantity": WireQuantity(self.quantity),
            "unit_price": WireDecimal(self.price),
            "taxes": [["add", self.taxes]],
            "description": self.description,
        })
    }

    fn is_adjustment(&self) -> bool {
        is_adjustment(&self.note)
    }
}

/// A line as Tryton has it.
#[derive(Deserialize)]
pub(super) struct WireLine {
    id: u64,
    #[serde(rename = "type")]
    kind: String,
    note: Option<String>,
    product: Option<u64>,
    unit: Option<u64>,
    quantity: Option<WireQuantity>,
    unit_price: Option<WireDecimal>,
    taxes: Vec<u64>,
    description: Option<String>,
}

/// What to read of a line, below `lines.`.
pub(super) const LINE_FIELDS: [&str; 8] = [
    "lines.type",
    "lines.note",
    "lines.product",
    "lines.unit",
    "lines.quantity",
    "lines.unit_price",
    "lines.taxes",
    "lines.description",
];

impl WireLine {
    /// `None` for a title, a comment or a subtotal, which sell nothing.
    fn line(&self) -> Option<Line> {
        (self.kind == "line").then(|| Line {
            note: self.note.as_deref().unwrap_or_default().trim().to_owned(),
            product: self.product,
            unit: self.unit,
            quantity: self.quantity.map_or(Decimal::ZERO, |quantity| quantity.0.normalize()),
            price: self.unit_price.map_or(Decimal::ZERO, |price| price.0.normalize()),
            taxes: self.taxes.iter().copied().collect(),
            description: clean(self.description.as_deref().unwrap_or_default()),
        })
    }
}

/// Whether a sale has these lines and, besides our adjustments, no other.
pub(super) fn has_lines(present: &[WireLine], wanted: &[Line]) -> bool {
    let mut present: Vec<Line> = sold(present).filter(|line| !line.is_adjustment()).collect();
    let mut wanted = wanted.to_vec();
    present.sort();
    wanted.sort();
    present == wanted
}

/// Whether a sale has an adjustment of ours.
pub(super) fn is_adjusted(present: &[WireLine]) -> bool {
    sold(present).any(|line| line.is_adjustment())
}

fn sold(present: &[WireLine]) -> impl Iterator<Item = Line> {
    present.iter().filter_map(WireLine::line)
}

/// The value of `lines` that makes a new sale's lines these.
pub(super) fn written(wanted: &[Line]) -> Value {
    create_all(wanted.iter().enumerate().map(|(at, line)| line.record(at + 1)))
}

/// The value of `lines` that makes an existing draft's lines these, and only
/// these.
pub(super) fn rewritten(present: &[WireLine], wanted: &[Line]) -> Value {
    let ids: Vec<u64> = present.iter().map(|line| line.id).collect();
    let records = wanted.iter().enumerate();
    let records: Value = records.map(|(at, line)| line.record(at + 1)).collect();
    json!([["delete", ids], ["create", records]])
}

/// The value of `lines` that adds adjustments to a draft.
pub(super) fn added(present: &[WireLine], adjustments: &[Line]) -> Value {
    let records = adjustments.iter().enumerate();
    create_all(records.map(|(at, line)| line.record(present.len() + at + 1)))
}

impl Tryton {
    /// What the lines of an order become. A line whose amount no unit price
    /// gives becomes two.
    pub(super) async fn lines(&self, order: &SalesOrder) -> Result<Vec<Line>, CallError> {
        let codes: BTreeSet<&str> = order.lines.iter().map(|line| line.item.as_str()).collect();
        let products = self.lookups.products(&self.client, &codes).await?;
        let digits = self.lookups.price_digits(&self.client).await?;
        let mut lines = Vec::new();
        for line in &order.lines {
            let unknown = || CallError::rejected("item_unknown", line.item.clone());
            let product = products.get(&line.item).ok_or_else(unknown)?;
            lines.extend(self.line(order, line, product, digits)?);
        }
        Ok(lines)
    }

    fn line(
        &self,
        order: &SalesOrder,
        line: &SalesLine,
        product: &Product,
        digits: u32,
    ) -> Result<Vec<Line>, CallError> {
        if line.quantity.normalize().scale() > product.unit_digits {
            let detail = format!("{}: {} of its unit", line.item, line.quantity.normalize());
            return Err(CallError::rejected("quantity_not_divisible", detail));
        }
        let parts = parts(line.quantity, line.net, order.totals.currency, digits).ok_or_else(|| {
            let detail = format!("{}: {} for {} at {digits} digits", line.item, line.net, line.quantity);
            CallError::rejected("price_not_exact", detail)
        })?;
        let taxes = self.taxes(line)?;
        let line = |part: &super::prices::Part| Line {
            note: format!("{LINE}{}", line.line),
            product: Some(product.id),
            unit: Some(product.unit),
            quantity: part.quantity.normalize(),
            price: part.price.normalize(),
            taxes: taxes.clone(),
            description: clean(&line.description),
        };
        Ok(parts.iter().map(line).collect())
    }

    fn taxes(&self, line: &SalesLine) -> Result<BTreeSet<u64>, CallError> {
        let id = |code: &String| {
            let id = self.config.taxes.get(code).copied();
            id.ok_or_else(|| CallError::rejected("tax_code_unknown", code.clone()))
        };
        line.taxes.iter().map(id).collect()
    }

    /// The lines that take what rounding left: `net` and `tax` in major units
    /// of the order's currency, either of which may be zero or negative.
    pub(super) async fn adjustments(
        &self,
        totals: &Totals,
        net: Decimal,
        tax: Decimal,
    ) -> Result<Vec<Line>, CallError> {
        let item = self.config.rounding.item.as_str();
        let products = self.lookups.products(&self.client, &BTreeSet::from([item])).await?;
        let unknown = || CallError::rejected("item_unknown", item);
        let product = products.get(item).ok_or_else(unknown)?;
        let line = |note: &str, quantity: Decimal, price: Decimal, taxes, description: &str| Line {
            note: note.to_owned(),
            product: Some(product.id),
            unit: Some(product.unit),
            quantity: quantity.normalize(),
            price: price.normalize(),
            taxes,
            description: description.to_owned(),
        };
        let mut lines = Vec::new();
        if !net.is_zero() {
            lines.push(line(ROUNDING, Decimal::ONE, net, BTreeSet::new(), "Rounding"));
        }
        if !tax.is_zero() {
            let unit = self.tax_unit(totals)?;
            let count = minor_units(totals, tax)?;
            lines.push(line(TAX, count, Decimal::ZERO, BTreeSet::from([unit]), "Rounding of tax"));
        }
        Ok(lines)
    }

    fn tax_unit(&self, totals: &Totals) -> Result<u64, CallError> {
        let code = totals.currency.code();
        let id = self.config.rounding.tax_unit.get(code).copied();
        id.ok_or_else(|| CallError::rejected("rounding_not_configured", format!("no tax unit for {code}")))
    }
}

/// How many minor units an amount is.
fn minor_units(totals: &Totals, amount: Decimal) -> Result<Decimal, CallError> {
    let units = amount / totals.currency.minor_unit();
    match units.to_i64().filter(|_| units.fract().is_zero()) {
        Some(units) => Ok(Decimal::from(units)),
        None => {
            Err(CallError::rejected("totals_disagree", format!("{amount} is no multiple of the minor unit")))
        }
    }
}
