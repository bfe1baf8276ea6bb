//! What the warehouse does with an order once it is to be shipped, and how the
//! ERP tells of it.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::fulfilment::{DeliveredLine, GoodsReturn, Parcel};
use weir_domain::hint::{Cause, HINT_VERSION, Hint};
use weir_domain::id::{DocumentKey, Generation, OrderKey, ParcelId, ReturnId};
use weir_domain::money::Totals;
use weir_domain::order::{Order, Refund};
use weir_domain::ports::{DocumentState, ErpDocument};
use weir_domain::sales::LineKind;
use weir_testkit::Sale;

use crate::customers::Biography;
use crate::faults::FaultClass as F;
use crate::orders;
use crate::world::World;

/// Looks of the warehouse at an order that is not to be shipped yet.
const LOOKS: usize = 30;

/// What is in a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// All of the first line.
    First,
    /// All of the first line but one unit, and the rest.
    AllButOne,
    /// The second line.
    Rest,
    /// Everything.
    All,
}

impl Biography {
    /// One thing that the warehouse does, once the sale is to be shipped, and
    /// says; `false`: it never was while the warehouse looked.
    pub(crate) async fn deliver(
        &self,
        what: &str,
        act: impl FnOnce(&[(u64, Decimal)], &mut Vec<Parcel>, &mut Vec<GoodsReturn>),
    ) -> bool {
        for _ in 0..LOOKS {
            let released = self.world.erps.values().find_map(|erp| {
                let sale = erp.books.sales().into_iter().find(|sale| self.is_to_be_sent(sale))?;
                Some((erp, sale))
            });
            if let Some((erp, sale)) = released {
                let goods = goods(&sale);
                erp.books
                    .people_deliver(&sale.order.key, what, |parcels, returns| act(&goods, parcels, returns));
                self.look_whether_all_is_sent();
                self.event();
                return true;
            }
            self.pause(5, 30).await;
        }
        false
    }

    fn is_to_be_sent(&self, sale: &Sale) -> bool {
        let key = DocumentKey::of_order(&self.key(), Generation::FIRST);
        sale.order.key == key && matches!(sale.state, DocumentState::Processing | DocumentState::Done)
    }

    /// Whoever may call the order completed from now on.
    pub(crate) fn look_whether_all_is_sent(&self) {
        let Some(order) = self.shop.present(self.id) else { return };
        let refunds = self.shop.refunds_of(self.id);
        let sent = |sale: Sale| self.is_to_be_sent(&sale) && !owes(&order, &refunds, &sale);
        if self.world.erps.values().any(|erp| erp.books.sales().into_iter().any(sent)) {
            self.shop.note_sent_in_full(self.id);
        }
    }

    /// A parcel leaves.
    pub(crate) async fn send(&self, name: &str, content: Content) -> bool {
        let parcel =
            |goods: &[(u64, Decimal)]| parcel(&self.name(name), content, goods, self.world.stage.now());
        self.deliver(&format!("sends {name}"), |goods, parcels, _| parcels.push(parcel(goods))).await
    }

    /// One unit of the first line has come back.
    pub(crate) async fn take_back(&self, name: &str) -> bool {
        let id = self.name(name);
        self.deliver(&format!("takes {name} back"), |goods, _, returns| returns.push(one_back(&id, goods)))
            .await
    }

    /// Unique in every ERP.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.key())
    }

    pub(crate) fn key(&self) -> OrderKey {
        OrderKey { store: self.shop.store.clone(), order: self.id }
    }

    /// The ERP's event, as badly as events come. The feed finds what is lost.
    fn event(&self) {
        let stage = &self.world.stage;
        if stage.strikes(F::W1) {
            stage.log(|| format!("ERP: the event about {} is lost", self.key()));
            return;
        }
        let copies = if stage.strikes(F::W2) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if stage.strikes(F::W3) { stage.draw(|dice| dice.u64(1..600)) } else { 0 };
            let ms = stage.draw(|dice| dice.u64(20..900));
            tokio::task::spawn_local(say(Arc::clone(&self.world), self.key(), late * 1_000 + ms));
        }
    }
}

/// What `erp-events` puts into the queue.
async fn say(world: Arc<World>, order: OrderKey, after_ms: u64) {
    sleep(Duration::from_millis(after_ms)).await;
    let hint = Hint {
        v: HINT_VERSION,
        store: order.store,
        order: order.order,
        received_at: world.stage.now(),
        cause: Cause::Erp,
        correlation: world.next_name("erp-events"),
    };
    world.queue.put(&serde_json::to_string(&hint).unwrap_or_default());
}

/// The lines of a sale that are goods, and their units.
fn goods(sale: &Sale) -> Vec<(u64, Decimal)> {
    let goods = sale.order.lines.iter().filter(|line| line.kind == LineKind::Goods);
    goods.map(|line| (line.line, line.quantity)).collect()
}

fn parcel(id: &str, content: Content, goods: &[(u64, Decimal)], at: jiff::Timestamp) -> Parcel {
    let taken = |(at, (_, quantity)): (usize, &(u64, Decimal))| match (content, at) {
        (Content::First | Content::All, 0) | (Content::Rest | Content::All | Content::AllButOne, 1..) => {
            *quantity
        }
        (Content::AllButOne, 0) => *quantity - Decimal::ONE,
        (Content::Rest, 0) | (Content::First, _) => Decimal::ZERO,
    };
    let lines = goods.iter().enumerate().map(|line| (line.1.0, taken(line)));
    let lines = lines.filter(|(_, quantity)| !quantity.is_zero()).map(|(line, quantity)| DeliveredLine {
        line: Some(line),
        item: "MUG-L".to_owned(),
        quantity,
    });
    Parcel {
        id: ParcelId(id.to_owned()),
        shipped_at: at,
        carrier: Some("UPS".to_owned()),
        tracking: Some(format!("1Z-{id}")),
        link: None,
        lines: lines.collect(),
    }
}

fn one_back(id: &str, goods: &[(u64, Decimal)]) -> GoodsReturn {
    let totals = Totals {
        currency: "EUR".parse().unwrap_or_else(|_| unreachable!("a currency")),
        net: orders::UNIT_TAX - orders::UNIT_GROSS,
        tax: -orders::UNIT_TAX,
        gross: -orders::UNIT_GROSS,
    };
    let line = goods.first().map(|(line, _)| *line);
    GoodsReturn {
        id: ReturnId(id.to_owned()),
        credit: ErpDocument {
            id: format!("credit-{id}"),
            number: Some(format!("RET-{id}")),
            state: DocumentState::Processing,
            totals: Some(totals),
        },
        lines: vec![DeliveredLine { line, item: "MUG-L".to_owned(), quantity: Decimal::ONE }],
    }
}

/// Whether something that was ordered and not given back has not left: counted
/// here by hand, since the oracle does not believe the code.
pub fn owes(order: &Order, refunds: &[Refund], sale: &Sale) -> bool {
    goods(sale).iter().any(|(line, _)| {
        let of = |units: &mut dyn Iterator<Item = (u64, Decimal)>| -> Decimal {
            units.filter(|(of, _)| of == line).map(|(_, units)| units).sum()
        };
        let ordered = of(&mut order.lines.iter().map(|line| (line.id, line.quantity)));
        let refunded = refunds.iter().flat_map(|refund| &refund.lines);
        let refunded = of(&mut refunded.map(|line| (line.line, line.quantity)));
        let sent = sale.parcels.iter().flat_map(|parcel| &parcel.lines);
        let sent = of(&mut sent.map(|line| (line.line.unwrap_or_default(), line.quantity)));
        let back = sale.returns.iter().flat_map(|one| &one.lines);
        let back = of(&mut back.map(|line| (line.line.unwrap_or_default(), line.quantity)));
        // A unit that left, came back and was refunded had left.
        ordered - (refunded - back).max(Decimal::ZERO) > sent
    })
}
