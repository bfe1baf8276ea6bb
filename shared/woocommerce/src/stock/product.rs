//! Products as they are read, and as a write answers with them.

use weir_domain::outcome::CallError;
use weir_domain::ports::{Managed, ShopProduct};

use super::without_noise;
use crate::wire::{self, BadValue, Object, Scalar, WireProduct};

/// What is asked of a product (`_fields`).
pub const PRODUCT_FIELDS: &str =
    "id,type,parent_id,status,sku,manage_stock,stock_quantity,backorders_allowed";

/// Reads a page of `GET products`: what is on it, `None` for what is in the
/// trash.
///
/// A product without an id makes the whole page doubtful
/// ([`CallError::Unknown`]). One whose quantity cannot be read is given as
/// managed and without one, so that it is found and nobody writes to it.
pub fn products(body: &[u8]) -> Result<Vec<Option<ShopProduct>>, CallError> {
    page(None, body)
}

/// Reads a page of `GET products/{parent}/variations`, likewise.
pub fn variations(parent: u64, body: &[u8]) -> Result<Vec<Option<ShopProduct>>, CallError> {
    page(Some(parent), body)
}

fn page(parent: Option<u64>, body: &[u8]) -> Result<Vec<Option<ShopProduct>>, CallError> {
    let listed = wire::listing::<WireProduct>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    let read =
        |wire: &WireProduct| read(wire, parent).map(|product| Some(product).filter(|_| !is_trashed(wire)));
    listed.iter().map(read).collect::<Result<_, BadValue>>().map_err(|BadValue| no_id())
}

/// Reads `GET products/{id}`; `None` if it is in the trash.
pub fn product(asked: u64, body: &[u8]) -> Result<Option<ShopProduct>, CallError> {
    let Object(wire): Object<WireProduct> =
        serde_json::from_slice(body).map_err(|_| CallError::retry_soon("the answer is not JSON"))?;
    if wire.id.id() != Ok(asked) || asked == 0 {
        return Err(CallError::retry_soon("the answer is not about the product that was asked for"));
    }
    let product = read(&wire, None).map_err(|BadValue| no_id())?;
    Ok(Some(product).filter(|_| !is_trashed(&wire)))
}

fn no_id() -> CallError {
    CallError::unknown("the shop lists a product without an id, or a variation without its parent")
}

fn is_trashed(wire: &WireProduct) -> bool {
    wire.status.is("trash")
}

/// A product of any answer. `parent` is the one in the address of a variation,
/// which the shop does not repeat.
pub(super) fn read(wire: &WireProduct, parent: Option<u64>) -> Result<ShopProduct, BadValue> {
    let id = wire.id.id().ok().filter(|id| *id != 0).ok_or(BadValue)?;
    let (managed, quantity) = quantity(wire);
    Ok(ShopProduct {
        id,
        parent: parent_of(wire, parent)?,
        sku: wire.sku.text(),
        managed,
        quantity,
        backorders: wire.backorders_allowed.is_true(),
    })
}

/// Only a variation lives under its parent; other products can have a
/// `parent_id` from a batch that named them by mistake, or from the time when
/// groups were kept so. Plugins have variations of their own
/// ("subscription_variation").
fn parent_of(wire: &WireProduct, in_address: Option<u64>) -> Result<Option<u64>, BadValue> {
    let kind = wire.kind.text();
    if !kind.is_empty() && !kind.ends_with("variation") {
        return Ok(None);
    }
    let said = Some(wire.parent_id.id()?).filter(|id| *id != 0);
    let known = said.or(in_address);
    if kind.is_empty() || known.is_some() { Ok(known) } else { Err(BadValue) }
}

fn quantity(wire: &WireProduct) -> (Managed, Option<rust_decimal::Decimal>) {
    let quantity = wire.stock_quantity.decimal().ok().flatten().map(without_noise);
    let no = ["0", "no", "false", ""];
    match &wire.manage_stock {
        word if word.is("parent") => (Managed::AtParent, quantity),
        yes if yes.is_true() => (Managed::Yes, quantity),
        Scalar::Bool(false) => (Managed::No, None),
        word if no.iter().any(|no| word.is(no)) => (Managed::No, None),
        // Neither: found, and not written to.
        _ => (Managed::Yes, None),
    }
}
