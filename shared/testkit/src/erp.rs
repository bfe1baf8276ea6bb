use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_domain::fulfilment::{Deliveries, GoodsReturn, Parcel};
use weir_domain::id::{DocumentKey, OrderKey};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Creation, DocumentState, Erp, ErpDocument, Once,
    TaxBasis,
};
use weir_domain::sales::{LineKind, Release, SalesOrder, SalesPayment};

use crate::fault::Faults;
use crate::lock;

/// Orders on a full page of the feed.
const PAGE: usize = 100;

/// What an ERP can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the port")]
pub enum ErpOp {
    Find,
    Create,
    Confirm,
    Amend,
    Cancel,
    Pay,
    Deliveries,
    ChangedOrders,
}

/// An ERP that keeps its books in memory. Sales go draft → reserved →
/// processing → done, or to cancelled; processing and later refuse changes.
#[derive(Debug)]
pub struct FakeErp {
    /// What goes wrong.
    pub faults: Faults<ErpOp, CallError>,
    once: Once,
    sales: Mutex<Vec<Sale>>,
    changed: Mutex<Vec<OrderKey>>,
}

/// A sales order in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// `S1`, `S2` and so on.
    pub id: String,
    /// Where it is.
    pub state: DocumentState,
    /// What it says now.
    pub order: SalesOrder,
    /// Payments by transaction.
    pub payments: BTreeMap<String, SalesPayment>,
    /// What has left.
    pub parcels: Vec<Parcel>,
    /// What has come back.
    pub returns: Vec<GoodsReturn>,
}

impl Default for FakeErp {
    /// An ERP that enforces a unique reference.
    fn default() -> Self {
        Self::new(Once::NativeKey)
    }
}

impl FakeErp {
    /// An ERP that guarantees "once" like this. Only with
    /// [`Once::LockOnly`] can the books hold an order twice.
    pub fn new(once: Once) -> Self {
        Self { faults: Faults::default(), once, sales: Mutex::default(), changed: Mutex::default() }
    }

    /// The books, in the order the sales were made.
    pub fn sales(&self) -> Vec<Sale> {
        lock(&self.sales).clone()
    }

    /// The first sale under a key.
    pub fn sale(&self, key: &DocumentKey) -> Option<Sale> {
        lock(&self.sales).iter().find(|sale| sale.order.key == *key).cloned()
    }

    /// People in the ERP move a sale on, e.g. to done.
    pub fn set_state(&self, key: &DocumentKey, state: DocumentState) {
        let mut sales = lock(&self.sales);
        let sale = sales.iter_mut().find(|sale| sale.order.key == *key);
        sale.expect("the ERP has the sale to be moved").state = state;
    }

    /// The warehouse sends, corrects, withdraws or takes back.
    pub fn deliver(&self, key: &DocumentKey, change: impl FnOnce(&mut Vec<Parcel>, &mut Vec<GoodsReturn>)) {
        let mut sales = lock(&self.sales);
        let sale = sales.iter_mut().find(|sale| sale.order.key == *key);
        let sale = sale.expect("the ERP has the sale to be delivered");
        change(&mut sale.parcels, &mut sale.returns);
    }

    /// Puts an order into the feed.
    pub fn say_changed(&self, order: OrderKey) {
        lock(&self.changed).push(order);
    }

    /// People in the ERP change what a sale says.
    pub fn edit(&self, key: &DocumentKey, change: impl FnOnce(&mut SalesOrder)) {
        let mut sales = lock(&self.sales);
        let sale = sales.iter_mut().find(|sale| sale.order.key == *key);
        change(&mut sale.expect("the ERP has the sale to be changed").order);
    }

    /// The sale that a payment was booked for, whichever life of the order
    /// that was, and the payment.
    fn paid_for(&self, payment: &SalesPayment) -> Option<(String, SalesPayment)> {
        let sales = lock(&self.sales);
        let mut of_this_order = sales.iter().filter(|sale| sale.order.key.order == payment.order);
        of_this_order
            .find_map(|sale| Some((sale.id.clone(), sale.payments.get(&payment.transaction)?.clone())))
    }

    /// One call about an existing document.
    fn on_sale<T>(
        &self,
        op: ErpOp,
        document: &ErpDocument,
        effect: impl FnOnce(&mut Sale) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.faults.strike(op, || {
            let mut sales = lock(&self.sales);
            let sale = sales.iter_mut().find(|sale| sale.id == document.id);
            effect(sale.ok_or_else(|| CallError::rejected("document_missing", &document.id))?)
        })
    }
}

impl Sale {
    fn document(&self) -> ErpDocument {
        ErpDocument {
            id: self.id.clone(),
            number: (self.state != DocumentState::Draft).then(|| format!("SO-{}", self.id)),
            state: self.state,
            totals: Some(self.order.totals.clone()),
        }
    }

    fn binds_nobody_yet(&self) -> bool {
        matches!(self.state, DocumentState::Draft | DocumentState::Reserved)
    }

    fn release(&mut self, release: Release) {
        self.state = match (self.state, release) {
            (DocumentState::Draft, Release::Reserve) => DocumentState::Reserved,
            (DocumentState::Draft | DocumentState::Reserved, Release::Ship) => DocumentState::Processing,
            (further, _) => further,
        };
    }
}

#[async_trait]
impl Erp for FakeErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            once: self.once,
            tax: TaxBasis::Given,
            longest_request: SignedDuration::from_secs(60),
            lookup_lag: SignedDuration::from_secs(5),
        }
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError> {
        self.faults.strike(ErpOp::Find, || Ok(self.sale(key).map(|sale| sale.document())))
    }

    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        self.faults.strike(ErpOp::Create, || {
            let mut sales = lock(&self.sales);
            let taken = sales.iter().any(|sale| sale.order.key == order.key);
            if taken && self.once != Once::LockOnly {
                return Ok(Creation::AlreadyExists);
            }
            let sale = Sale {
                id: format!("S{}", sales.len() + 1),
                state: DocumentState::Draft,
                order: order.clone(),
                payments: BTreeMap::new(),
                parcels: Vec::new(),
                returns: Vec::new(),
            };
            let document = sale.document();
            sales.push(sale);
            Ok(Creation::Created(document))
        })
    }

    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError> {
        self.on_sale(ErpOp::Confirm, document, |sale| {
            if sale.state == DocumentState::Draft {
                sale.order = order.clone();
            }
            sale.release(order.release);
            Ok(sale.document())
        })
    }

    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError> {
        self.on_sale(ErpOp::Amend, document, |sale| {
            if !sale.binds_nobody_yet() {
                return Ok(Amendment::Refused(sale.document()));
            }
            sale.order = order.clone();
            sale.release(order.release);
            Ok(Amendment::Amended(sale.document()))
        })
    }

    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        self.on_sale(ErpOp::Cancel, document, |sale| {
            if !sale.binds_nobody_yet() && sale.state != DocumentState::Cancelled {
                return Ok(Cancellation::Refused(sale.document()));
            }
            sale.state = DocumentState::Cancelled;
            Ok(Cancellation::Cancelled(sale.document()))
        })
    }

    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        let known = self.paid_for(payment);
        self.on_sale(ErpOp::Pay, document, |sale| {
            let transaction = payment.transaction.clone();
            let (paid_for, known) = known.unwrap_or_else(|| {
                sale.payments.insert(transaction.clone(), payment.clone());
                (sale.id.clone(), payment.clone())
            });
            if known.amount != payment.amount {
                return Err(CallError::rejected("payment_differs", &transaction));
            }
            Ok(ErpDocument {
                id: format!("{paid_for}/{transaction}"),
                number: Some(transaction),
                state: DocumentState::Done,
                totals: None,
            })
        })
    }

    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        self.on_sale(ErpOp::Deliveries, document, |sale| {
            let goods = sale.order.lines.iter().filter(|line| line.kind == LineKind::Goods);
            Ok(Deliveries {
                sale: sale.document(),
                goods: goods.map(|line| line.line).collect::<BTreeSet<_>>(),
                parcels: sale.parcels.clone(),
                returns: sale.returns.clone(),
            })
        })
    }

    /// The cursor is how many have been given.
    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError> {
        self.faults.strike(ErpOp::ChangedOrders, || {
            let changed = lock(&self.changed);
            let from = cursor.map_or(changed.len(), |cursor| cursor.parse().unwrap_or_default());
            let to = changed.len().min(from + PAGE);
            let orders: BTreeSet<OrderKey> = changed[from..to].iter().cloned().collect();
            let (next, more) = (to.to_string(), to < changed.len());
            Ok(ChangedOrders { orders: orders.into_iter().collect(), next, more })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, timed_out};
    use crate::sample;
    use futures::executor::block_on;

    fn booked(erp: &FakeErp, release: Release) -> (SalesOrder, ErpDocument) {
        let order = sample::sales_order(&sample::order("main", 1), release);
        let Creation::Created(draft) = block_on(erp.create(&order)).unwrap() else { panic!("taken") };
        let document = block_on(erp.confirm(&draft, &order)).unwrap();
        (order, document)
    }

    #[test]
    fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
        let erp = FakeErp::default();
        erp.faults.script(ErpOp::Create, [Fault::Before(timed_out()), Fault::After(timed_out())]);
        let order = sample::sales_order(&sample::order("main", 1), Release::Ship);
        assert_eq!(block_on(erp.create(&order)), Err(timed_out()));
        assert_eq!(block_on(erp.find(&order.key)), Ok(None));
        assert_eq!(block_on(erp.create(&order)), Err(timed_out()));
        assert!(block_on(erp.find(&order.key)).unwrap().is_some());
        assert_eq!(block_on(erp.create(&order)), Ok(Creation::AlreadyExists));
        assert_eq!((erp.sales().len(), erp.faults.calls(ErpOp::Create)), (1, 3));
    }

    #[test]
    fn a_reservation_can_be_changed_and_cancelled() {
        let erp = FakeErp::default();
        let (mut order, document) = booked(&erp, Release::Reserve);
        assert_eq!(document.state, DocumentState::Reserved);
        order.lines.truncate(1);
        assert!(matches!(block_on(erp.amend(&document, &order)), Ok(Amendment::Amended(_))));
        assert_eq!(erp.sale(&order.key).unwrap().order.lines.len(), 1);
        for _again in 0..2 {
            assert!(matches!(block_on(erp.cancel(&document)), Ok(Cancellation::Cancelled(_))));
        }
        assert!(matches!(block_on(erp.amend(&document, &order)), Ok(Amendment::Refused(_))));
    }

    #[test]
    fn what_is_being_fulfilled_refuses_both_and_is_paid_once() {
        let erp = FakeErp::default();
        let (order, document) = booked(&erp, Release::Ship);
        assert_eq!(document.state, DocumentState::Processing);
        assert!(matches!(block_on(erp.amend(&document, &order)), Ok(Amendment::Refused(_))));
        assert!(matches!(block_on(erp.cancel(&document)), Ok(Cancellation::Refused(_))));
        let payment = sample::payment(&order);
        let first = block_on(erp.pay(&document, &payment)).unwrap();
        assert_eq!(block_on(erp.pay(&document, &payment)).unwrap(), first);
        assert_eq!(erp.sale(&order.key).unwrap().payments.len(), 1);
        erp.set_state(&order.key, DocumentState::Done);
        assert_eq!(block_on(erp.find(&order.key)).unwrap().unwrap().state, DocumentState::Done);
    }

    #[test]
    fn without_a_native_key_a_second_create_is_a_duplicate() {
        let erp = FakeErp::new(Once::LockOnly);
        let order = sample::sales_order(&sample::order("main", 1), Release::Ship);
        for _ in 0..2 {
            assert!(matches!(block_on(erp.create(&order)), Ok(Creation::Created(_))));
        }
        assert_eq!(erp.sales().len(), 2);
    }
}
