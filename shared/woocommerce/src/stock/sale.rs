//! Orders as a listing gives them: what was taken off stock for each line.

use serde_json::value::RawValue;
use weir_domain::id::{OrderId, Sku};
use weir_domain::order::{OrderStatus, ProductRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::{SaleLine, ShopSale};

use super::without_noise;
use crate::canonical::reduced_stock;
use crate::wire::{self, List, WireLine, WireSale};

/// What is asked of an order (`_fields`). Nothing in it is about a person but
/// what a plugin may put into a line's metadata, of which one key is read.
pub const SALE_FIELDS: &str = "id,status,date_created_gmt,date_modified_gmt,line_items";

/// Reads a page of `GET orders`: every order on it, so that a full page is
/// known by its length.
///
/// No line is passed over that may hold stock: one that cannot be read makes
/// the page [`CallError::Unknown`], unless its order holds none (a draft, a
/// pending or a cancelled one).
pub fn sales(body: &[u8]) -> Result<Vec<ShopSale>, CallError> {
    let listed = wire::listing::<WireSale>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    listed.iter().map(sale).collect()
}

fn sale(wire: &WireSale) -> Result<ShopSale, CallError> {
    let head = || {
        let id = wire.id.id().ok().filter(|id| *id != 0)?;
        let status = Some(wire.status.text()).filter(|status| !status.is_empty())?;
        Some((OrderId(id), OrderStatus::from(status), wire.date_modified_gmt.gmt().ok()??))
    };
    let (order, status, modified_at) =
        head().ok_or_else(|| CallError::unknown("the listing has an order without id, status or date"))?;
    // Where the shop does not say, the later date claims less: a sale that may
    // be newer than the ERP's figure is taken off it.
    let placed_at = wire.date_created_gmt.gmt().ok().flatten().unwrap_or(modified_at);
    let lines = lines(&status, wire.line_items.as_deref())
        .ok_or_else(|| CallError::unknown(format!("order {order} has a line that cannot be read")))?;
    Ok(ShopSale { order, status, placed_at, modified_at, lines })
}

/// Every line; `None` if one that may hold stock cannot be read.
fn lines(status: &OrderStatus, raw: Option<&RawValue>) -> Option<Vec<SaleLine>> {
    let strict = holds_stock(status);
    let Some(listed) = raw.and_then(list) else { return (!strict).then(Vec::new) };
    let mut lines = Vec::new();
    for wire in listed.iter() {
        match line(wire) {
            Some(line) => lines.push(line),
            None if strict => return None,
            None => {}
        }
    }
    Some(lines)
}

/// A list, also one that PHP made an object of; nothing else passes for an
/// empty one.
fn list(raw: &RawValue) -> Option<List<WireLine>> {
    let text = raw.get();
    if text.starts_with(['[', '{']) { serde_json::from_str(text).ok() } else { None }
}

fn line(wire: &WireLine) -> Option<SaleLine> {
    let reduced = reduced_stock(wire).map(without_noise);
    Some(SaleLine {
        id: wire.id.id().ok().filter(|id| *id != 0)?,
        product: ProductRef {
            product: wire.product_id.id().ok()?,
            variation: wire.variation_id.id().ok()?,
            sku: Some(wire.sku.text()).filter(|sku| !sku.trim().is_empty()).map(Sku),
        },
        quantity: wire.quantity.decimal().ok().flatten().map(without_noise).or(reduced)?,
        reduced,
    })
}

/// Whether units may have been taken off stock for an order of this status.
fn holds_stock(status: &OrderStatus) -> bool {
    use OrderStatus::{Cancelled, CheckoutDraft, Pending};
    !matches!(status, CheckoutDraft | Pending | Cancelled)
}
