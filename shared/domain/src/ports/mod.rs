//! The ports: what the use cases need from the outside. Each is narrow and
//! mirrored by the permissions of the functions that use it.

mod clock;
mod connections;
mod erp;
mod ledger;
mod queue;
mod shop;
mod stock;

pub use clock::Clock;
pub use connections::{Connections, StoreDisabled};
pub use erp::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Creation, DocumentState, Erp, ErpDocument, Once,
    TaxBasis,
};
pub use ledger::{
    Checkpoint, CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, MappingStore, Note, Schedules,
};
pub use queue::{OrderQueue, QueueError};
pub use shop::{OrderStub, Shop, ShopError, ShopOrder, ShopPage};
pub use stock::{
    Adjusted, Adjustment, BookedLine, Change, Confirming, ErpStock, InFlightNews, ItemNames, ItemPage,
    ItemState, Managed, SaleLine, SalesPage, ShopItem, ShopProduct, ShopSale, ShopStock, StockBasis,
    StockConnections, StockQueue, StockStore,
};
