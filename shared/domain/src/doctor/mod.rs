//! `weir doctor`: looks at a store and its ERPs before go-live, and says what
//! to do. Nothing here changes anything: [`ShopCheckup`] and [`ErpCheckup`]
//! gather facts, [`Doctor`] asks for them, and pure functions turn them, with
//! the configuration and the mappings, into [`Finding`]s.

mod access;
mod between;
mod catalogue;
mod erp;
mod examine;
mod finding;
mod names;
mod of_erp;
mod orders;
mod settings;
mod shop;
mod shop_findings;
mod webhooks;

pub use erp::{ErpCheckup, ErpFacts, ErpName, ErpRight, Found};
pub use examine::{CheckupConnections, Doctor, ErpReport, Examined, Report};
pub use finding::{Finding, Verdict};
pub use shop::{
    Access, CatalogueItem, Gateway, ParcelInterface, RecentOrders, Sample, ShippingMethod, ShopCheckup,
    ShopFacts, TaxRate,
};

/// What a peer answered, or why it is not known.
pub type Fact<T> = Result<T, Unread>;

/// Why a fact is not known. Texts are ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The peer has nothing at that address: an older version, or a plugin
    /// that is not there.
    #[error("it has no such interface")]
    NotThere,
    /// The key may not ask.
    #[error("the key may not ask for it")]
    Refused,
    /// The question failed.
    #[error("{0}")]
    Failed(String),
    /// It was not asked, since something before it failed.
    #[error("it was not asked")]
    NotAsked,
}
