//! A sale as it is compared: its head, its key and units by item.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use weir_domain::id::{DocumentKey, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::BookedDocument;

use super::super::fulfilment::{NO_ITEM, PRODUCT, UNIT};
use super::super::keys::WebKey;
use super::super::lines::{is_adjustment, shop_line};
use super::super::sale::{HEAD_FIELDS, Head};
use super::super::stock::Unit;
use super::super::wire::{Shown, WireQuantity, clean};

/// A sale of an order, in any state.
#[derive(Deserialize)]
pub(super) struct BookedSale {
    #[serde(flatten)]
    pub(super) head: Head,
    #[serde(flatten)]
    pub(super) key: WebKey,
    reference: Option<String>,
    lines: Vec<BookedLine>,
}

#[derive(Deserialize)]
struct BookedLine {
    #[serde(rename = "type")]
    kind: String,
    note: Option<String>,
    quantity: Option<WireQuantity>,
    #[serde(default)]
    unit: Shown<Unit>,
    #[serde(default)]
    product: Shown<Product>,
}

#[derive(Deserialize)]
struct Product {
    code: Option<String>,
    default_uom: Unit,
    sale_uom: Option<Unit>,
}

/// What to read of it.
pub(super) fn booked_fields() -> Vec<&'static str> {
    let mut fields = HEAD_FIELDS.to_vec();
    fields.extend([
        "web_shop",
        "web_id",
        "reference",
        "lines.type",
        "lines.note",
        "lines.quantity",
        "lines.unit.factor",
        "lines.unit.rate",
        "lines.unit.digits",
        "lines.product.code",
        "lines.product.default_uom.factor",
        "lines.product.default_uom.rate",
        "lines.product.default_uom.digits",
        "lines.product.sale_uom.factor",
        "lines.product.sale_uom.rate",
        "lines.product.sale_uom.digits",
    ]);
    fields
}

impl BookedSale {
    /// The order's number, where it is written where we write it.
    pub(super) fn number_of_the_order(&self) -> String {
        clean(self.reference.as_deref().unwrap_or_default())
    }

    /// The sale in the domain's words; `rounding` is the item that only makes
    /// sums exact.
    pub(super) fn booked(
        &self,
        key: Option<DocumentKey>,
        rounding: &str,
    ) -> Result<BookedDocument, CallError> {
        let mut units: BTreeMap<Sku, Decimal> = BTreeMap::new();
        for line in &self.lines {
            if let Some((item, quantity)) = line.units(rounding)? {
                *units.entry(Sku(item)).or_default() += quantity;
            }
        }
        units.retain(|_, quantity| !quantity.is_zero());
        let units = units.into_iter().map(|(item, quantity)| (item, quantity.normalize())).collect();
        Ok(BookedDocument { key, document: self.head.document(), units })
    }
}

impl BookedLine {
    /// How much of which item it sells; `None` for a title, and for what only
    /// makes sums exact.
    ///
    /// Our own lines are in the unit that was booked, whatever unit the item is
    /// sold in by now; one that people typed in another unit is converted.
    fn units(&self, rounding: &str) -> Result<Option<(String, Decimal)>, CallError> {
        let note = self.note.as_deref().unwrap_or_default();
        if self.kind != "line" || is_adjustment(note) {
            return Ok(None);
        }
        let product = self.product.of(PRODUCT)?;
        let code = product.and_then(|product| product.code.as_deref()).unwrap_or(NO_ITEM);
        if code == rounding {
            return Ok(None);
        }
        let quantity = self.quantity.map_or(Decimal::ZERO, |quantity| quantity.0);
        let sold = product.map(|product| product.sale_uom.unwrap_or(product.default_uom));
        let quantity = match (self.unit.of(UNIT)?, sold) {
            (Some(unit), Some(sold)) if shop_line(note).is_none() && !unit.is(&sold) => {
                unit.to(&sold).sold(quantity)?
            }
            _ => quantity,
        };
        Ok(Some((code.to_owned(), quantity)))
    }
}
