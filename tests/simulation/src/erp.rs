//! ERPs of every kind of guarantee, as nasty as real ones: late commits,
//! look-ups that lag, workflows that stop in the middle, maintenance.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use weir_domain::fulfilment::{Deliveries, GoodsReturn, Parcel};
use weir_domain::id::{DocumentKey, ErpId, OrderKey};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Creation, DocumentState, Erp, ErpDocument, Once,
    TaxBasis,
};
use weir_domain::sales::{SalesOrder, SalesPayment};
use weir_testkit::{FakeErp, Sale};

use crate::faults::FaultClass as F;
use crate::invocation;
use crate::orders;
use crate::stage::{Port, Side, Stage, Strike, lock};
use crate::stock::ground::Ground;

/// Our time-out of one call to an ERP.
const TIME_OUT: Duration = Duration::from_secs(20);
/// What the ERP promises: later than this after our time-out nothing commits.
pub const LONGEST_REQUEST: SignedDuration = SignedDuration::from_secs(60);
/// What an ERP with a lagging look-up promises.
pub const LOOKUP_LAG: SignedDuration = SignedDuration::from_secs(30);

/// How an ERP guarantees "once".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It refuses a second document under one reference.
    NativeKey,
    /// A second create under one reference answers with the first document.
    Upsert,
    /// It honours a precondition.
    Conditional,
    /// Nothing but our lease and look-up, within bounds of lateness.
    LockOnly,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::NativeKey, Self::Upsert, Self::Conditional, Self::LockOnly];

    fn once(self) -> Once {
        match self {
            Self::NativeKey | Self::Upsert => Once::NativeKey,
            Self::Conditional => Once::Conditional,
            Self::LockOnly => Once::LockOnly,
        }
    }
}

/// A time in which nothing works.
#[derive(Debug, Clone)]
pub struct Window {
    /// From …
    pub from: Timestamp,
    /// … until.
    pub to: Timestamp,
    /// What every call gets.
    pub error: CallError,
}

/// One ERP.
#[derive(Debug)]
pub struct SimErp {
    /// The books.
    pub books: Arc<Books>,
    id: ErpId,
    kind: Kind,
    stage: Arc<Stage>,
    windows: Mutex<Vec<Window>>,
    /// Commits may be later than promised: outside of the claim.
    beyond: bool,
}

/// What an ERP knows, and when it came to know it.
#[derive(Debug)]
pub struct Books {
    inner: FakeErp,
    stage: Arc<Stage>,
    kind: Kind,
    committed: Mutex<BTreeMap<String, Timestamp>>,
    lag: SignedDuration,
    /// Orders that people in the ERP cancelled.
    cancelled: Mutex<Vec<DocumentKey>>,
    rejections: Mutex<BTreeMap<String, u32>>,
    unknowns: Mutex<BTreeMap<String, u32>>,
    calls: Mutex<u64>,
    /// The warehouse, which acts on what the books say.
    ground: OnceLock<Arc<Ground>>,
}

impl SimErp {
    /// An ERP with empty books.
    pub fn new(id: ErpId, kind: Kind, beyond: bool, stage: &Arc<Stage>) -> Self {
        let lag = if stage.strikes(F::E9) { LOOKUP_LAG } else { SignedDuration::ZERO };
        let books = Books {
            inner: FakeErp::new(kind.once()),
            stage: Arc::clone(stage),
            kind,
            committed: Mutex::default(),
            lag,
            cancelled: Mutex::default(),
            rejections: Mutex::default(),
            unknowns: Mutex::default(),
            calls: Mutex::default(),
            ground: OnceLock::new(),
        };
        Self { books: Arc::new(books), id, kind, stage: Arc::clone(stage), windows: Mutex::default(), beyond }
    }

    /// Nothing works from `from` until `to`.
    pub fn close(&self, window: Window) {
        lock(&self.windows).push(window);
    }

    /// What every call gets now, if nothing works.
    pub fn closed(&self) -> Option<CallError> {
        let now = self.stage.now();
        let windows = lock(&self.windows);
        let window = windows.iter().find(|window| window.from <= now && now < window.to)?;
        let class = if matches!(window.error, CallError::Blocked { .. }) { F::E10 } else { F::E11 };
        self.stage.coverage.met(class);
        Some(window.error.clone())
    }

    /// The fault of the next write. A process that sleeps between its last
    /// look at the clock and its write commits later than was promised: that
    /// is outside of the claim, like any commit beyond the bounds.
    fn next_strike(&self) -> Option<Strike> {
        let strike = self.stage.next_strike(Port::Erp)?;
        let too_late = strike.class == F::L3 && strike.side == Side::Before && !self.beyond;
        (!too_late).then_some(strike)
    }

    /// One call that changes something.
    async fn write<T: Send + 'static>(
        &self,
        method: &'static str,
        key: &DocumentKey,
        effect: impl FnOnce(&Books) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        self.call(method, &key.order, &key.to_string(), effect).await
    }

    /// One call about an order, or, as `about` tells, one of its lives.
    async fn call<T: Send + 'static>(
        &self,
        method: &'static str,
        order: &OrderKey,
        about: &str,
        effect: impl FnOnce(&Books) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        self.budget(method, order, about);
        let name = format!("{}.{method} {about}", self.id);
        let strike = self.next_strike();
        self.stage.reach(&name, strike, Side::Before).await;
        if let Some(error) = self.closed() {
            return Err(self.noted(order, error));
        }
        if let Some(class) = self.stage.answer_lost(&name, strike, Side::Before)
            && let Some(error) = self.fails_before(class).await
        {
            return Err(self.noted(order, error));
        }
        if let Some(strike) = strike.filter(|strike| self.commits_late(*strike)) {
            self.commit_late(&name, effect);
            self.stage.reach(&name, Some(strike), Side::After).await;
            self.stage.answer_lost(&name, Some(strike), Side::After);
            sleep(TIME_OUT).await;
            return Err(self.noted(order, CallError::unknown("timed out")));
        }
        let answer = effect(&self.books);
        self.books.tell_the_warehouse();
        self.stage.log(|| format!("{} {name}: {}", invocation::name(), outcome(&answer)));
        self.stage.reach(&name, strike, Side::After).await;
        let Some(class) = self.stage.answer_lost(&name, strike, Side::After) else { return answer };
        Err(self.noted(order, self.fails_after(class).await))
    }

    /// One call that changes nothing.
    async fn read<T>(
        &self,
        method: &str,
        about: &str,
        read: impl FnOnce(&Books) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let fail = |class| match class {
            F::E4 => CallError::retry_soon("http 429"),
            F::E6 => CallError::blocked("html instead of json"),
            F::E10 => CallError::blocked("http 401"),
            _ => CallError::unknown("http 500"),
        };
        let answer = || self.closed().map_or_else(|| read(&self.books), Err);
        self.stage.call(Port::ErpStock, &format!("{}.{method} {about}", self.id), fail, answer).await
    }

    /// One retry layer: within one piece of work no call is repeated.
    fn budget(&self, method: &'static str, order: &OrderKey, about: &str) {
        *lock(&self.books.calls) += 1;
        let Some(invocation) = invocation::current() else { return };
        let in_one_piece = match method {
            "find" => 2,
            "pay" => orders::PAYMENTS,
            _ => 1,
        };
        let order = order.to_string();
        if invocation.made_before(about, method) >= in_one_piece * invocation.pieces(&order).max(1) {
            self.stage.violate("I10", format!("{} repeats {method} for {about}", invocation.name()));
        }
    }

    fn noted(&self, order: &OrderKey, error: CallError) -> CallError {
        if let CallError::Unknown { .. } = error {
            *lock(&self.books.unknowns).entry(order.to_string()).or_default() += 1;
        }
        error
    }

    /// What the caller hears of a call that had no effect; `None`: it has one
    /// after all, too late for the caller.
    async fn fails_before(&self, class: F) -> Option<CallError> {
        match class {
            F::E1 => {
                sleep(TIME_OUT).await;
                Some(CallError::unknown("timed out"))
            }
            F::E4 => {
                let wishes = [None, Some(7), Some(90), Some(9_000 * 3_600)];
                let wish = self.stage.draw(|dice| wishes[dice.usize(0..wishes.len())]);
                let after = wish.map(SignedDuration::from_secs);
                Some(CallError::RetrySoon { why: "http 429".to_owned(), after })
            }
            F::E6 => Some(CallError::blocked("html instead of json")),
            F::E7 => {
                sleep(Duration::from_secs(70)).await;
                None
            }
            F::E10 => Some(CallError::blocked("http 401")),
            _ => Some(CallError::unknown("http 500")),
        }
    }

    async fn fails_after(&self, class: F) -> CallError {
        match class {
            F::E2 => sleep(TIME_OUT).await,
            F::E7 => sleep(Duration::from_secs(70)).await,
            _ => {}
        }
        let why = if class == F::E6 { "truncated json" } else { "no answer" };
        CallError::unknown(why)
    }

    /// A late commit, or one that a dying process had sent already.
    fn commits_late(&self, strike: Strike) -> bool {
        let sent_and_died = strike.class == F::L1 && strike.side == Side::After;
        strike.class == F::E3
            || sent_and_died && !self.stage.is_calm() && self.stage.draw(fastrand::Rng::bool)
    }

    fn commit_late<T: Send + 'static>(
        &self,
        name: &str,
        effect: impl FnOnce(&Books) -> Result<T, CallError> + Send + 'static,
    ) {
        let promised = LONGEST_REQUEST.as_secs().unsigned_abs();
        let longest = if self.beyond { 15 * promised } else { promised };
        let late = TIME_OUT + Duration::from_secs(self.stage.draw(|dice| dice.u64(0..longest)));
        let (books, stage, name) = (Arc::clone(&self.books), Arc::clone(&self.stage), name.to_owned());
        tokio::task::spawn_local(async move {
            sleep(late).await;
            let answer = effect(&books);
            books.tell_the_warehouse();
            stage.log(|| format!("{name} commits late: {}", outcome(&answer)));
        });
    }
}

fn outcome<T>(answer: &Result<T, CallError>) -> String {
    match answer {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

impl Books {
    /// Every sale, in the order they were made.
    pub fn sales(&self) -> Vec<Sale> {
        self.inner.sales()
    }

    /// Whether people in the ERP cancelled this sale.
    pub fn was_cancelled_here(&self, key: &DocumentKey) -> bool {
        lock(&self.cancelled).contains(key)
    }

    /// Refusals of one state of an order, by the most refused state.
    pub fn rejections(&self) -> BTreeMap<String, u32> {
        lock(&self.rejections).clone()
    }

    /// Unclear answers about an order.
    pub fn unknowns(&self, order: &str) -> u32 {
        lock(&self.unknowns).get(order).copied().unwrap_or_default()
    }

    /// Calls in all.
    pub fn calls(&self) -> u64 {
        *lock(&self.calls)
    }

    fn now<T>(call: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
        call.now_or_never().unwrap_or_else(|| Err(CallError::unknown("the books never wait")))
    }

    /// A change of content: it never goes back (I6), and is counted (I1).
    fn changing<T>(
        &self,
        order: &SalesOrder,
        change: impl FnOnce() -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let before = self.inner.sale(&order.key).map(|sale| orders::edition(&sale.order));
        let answer = change();
        let sales = self.inner.sales();
        let mut same = sales.iter().filter(|sale| sale.order.key == order.key);
        let after = same.next().map(|sale| orders::edition(&sale.order));
        if before > after {
            self.stage.violate("I6", format!("{} went from edition {before:?} to {after:?}", order.key));
        }
        if same.next().is_some() {
            self.stage.violate("I1", format!("{} has a second sales order", order.key));
        }
        answer
    }

    fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        if orders::is_refused(order) {
            let state = format!("{} edition {}", order.key, orders::edition(order));
            *lock(&self.rejections).entry(state).or_default() += 1;
            return Err(CallError::rejected("item_unknown", orders::REFUSED_SKU));
        }
        let created = self.changing(order, || Self::now(self.inner.create(order)))?;
        match created {
            Creation::Created(document) => {
                lock(&self.committed).insert(document.id.clone(), self.stage.now());
                Ok(Creation::Created(document))
            }
            Creation::AlreadyExists if self.kind == Kind::Upsert => {
                let found = Self::now(self.inner.find(&order.key))?;
                Ok(found.map_or(Creation::AlreadyExists, Creation::Created))
            }
            Creation::AlreadyExists => Ok(Creation::AlreadyExists),
        }
    }

    fn find(&self, key: &DocumentKey) -> Option<ErpDocument> {
        let found = Self::now(self.inner.find(key)).ok().flatten()?;
        let committed = lock(&self.committed).get(&found.id).copied()?;
        if committed + self.lag > self.stage.now() {
            self.stage.coverage.met(F::E9);
            return None;
        }
        Some(found)
    }

    /// People in the ERP move a sale on.
    pub fn people_move(&self, key: &DocumentKey, state: DocumentState) {
        if self.inner.sale(key).is_some_and(|sale| sale.state != DocumentState::Cancelled) {
            self.stage.log(|| format!("people in the ERP move {key} to {state:?}"));
            if state == DocumentState::Cancelled {
                self.stage.coverage.met(F::E8);
                lock(&self.cancelled).push(key.clone());
            }
            self.inner.set_state(key, state);
            self.tell_the_warehouse();
        }
    }

    /// The warehouse sends, corrects, withdraws or takes back, and the feed
    /// says of which order.
    pub fn people_deliver(
        &self,
        key: &DocumentKey,
        what: &str,
        act: impl FnOnce(&mut Vec<Parcel>, &mut Vec<GoodsReturn>),
    ) {
        self.stage.log(|| format!("the warehouse {what} of {key}"));
        self.inner.deliver(key, act);
        self.inner.say_changed(key.order.clone());
    }

    /// From now on a warehouse acts on what the books say.
    pub fn keep_stock(&self, ground: &Arc<Ground>) {
        let _first = self.ground.set(Arc::clone(ground));
    }

    fn tell_the_warehouse(&self) {
        if let Some(ground) = self.ground.get() {
            ground.follow(&self.inner.sales(), |key| self.was_cancelled_here(key));
        }
    }
}

#[async_trait]
impl Erp for SimErp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            once: self.kind.once(),
            tax: TaxBasis::Given,
            longest_request: LONGEST_REQUEST,
            lookup_lag: LOOKUP_LAG,
        }
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError> {
        let looked_up = key.clone();
        self.write("find", key, move |books| Ok(books.find(&looked_up))).await
    }

    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        let made = order.clone();
        self.write("create", &order.key, move |books| books.create(&made)).await
    }

    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError> {
        let (document, made) = (document.clone(), order.clone());
        let confirm =
            move |books: &Books| books.changing(&made, || Books::now(books.inner.confirm(&document, &made)));
        self.write("confirm", &order.key, confirm).await
    }

    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError> {
        let (document, made) = (document.clone(), order.clone());
        let amend =
            move |books: &Books| books.changing(&made, || Books::now(books.inner.amend(&document, &made)));
        self.write("amend", &order.key, amend).await
    }

    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        let Some(key) = self.books.key_of(document) else {
            return Err(CallError::rejected("document_missing", &document.id));
        };
        let document = document.clone();
        self.write("cancel", &key, move |books| Books::now(books.inner.cancel(&document))).await
    }

    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        let (document, made) = (document.clone(), payment.clone());
        let pay = move |books: &Books| Books::now(books.inner.pay(&document, &made));
        self.call("pay", &payment.order, &payment.order.to_string(), pay).await
    }

    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        let Some(key) = self.books.key_of(document) else {
            return Err(CallError::rejected("document_missing", &document.id));
        };
        let about = key.to_string();
        self.budget("deliveries", &key.order, &about);
        let deliveries = |books: &Books| Books::now(books.inner.deliveries(document));
        let read = self.read("deliveries", &about, deliveries).await;
        read.map_err(|error| self.noted(&key.order, error))
    }

    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError> {
        self.read("changed_orders", "all", |books| Books::now(books.inner.changed_orders(cursor))).await
    }
}

impl Books {
    fn key_of(&self, document: &ErpDocument) -> Option<DocumentKey> {
        self.inner.sales().into_iter().find(|sale| sale.id == document.id).map(|sale| sale.order.key)
    }
}
