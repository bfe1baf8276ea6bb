//! The ports: what the use cases need from the outside. Each is narrow and
//! mirrored by the permissions of the functions that use it.

mod books;
mod clock;
mod connections;
mod desk;
mod erp;
mod history;
mod ledger;
mod open;
mod operate;
mod queue;
mod queues;
mod shop;
mod stock;
mod webhooks;

pub use books::{BookedDocument, BookedPage, BookedQuery, ErpBooks};
pub use clock::Clock;
pub use connections::{Connections, StoreDisabled};
pub use desk::{Adoption, ErpConnections, ErpDesk, PlannedRequest, WriteOffs};
pub use erp::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Creation, DocumentState, Erp, ErpDocument, Once,
    TaxBasis,
};
pub use history::{Listed, Placed, ShopHistory};
pub use ledger::{
    Checkpoint, CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, MappingStore, Note, Schedules,
    SeenState,
};
pub use open::{OpenOrder, OpenOrders, OpenState};
pub use operate::{ActionEntry, Actions, Jobs, Reports, Timelines};
pub use queue::{OrderQueue, QueueError};
pub use queues::{Letter, QueueDepth, Queues};
pub use shop::{OrderStub, Shop, ShopError, ShopOrder, ShopPage};
pub use stock::{
    Adjusted, Adjustment, BookedLine, Change, Confirming, ErpStock, InFlightNews, ItemNames, ItemPage,
    ItemState, Managed, SaleLine, SalesPage, ShopItem, ShopProduct, ShopSale, ShopStock, StockBasis,
    StockConnections, StockQueue, StockStore,
};
pub use webhooks::{NewWebhook, ShopWebhooks, Trouble, Troubles, Webhook, WebhookStatus, WebhookTroubles};
