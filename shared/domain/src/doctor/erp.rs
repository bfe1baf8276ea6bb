use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::Fact;
use crate::id::Sku;
use crate::money::Currency;
use crate::outcome::CallError;
use crate::ports::Capabilities;

/// What an ERP says about itself before go-live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpFacts {
    /// What it promises.
    pub capabilities: Capabilities,
    /// What it calls itself, with its version.
    pub version: Fact<String>,
    /// How far its clock is ahead of ours.
    pub clock_ahead: Fact<SignedDuration>,
    /// The currency that its company keeps its books in.
    pub currency: Fact<Currency>,
    /// Every record that the configuration names, with whether it is there.
    pub names: Vec<ErpName>,
    /// Every right that the work needs, with whether the key has it.
    pub rights: Vec<ErpRight>,
}

/// A record that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpName {
    /// Where in the configuration, e.g. `taxes.standard`.
    pub field: String,
    /// What it names there, e.g. `7` or `ROUNDING`.
    pub value: String,
    /// What it should be, e.g. `account.tax`.
    pub kind: &'static str,
    /// What the ERP has under that name.
    pub found: Fact<Found>,
}

/// What an ERP has under a configured name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// What was meant.
    Right {
        /// What people call it there.
        name: String,
    },
    /// Nothing, or nothing that the key's user may see.
    Missing,
    /// Something that cannot be used, and why: of another company, not a
    /// service, of another amount, inactive.
    Unfit(String),
}

/// A right that the work needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpRight {
    /// E.g. `create sale.sale`.
    pub right: String,
    /// What cannot be done without it, e.g. `orders are not booked`.
    pub without: &'static str,
    /// Whether the key has it.
    pub granted: Fact<bool>,
}

/// What an ERP can be asked before go-live. Nothing here changes anything, and
/// every call is one attempt.
#[async_trait]
pub trait ErpCheckup: Send + Sync {
    /// The facts. Fails only where the ERP cannot be asked at all: it is not
    /// there, or refuses the key. What single questions fail with is in the
    /// facts.
    async fn facts(&self) -> Result<ErpFacts, CallError>;

    /// Which of these item codes the ERP has and may sell. At most 100.
    async fn known_items(&self, codes: &[Sku]) -> Result<BTreeSet<Sku>, CallError>;
}
