//! What must hold when everything is quiet again. The oracle looks only at
//! the shop, the ERPs' books and what it injected; the ledger is a witness
//! that is cross-examined, never believed.

mod deliveries;

use rust_decimal::Decimal;
use weir_domain::id::{DocumentKey, OrderKey, RefundId};
use weir_domain::import::Effect;
use weir_domain::order::{Order, OrderStatus};
use weir_domain::ports::{DocumentState, Ledger};
use weir_domain::record::{DocumentAxis, Hold, OrderRecord, WaitReason};
use weir_domain::sales::{LineKind, SalesLine};
use weir_testkit::{Sale, sample};

use crate::erp::SimErp;
use crate::faults::FaultClass as F;
use crate::invocation::Doom;
use crate::orders;
use crate::world::World;

/// Unclear answers before an order is given to people.
const UNKNOWN_BUDGET: u32 = 8;
/// Lost workers before an order is given to people.
const CRASH_BUDGET: u64 = 5;

/// What keeps a worker from writing down what it did.
const UNWRITTEN: [F; 3] = [F::D1, F::D3, F::D5];

/// Everything known about one order at the end.
struct Case<'a> {
    world: &'a World,
    erp: &'a SimErp,
    key: OrderKey,
    order: Option<Order>,
    record: Option<OrderRecord>,
    /// Its sales orders, one for each life.
    sales: Vec<Sale>,
    /// Credits for its refunds.
    credits: Vec<Sale>,
}

/// Checks every order of a quiet world.
pub async fn check(world: &World, thorough: bool) {
    let records = world.records().await;
    for (key, record) in records {
        let Some((shop, config)) = world.shops.get(&key.store).zip(world.configs.get(&key.store)) else {
            continue;
        };
        let Some(erp) = config.entities.first().and_then(|rule| world.erps.get(&rule.erp)) else { continue };
        let of_this = erp.books.sales().into_iter().filter(|sale| sale.order.key.order == key);
        let (credits, sales) = of_this.partition(|sale| sale.order.key.refund.is_some());
        let order = shop.present(key.order);
        let case = Case { world, erp, key, order, record, sales, credits };
        case.once();
        case.audited().await;
        case.real();
        case.settled();
    }
    private(world, thorough);
    refused_once(world);
}

impl Case<'_> {
    fn violate(&self, invariant: &'static str, what: &str) {
        self.world.stage.violate(invariant, format!("{}: {what}", self.key));
    }

    /// I1: one sales order for each life, one of them alive, one payment for
    /// each transaction in all lives together, one credit for each refund, and
    /// no more credited than was sold.
    fn once(&self) {
        let documents = self.sales.iter().chain(&self.credits);
        let mut keys: Vec<&DocumentKey> = documents.map(|sale| &sale.order.key).collect();
        keys.sort();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            self.violate("I1", "two sales orders under one key");
        }
        if self.alive().count() > 1 {
            self.violate("I1", "two sales orders are alive");
        }
        let dearest = self.sales.iter().map(|sale| sale.order.totals.gross).max();
        if dearest.is_some_and(|gross| self.paid() > gross) {
            self.violate("I1", "more was paid than the order comes to");
        }
        if dearest.unwrap_or_default() < -self.credited() {
            self.violate("I1", "more was credited than the order comes to");
        }
    }

    /// What all credits together come to: never positive.
    fn credited(&self) -> Decimal {
        let alive = self.credits.iter().filter(|credit| credit.state != DocumentState::Cancelled);
        alive.map(|credit| credit.order.totals.gross).sum()
    }

    /// What was paid in all lives together.
    fn paid(&self) -> Decimal {
        self.sales.iter().flat_map(|sale| sale.payments.values()).map(|payment| payment.amount).sum()
    }

    /// Whether people in the ERP cancelled one of its sales orders.
    fn gone_in_erp(&self) -> bool {
        self.sales.iter().any(|sale| self.erp.books.was_cancelled_here(&sale.order.key))
    }

    fn alive(&self) -> impl Iterator<Item = &Sale> {
        self.sales.iter().filter(|sale| sale.state != DocumentState::Cancelled)
    }

    /// I7: the audit has no gap, and ends with the record.
    async fn audited(&self) {
        let Some(record) = &self.record else { return };
        let audit = self.world.ledger.audit(&self.key).await.unwrap_or_default();
        let gapless = (1..).zip(&audit).all(|(seq, entry)| entry.seq == seq);
        if !gapless || audit.len() as u64 != record.audit_seq {
            self.violate("I7", "the audit has gaps");
        }
        if audit.last().map(|entry| &entry.record) != Some(record) {
            self.violate("I7", "replaying the audit does not give the record");
        }
    }

    /// I3: what the ledger calls booked exists.
    fn real(&self) {
        let Some(record) = self.record.as_ref().filter(|record| record.document == DocumentAxis::InErp)
        else {
            return;
        };
        let named = record.sales_order().map(|document| document.id.as_str());
        if !self.sales.iter().any(|sale| Some(sale.id.as_str()) == named) {
            self.violate("I3", "the ledger names a sales order that does not exist");
        }
        let named = record.refunds.values().filter_map(|credit| credit.document.as_ref());
        let of_return =
            |id: &str| self.sales.iter().flat_map(|sale| &sale.returns).any(|one| one.credit.id == id);
        let is_there = |id: &str| self.credits.iter().any(|credit| credit.id == id) || of_return(id);
        if named.into_iter().any(|id| !is_there(id)) {
            self.violate("I3", "the ledger names a credit that does not exist");
        }
    }

    /// I2, I4, I8: the order is where it should be, or with people for a
    /// reason that holds.
    fn settled(&self) {
        let hold = self.record.as_ref().map(|record| &record.hold);
        if let Some(Hold::Waiting { reason, due_at, .. }) = hold
            && *reason != WaitReason::Payment
        {
            self.violate("I2", &format!("still waits for {reason:?} until {due_at}"));
            return;
        }
        if let Some(Hold::Exception(exception)) = hold {
            if !self.excuses(&exception.code) {
                self.violate("I8", &format!("was given to people without cause: {}", exception.code));
            }
            if let (Some(order), "amendment_refused") = (&self.order, exception.code.as_str()) {
                self.gives_back(order);
            }
            self.delivered(Some(&exception.code));
            return;
        }
        self.delivered(None);
        match &self.order {
            Some(order) => self.agrees(order),
            None if self.alive().next().is_some() && self.world.was_told_of_deletion(&self.key) => {
                self.violate("I2", "was deleted in the shop, is alive in the ERP, and nobody was told");
            }
            None => {}
        }
    }

    fn agrees(&self, order: &Order) {
        let Some(config) = self.world.configs.get(&self.key.store) else { return };
        let gone_in_erp = self.gone_in_erp();
        let wanted = match config.import.effect(order) {
            Effect::Ship => Some(DocumentState::Processing),
            Effect::Reserve | Effect::Authorised => Some(DocumentState::Reserved),
            Effect::ShipIfPaid | Effect::Never => None,
        };
        self.gives_back(order);
        match (wanted, self.alive().next()) {
            (Some(state), Some(sale)) => self.faithful(order, sale, state),
            // Told by the nightly match, which does not run in this world.
            (Some(_), None) if gone_in_erp => {}
            (Some(_), None) => {
                self.violate("I2", &format!("is {} in the shop and not in the ERP", order.status));
            }
            (None, Some(_)) if order.status == OrderStatus::Cancelled => {
                self.violate("I4", "is cancelled in the shop and alive in the ERP");
            }
            (None, Some(sale))
                if order.status == OrderStatus::Refunded && sale.state == DocumentState::Reserved =>
            {
                self.violate("I4", "is wholly refunded in the shop and still reserved in the ERP");
            }
            (None, Some(sale)) if sale.state == DocumentState::Draft => {
                self.violate("I4", "was left half made in the ERP");
            }
            (None, _) => {}
        }
    }

    /// I4: to the cent, in the newest edition, as far as it should be, and paid.
    fn faithful(&self, order: &Order, sale: &Sale, wanted: DocumentState) {
        let newest: u32 = order.note.expose().trim_start_matches('#').parse().unwrap_or_default();
        if orders::edition(&sale.order) != newest {
            let has = orders::edition(&sale.order);
            self.violate("I4", &format!("the ERP has edition {has}, the shop {newest}"));
        }
        if sale.order.totals != order.totals() {
            self.violate("I4", "the totals differ");
        }
        let net: Decimal = sale.order.lines.iter().map(|line| line.net + line.tax).sum();
        if net != order.totals().gross {
            self.violate("I4", "the lines do not come to what the customer pays");
        }
        if sale.state < wanted {
            self.violate("I4", &format!("is {:?} in the ERP and should be {wanted:?}", sale.state));
        }
        let paid = order.payment.paid_at.is_some() && wanted == DocumentState::Processing;
        if paid && self.paid() != order.totals().gross {
            self.violate("I4", &format!("is paid in the shop; in the ERP, {} of it", self.paid()));
        }
    }

    /// I4: the credits are the shop's refunds, each to the cent and booked.
    fn gives_back(&self, order: &Order) {
        if self.gone_in_erp() || !self.alive().any(|sale| sale.state >= DocumentState::Processing) {
            return;
        }
        let credit = |id: RefundId| self.credits.iter().find(|credit| credit.order.key.refund == Some(id));
        let of_returns = self.refunds_of_returns();
        for refund in &order.refunds {
            match credit(refund.id) {
                Some(_) if of_returns.contains(&refund.id) => {
                    self.violate("I1", &format!("refund {} of a return has a credit beside it", refund.id));
                }
                None if of_returns.contains(&refund.id) => {}
                None => self.violate("I4", &format!("refund {} has no credit", refund.id)),
                Some(credit) if credit.order.totals.gross != refund.total => {
                    self.violate("I4", &format!("refund {} is another sum in the ERP", refund.id));
                }
                Some(credit) if credit.state != DocumentState::Processing => {
                    self.violate("I4", &format!("the credit of refund {} is half made", refund.id));
                }
                Some(credit) => self.gives_back_what_came(refund.id, credit),
            }
        }
        if self.unfounded_credits(order) {
            self.violate("I4", "there is a credit whose refund the shop does not have");
        }
    }

    /// Units that came back are goods of their line, the rest is money; the tax
    /// is that of the order's one rate; and the credit names its sales order.
    fn gives_back_what_came(&self, id: RefundId, credit: &Sale) {
        let refunds = self.world.shops.get(&self.key.store).map(|shop| shop.refunds_of(self.key.order));
        let refund = refunds.into_iter().flatten().find(|refund| refund.id == id);
        let Some(refund) = refund else { return };
        let goods = |line: &&SalesLine| line.kind == LineKind::Goods;
        let booked: Vec<_> =
            credit.order.lines.iter().filter(goods).map(|line| (line.line, -line.quantity)).collect();
        let came: Vec<_> = refund.lines.iter().map(|line| (line.line, line.quantity)).collect();
        if booked != came {
            self.violate("I4", &format!("refund {id} brought {came:?}, its credit has {booked:?}"));
        }
        let tax = credit.order.lines.iter().map(|line| line.tax).sum::<Decimal>();
        let right = credit.order.totals.gross * Decimal::new(19, 2) / Decimal::new(119, 2);
        if (tax - right).abs() > Decimal::new(1, 2) {
            self.violate("I4", &format!("refund {id} gives back {tax} of tax instead of {right}"));
        }
        let origin = credit.order.origin.as_ref();
        if !self.sales.iter().any(|sale| Some(&sale.id) == origin) {
            self.violate("I3", &format!("the credit of refund {id} names no sales order"));
        }
    }

    fn unfounded_credits(&self, order: &Order) -> bool {
        let founded =
            |credit: &Sale| order.refunds.iter().any(|refund| credit.order.key.refund == Some(refund.id));
        !self.credits.iter().all(founded)
    }

    /// Whether an exception is justified by what was injected or by what
    /// people did.
    fn excuses(&self, code: &str) -> bool {
        let status = self.order.as_ref().map(|order| &order.status);
        let too_far = || {
            self.sales
                .iter()
                .any(|sale| matches!(sale.state, DocumentState::Processing | DocumentState::Done))
        };
        let gone_in_erp = || self.gone_in_erp();
        match code {
            "item_unknown" => self.order.as_ref().is_some_and(|order| {
                order
                    .lines
                    .iter()
                    .any(|line| line.product.sku.as_ref().is_some_and(|sku| sku.0 == orders::REFUSED_SKU))
            }),
            "refund_deleted" => self.order.as_ref().is_some_and(|order| self.unfounded_credits(order)),
            "amendment_refused" => too_far() || gone_in_erp(),
            "cancel_refused" => too_far(),
            "cancelled_in_erp" | "document_missing" => gone_in_erp(),
            "deleted_in_shop" => status.is_none_or(|status| *status == OrderStatus::Trash),
            "status_regressed" => {
                matches!(status, Some(OrderStatus::Pending | OrderStatus::OnHold | OrderStatus::Failed))
            }
            "payment_overdue" => status == Some(&OrderStatus::OnHold),
            "outcome_unknown" => {
                let reads =
                    self.world.shops.get(&self.key.store).map_or(0, |shop| shop.unknowns(self.key.order));
                self.erp.books.unknowns(&self.key.to_string()) + reads > UNKNOWN_BUDGET
            }
            // A worker that cannot write its end down has not finished either.
            "worker_failed" => {
                let unwritten = self.world.stage.met(&UNWRITTEN);
                u64::from(self.world.deaths(&self.key)) + unwritten >= CRASH_BUDGET
            }
            _ => self.excuses_delivery(code),
        }
    }
}

/// I8: what the ERP refused for good it was asked once, and once more for
/// every time that the answer could not be written down, or a person asked.
fn refused_once(world: &World) {
    let forgotten = world.stage.met(&Doom::CLASSES)
        + world.stage.met(&UNWRITTEN)
        + world.stage.met(&[F::E2, F::E3, F::E5, F::E6, F::E7])
        + world.actions();
    for erp in world.erps.values() {
        for (state, refusals) in erp.books.rejections() {
            if u64::from(refusals) > 1 + forgotten {
                world.stage.violate("I8", format!("{state} was refused {refusals} times"));
            }
        }
    }
}

/// I9: nobody's name is where it should not be.
fn private(world: &World, thorough: bool) {
    let mut texts = world.queue.every_body();
    if thorough {
        texts.extend(world.table.texts());
    }
    for canary in sample::CANARIES {
        if texts.iter().any(|text| text.contains(canary)) {
            world.stage.violate("I9", format!("{canary:?} is in a queue or in the ledger"));
        }
    }
}
