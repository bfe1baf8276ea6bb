use serde::Deserialize;
use serde_json::value::RawValue;

use super::{List, Object, Scalar};

/// A product or variation, as far as its stock is concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireProduct {
    pub id: Scalar,
    /// Not in the answer about a variation at its parent's address.
    #[serde(rename = "type")]
    pub kind: Scalar,
    /// Neither is this.
    pub parent_id: Scalar,
    pub status: Scalar,
    pub sku: Scalar,
    /// true, false, or "parent".
    pub manage_stock: Scalar,
    /// null, or a number; with a plugin for decimal quantities a float.
    pub stock_quantity: Scalar,
    pub backorders_allowed: Scalar,
    /// In a batch's answer only: in place of all the others but `id`.
    pub error: Option<Object<WireRefusal>>,
}

/// Why an item of a batch was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireRefusal {
    /// The shop's code.
    pub code: Scalar,
    /// `{"status": 404, …}`, or whatever a plugin puts there.
    pub data: Option<Box<RawValue>>,
}

/// The answer to a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireAdjusted {
    /// One element for each item, in the order of the request.
    pub update: Option<List<WireProduct>>,
}

/// An order, as far as stock is concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireSale {
    pub id: Scalar,
    pub status: Scalar,
    pub date_created_gmt: Scalar,
    pub date_modified_gmt: Scalar,
    /// A list of [`WireLine`](super::WireLine)s, unless something is wrong.
    pub line_items: Option<Box<RawValue>>,
}
