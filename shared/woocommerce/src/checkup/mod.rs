//! What a shop says about itself, for the doctor: settings, lists of names,
//! and what in an order looks as if it had paid.
//!
//! Everything here is read leniently, since nothing is decided by it: what is
//! not there is left out, and a body that is something else is [`NotRead`].

mod access;
mod settings;
mod tender;

use serde::Deserialize;
use weir_domain::doctor::{Gateway, ShippingMethod, TaxRate};
use weir_domain::ports::Managed;

use crate::wire::{self, Scalar};
pub use access::{Probe, Said, Step, refusal};
pub use settings::{System, setting, statuses, system};
pub use tender::tender;

/// A body is not what was asked for. Says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not what was asked for")]
pub struct NotRead;

fn listing<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> Result<Vec<T>, NotRead> {
    wire::listing(body).map_err(|_| NotRead)
}

/// Reads `GET payment_gateways`.
pub fn gateways(body: &[u8]) -> Result<Vec<Gateway>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct WireGateway {
        id: Scalar,
        enabled: Scalar,
    }
    let listed: Vec<WireGateway> = listing(body)?;
    let read = |wire: WireGateway| Gateway { id: wire.id.text(), enabled: wire.enabled.is_true() };
    Ok(listed.into_iter().map(read).filter(|gateway| !gateway.id.is_empty()).collect())
}

/// Reads `GET shipping/zones`: id and name.
pub fn zones(body: &[u8]) -> Result<Vec<(u64, String)>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct WireZone {
        id: Scalar,
        name: Scalar,
    }
    let listed: Vec<WireZone> = listing(body)?;
    // 0 is the zone of everywhere else.
    Ok(listed.into_iter().filter_map(|wire| Some((wire.id.id().ok()?, wire.name.text()))).collect())
}

/// Reads `GET shipping/zones/{id}/methods`.
pub fn methods(zone: &str, body: &[u8]) -> Result<Vec<ShippingMethod>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct WireMethod {
        instance_id: Scalar,
        method_id: Scalar,
        enabled: Scalar,
    }
    let listed: Vec<WireMethod> = listing(body)?;
    let read = |wire: WireMethod| {
        Some(ShippingMethod {
            zone: zone.to_owned(),
            method: Some(wire.method_id.text()).filter(|method| !method.is_empty())?,
            instance: wire.instance_id.id().ok()?,
            enabled: wire.enabled.is_true(),
        })
    };
    Ok(listed.into_iter().filter_map(read).collect())
}

/// Reads a page of `GET taxes`.
pub fn tax_rates(body: &[u8]) -> Result<Vec<TaxRate>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct WireTaxRate {
        id: Scalar,
        country: Scalar,
        class: Scalar,
        compound: Scalar,
    }
    let listed: Vec<WireTaxRate> = listing(body)?;
    let read = |wire: WireTaxRate| {
        Some(TaxRate {
            id: wire.id.id().ok().filter(|id| *id != 0)?,
            country: wire.country.text(),
            class: wire.class.text(),
            compound: wire.compound.is_true(),
        })
    };
    Ok(listed.into_iter().filter_map(read).collect())
}

/// A product as the catalogue lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The shop's id.
    pub id: u64,
    /// Its SKU; empty: none.
    pub sku: String,
    /// Whose the quantity is.
    pub managed: Managed,
    /// How it is sold.
    pub sold: Sold,
}

/// How a product is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sold {
    /// By itself.
    Itself,
    /// By its variations.
    AsVariations,
    /// Elsewhere, or only as other products.
    Not,
}

/// Reads a page of `GET products`, or of a product's variations, which have no
/// type.
pub fn products(body: &[u8]) -> Result<Vec<Listed>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct WireListed {
        id: Scalar,
        #[serde(rename = "type")]
        kind: Scalar,
        sku: Scalar,
        manage_stock: Scalar,
    }
    let listed: Vec<WireListed> = listing(body)?;
    let read = |wire: WireListed| {
        Some(Listed {
            id: wire.id.id().ok().filter(|id| *id != 0)?,
            sku: wire.sku.text(),
            managed: match wire.manage_stock {
                Scalar::Text(word) if word == "parent" => Managed::AtParent,
                managed if managed.is_true() => Managed::Yes,
                _ => Managed::No,
            },
            sold: match wire.kind.text().as_str() {
                "grouped" | "external" => Sold::Not,
                // Subscriptions have variations of their own.
                kind if kind.starts_with("variable") => Sold::AsVariations,
                _ => Sold::Itself,
            },
        })
    };
    Ok(listed.into_iter().filter_map(read).collect())
}
