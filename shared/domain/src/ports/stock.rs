use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{LedgerError, QueueError};
use crate::config::StoreConfig;
use crate::id::{DocumentKey, ErpId, ItemKey, LineKey, LocationId, OrderId, Sku, StoreId};
use crate::order::{OrderStatus, ProductRef};
use crate::outcome::CallError;
use crate::stock::{InFlight, LocationStock, Position, Publication, StockMoved};

/// What an ERP's figure of available stock is made of. Shown to operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StockBasis {
    /// Physical stock only: nothing reserved is taken off.
    OnHand,
    /// The ERP's own figure of free stock.
    Free,
    /// On hand less what is promised, worked out by the adapter.
    Computed,
}

/// A line whose share in the ERP's figure is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedLine {
    /// The sales order.
    pub document: DocumentKey,
    /// The line.
    pub line: LineKey,
    /// Its item.
    pub sku: Sku,
}

/// A page of the ERP's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPage {
    /// Items, each once, at most 100.
    pub skus: Vec<Sku>,
    /// Where the next page begins; opaque, and to be stored after this page's
    /// work is done.
    pub next: String,
    /// There may be more right now.
    pub more: bool,
}

/// The stock side of one ERP connection. Nothing here changes anything, and
/// every call is one attempt.
#[async_trait]
pub trait ErpStock: Send + Sync {
    /// What the figures of this ERP are made of.
    fn basis(&self) -> StockBasis;

    /// E: by how much the figure of [`stock`](Self::stock) is already lower
    /// for each line: shipped, plus what is promised now (where the figure is
    /// less it). A line that the ERP does not know has none and is left out.
    async fn included(&self, lines: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError>;

    /// A: the figures of items, all locations in one pass. Items that the ERP
    /// does not know are left out. At most 100 items.
    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError>;

    /// Items whose stock may have changed since `cursor`. Without one the feed
    /// begins now. The answer may name an item again that was named before,
    /// and never leaves one out whose change was committed before the call,
    /// whatever its own date says.
    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError>;

    /// Every item that can be sold, page by page. Without a cursor: from the
    /// first.
    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError>;
}

/// How a shop is asked for a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShopItem {
    /// By its SKU in the shop.
    Sku(String),
    /// By its product or variation id.
    Id(u64),
}

/// A product or variation as a shop has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopProduct {
    /// Its id.
    pub id: u64,
    /// The product it is a variation of.
    pub parent: Option<u64>,
    /// Its SKU, as the shop has it.
    pub sku: String,
    /// Whose the quantity is.
    pub managed: Managed,
    /// P; `None` where it is not managed.
    pub quantity: Option<Decimal>,
    /// The shop may sell it when there is none.
    pub backorders: bool,
}

/// Whether a shop keeps the quantity of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Managed {
    /// It does.
    Yes,
    /// It does not: quantities are ignored.
    No,
    /// It keeps the parent's.
    AtParent,
}

/// What a shop says about the stock of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopSale {
    /// The order.
    pub order: OrderId,
    /// Where it is.
    pub status: OrderStatus,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The shop's date of change, whole seconds.
    pub modified_at: Timestamp,
    /// Its lines.
    pub lines: Vec<SaleLine>,
}

/// One line of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleLine {
    /// The shop's line id.
    pub id: u64,
    /// What was sold.
    pub product: ProductRef,
    /// Units.
    pub quantity: Decimal,
    /// `_reduced_stock`; `None` where the shop does not say.
    pub reduced: Option<Decimal>,
}

/// A page of changed orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesPage {
    /// At most 100, oldest change first.
    pub sales: Vec<ShopSale>,
    /// The shop's own clock when it answered, where it said so.
    pub answered_at: Option<Timestamp>,
}

/// One quantity to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// The product or variation.
    pub id: u64,
    /// Its parent, for a variation.
    pub parent: Option<u64>,
    /// By how much, or to what.
    pub change: Change,
}

/// How a quantity is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `inventory_delta`: added to what is there.
    By(Decimal),
    /// `stock_quantity`: over what is there.
    To(Decimal),
}

/// What a shop answered to one adjustment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adjusted {
    /// The product as it is now.
    Now(ShopProduct),
    /// It was refused: nothing was changed.
    Refused {
        /// The shop's code, e.g. `woocommerce_rest_product_invalid_id`.
        code: String,
        /// The shop's status of this item.
        status: u16,
    },
    /// It was not sent: no request can say it so that the shop understands it.
    Impossible,
}

/// The stock side of one WooCommerce store.
#[async_trait]
pub trait ShopStock: Send + Sync {
    /// P: products by SKU or id, trashed ones left out. Several of one SKU are
    /// all given. At most 100.
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError>;

    /// R: orders changed *after* `after` (exclusive, whole seconds, the shop's
    /// clock), oldest change first, at most 100; `page` counts from 1.
    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError>;

    /// Changes at most 100 quantities of simple products, or of the variations
    /// of one parent, in one request. The answers stand in the order of the
    /// adjustments. [`CallError::Unknown`]: any part of it may have happened.
    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError>;
}

/// Everything the `stock` table knows about one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemState {
    /// What the ERP said last.
    pub position: Option<Position>,
    /// What is in flight, in every store of the entity.
    pub lines: Vec<InFlight>,
    /// What each shop shows.
    pub publications: BTreeMap<StoreId, Publication>,
}

/// One half of an in-flight line, as one reader knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlightNews {
    /// What was sold.
    pub item: ItemKey,
    /// Where.
    pub line: LineKey,
    /// R, unless a newer read is known.
    pub reduced: crate::stock::Reduction,
    /// L and the life it is about, from `order-push`, ordered by the order's
    /// fencing token; `None` leaves what is there.
    pub confirming: Option<Confirming>,
}

/// L of a line, as `order-push` knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirming {
    /// L.
    pub quantity: Decimal,
    /// Which life of the order.
    pub generation: crate::id::Generation,
    /// The fencing token of the claim under which it was decided: an older
    /// one changes nothing.
    pub fence: u64,
}

/// The `stock` table: positions, in-flight lines and publications, one
/// partition per item.
#[async_trait]
pub trait StockStore: Send + Sync {
    /// Everything about items, strongly consistent. One state for each key, in
    /// its order.
    async fn items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError>;

    /// Positions only, for the nightly comparison; may be stale.
    async fn positions(&self, items: &[ItemKey]) -> Result<BTreeMap<ItemKey, Position>, LedgerError>;

    /// Stores a reading whose `version` follows the one that was stored when
    /// it began; `false` if another one was stored since.
    /// [`LedgerError::TooLong`] where no row can hold it.
    async fn put_position(&self, position: &Position) -> Result<bool, LedgerError>;

    /// Writes what is news about in-flight lines: R by its read, L by its
    /// fence. What is older than what is known changes nothing.
    /// [`LedgerError::TooLong`]: some can never be stored; all others are.
    async fn put_in_flight(&self, news: &[InFlightNews]) -> Result<(), LedgerError>;

    /// Removes a line that left, if it is still as it was read.
    async fn remove_in_flight(&self, line: &InFlight) -> Result<(), LedgerError>;

    /// Replaces a publication whose `version` is one more than what is stored;
    /// `false` if somebody was faster, or if nothing of the item can be stored.
    /// One with `stale_since` is in the index of stale items.
    async fn put_publication(
        &self,
        item: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError>;

    /// Items that a store does not show as it should, longest first, at most
    /// `limit` and 1,000; only what comes `after` one item of an earlier
    /// answer, if one is given.
    async fn stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError>;

    /// Up to where a store's orders were read for stock.
    async fn watermark(&self, store: &StoreId)
    -> Result<Option<crate::stock::sales::Watermark>, LedgerError>;

    /// Moves it, if it is still at `version`; `false` if somebody was faster.
    async fn put_watermark(
        &self,
        store: &StoreId,
        watermark: &crate::stock::sales::Watermark,
    ) -> Result<bool, LedgerError>;
}

/// What an item of the ERP is called in a shop.
#[async_trait]
pub trait ItemNames: Send + Sync {
    /// Every product that is mapped to one of these items by hand; an item
    /// without one is left out. Names that are the same on both sides are not
    /// mapped and not given.
    async fn names(
        &self,
        store: &StoreId,
        items: &[Sku],
    ) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError>;
}

/// Where it is said that stock moved.
#[async_trait]
pub trait StockQueue: Send + Sync {
    /// Sends messages. On an error some of them may have been sent: they are
    /// harmless twice.
    async fn send(&self, messages: &[StockMoved]) -> Result<(), QueueError>;
}

/// Configured stores and ERPs, as far as stock is concerned.
#[async_trait]
pub trait StockConnections: Send + Sync {
    /// The usable stores.
    fn stores(&self) -> Vec<Arc<StoreConfig>>;

    /// Stores that are configured and not usable: whatever they sell is not
    /// known.
    fn disabled(&self) -> Vec<StoreId>;

    /// A store's REST API. Fails if its secret cannot be had.
    async fn shop_stock(&self, store: &StoreId) -> Result<Arc<dyn ShopStock>, CallError>;

    /// An ERP. Fails if its secret cannot be had.
    async fn erp_stock(&self, erp: &ErpId) -> Result<Arc<dyn ErpStock>, CallError>;
}
