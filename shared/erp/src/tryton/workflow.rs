//! create → quote → confirm → process, resumed from any state: the state
//! that was read decides the next call, and a call that Tryton refuses is
//! followed by another look, because somebody may have been faster.

use rust_decimal::Decimal;
use serde_json::Map;
use weir_domain::money::Totals;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Amendment, Cancellation, ErpDocument};
use weir_domain::sales::{Release, SalesOrder};

use super::Tryton;
use super::classify::Failure;
use super::lines::{Line, added, has_lines, is_adjusted, rewritten};
use super::rights::Right;
use super::sale::{SALE, Sale, SaleState, sale_fields};

/// From a quotation with other content to processing it takes five; more
/// means that somebody works against us.
const MAX_STEPS: usize = 12;

const QUOTE: &str = "quote";
const CONFIRM: &str = "confirm";
const PROCESS: &str = "process";

/// The buttons that bring a draft with an order's content to its release.
pub(super) fn buttons(release: Release) -> &'static [&'static str] {
    match release {
        Release::Reserve => &[QUOTE],
        Release::Ship => &[QUOTE, CONFIRM, PROCESS],
    }
}

/// How much of a sale is to be made the order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    /// Where it differs.
    IfDifferent,
    /// In any case: who buys does not show in the sale's own fields.
    Always,
    /// It was just written.
    Written,
}

impl Tryton {
    pub(super) async fn confirm_sale(
        &self,
        document: &ErpDocument,
        order: &SalesOrder,
    ) -> Result<ErpDocument, CallError> {
        let sale = self.read(id(document)?).await?;
        Ok(self.bring(sale, order, Header::IfDifferent).await?.document())
    }

    /// Brings a sale to the order's release.
    async fn bring(&self, mut sale: Sale, order: &SalesOrder, mut header: Header) -> Result<Sale, CallError> {
        let mut lines = None;
        for _ in 0..MAX_STEPS {
            let button = match (sale.head.state, order.release) {
                (SaleState::Cancelled, _) => {
                    return Err(CallError::rejected("cancelled_in_erp", "the sale was cancelled in Tryton"));
                }
                (SaleState::Processing | SaleState::Done, _) | (SaleState::Confirmed, Release::Reserve) => {
                    return Ok(sale);
                }
                (SaleState::Confirmed, Release::Ship) => PROCESS,
                (SaleState::Quotation, release) => {
                    let wanted = self.wanted(&mut lines, order).await?;
                    match (agrees(&sale, order, wanted, header), release) {
                        (false, _) if header == Header::Written => return Err(changed(&sale, order)),
                        (false, _) => "draft",
                        (true, Release::Reserve) => return Ok(sale),
                        (true, Release::Ship) => CONFIRM,
                    }
                }
                (SaleState::Draft, _) => {
                    let wanted = self.wanted(&mut lines, order).await?;
                    match self.fill(&sale, order, wanted, header).await {
                        Ok(()) => header = Header::Written,
                        Err(Failure::Call(error)) => return Err(error),
                        Err(Failure::Refused) => {
                            sale = self.moved(&sale, Right::Write).await?;
                            continue;
                        }
                    }
                    QUOTE
                }
            };
            sale = match self.client.press(SALE, sale.head.id, button, &sale_fields()).await {
                Ok(sale) => sale,
                Err(Failure::Refused) => self.moved(&sale, Right::Press(button)).await?,
                Err(Failure::Call(error)) => return Err(error),
            };
        }
        Err(CallError::unknown("the sale keeps changing while it is worked on"))
    }

    /// The lines an order becomes, resolved when first needed: a sale that is
    /// already where it should be needs none.
    async fn wanted<'a>(
        &self,
        lines: &'a mut Option<Vec<Line>>,
        order: &SalesOrder,
    ) -> Result<&'a [Line], CallError> {
        if lines.is_none() {
            *lines = Some(self.lines(order).await?);
        }
        Ok(lines.as_deref().unwrap_or_default())
    }

    /// Another look after a refusal. If nothing moved, it was meant.
    async fn moved(&self, from: &Sale, right: Right) -> Result<Sale, CallError> {
        let sale = self.read(from.head.id).await?;
        if sale.head.state == from.head.state { Err(self.refused(right).await) } else { Ok(sale) }
    }

    /// Makes a draft's content the order's, and its totals exact. Each write
    /// answers with what it made, read in the same transaction.
    async fn fill(
        &self,
        draft: &Sale,
        order: &SalesOrder,
        wanted: &[Line],
        header: Header,
    ) -> Result<(), Failure> {
        let write_header = match header {
            Header::Always => true,
            Header::Written => false,
            Header::IfDifferent => !draft.has_header(order),
        };
        if !write_header && has_lines(&draft.lines, wanted) && comes_to(draft, &order.totals) {
            return Ok(());
        }
        // Adjustments that do not lead to the right sum belong to an older
        // state of the order.
        let bare = has_lines(&draft.lines, wanted) && !is_adjusted(&draft.lines);
        if bare && !write_header {
            return self.adjust(draft, order).await;
        }
        // Lines go with every write: Tryton would take a new header even for
        // a sale that left the draft meanwhile, but never new lines.
        let mut changes = if write_header { self.header(order).await? } else { Map::new() };
        changes.insert("lines".to_owned(), rewritten(&draft.lines, wanted));
        let written: Sale = self.client.update(SALE, draft.head.id, &changes.into(), &sale_fields()).await?;
        if comes_to(&written, &order.totals) { Ok(()) } else { self.adjust(&written, order).await }
    }

    /// Books what rounding left, if rounding explains it.
    async fn adjust(&self, draft: &Sale, order: &SalesOrder) -> Result<(), Failure> {
        let totals = draft.totals().ok_or_else(|| disagree(draft, order))?;
        let net = order.totals.net - totals.net;
        let tax = order.totals.tax - totals.tax;
        let explained = |residual: Decimal, bound: Decimal| residual.abs() <= bound;
        let bounds = &order.tolerance;
        if totals.currency != order.totals.currency
            || !explained(net, bounds.net)
            || !explained(tax, bounds.tax)
        {
            return Err(disagree(draft, order).into());
        }
        let adjustments = self.adjustments(&order.totals, net, tax).await?;
        let changes = Map::from_iter([("lines".to_owned(), added(&draft.lines, &adjustments))]);
        let adjusted: Sale = self.client.update(SALE, draft.head.id, &changes.into(), &sale_fields()).await?;
        if comes_to(&adjusted, &order.totals) { Ok(()) } else { Err(disagree(&adjusted, order).into()) }
    }

    pub(super) async fn amend_sale(
        &self,
        document: &ErpDocument,
        order: &SalesOrder,
    ) -> Result<Amendment, CallError> {
        let mut sale = self.read(id(document)?).await?;
        for _ in 0..MAX_STEPS {
            match sale.head.state {
                SaleState::Draft => {
                    let sale = self.bring(sale, order, Header::Always).await?;
                    return Ok(Amendment::Amended(sale.document()));
                }
                SaleState::Quotation | SaleState::Confirmed => {
                    match self.press_or_look(&sale, "draft").await? {
                        Some(moved) => sale = moved,
                        None => return Ok(Amendment::Refused(sale.document())),
                    }
                }
                SaleState::Cancelled => return Ok(Amendment::Refused(sale.document())),
                SaleState::Processing | SaleState::Done => return self.too_late(&sale, order).await,
            }
        }
        Err(CallError::unknown("the sale keeps changing while it is worked on"))
    }

    /// A sale that went too far is amended all the same if it already has the
    /// content: by an attempt that did not live to say so.
    async fn too_late(&self, sale: &Sale, order: &SalesOrder) -> Result<Amendment, CallError> {
        let wanted = match self.lines(order).await {
            Ok(wanted) => wanted,
            // Nothing can be written any more, so what cannot be resolved is
            // no news either.
            Err(CallError::Rejected(_)) => return Ok(Amendment::Refused(sale.document())),
            Err(error) => return Err(error),
        };
        let agreed = agrees(sale, order, &wanted, Header::IfDifferent);
        let outcome = if agreed { Amendment::Amended } else { Amendment::Refused };
        Ok(outcome(sale.document()))
    }

    pub(super) async fn cancel_sale(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        let mut sale = self.read(id(document)?).await?;
        for _ in 0..MAX_STEPS {
            let button = match sale.head.state {
                SaleState::Cancelled => return Ok(Cancellation::Cancelled(sale.document())),
                SaleState::Processing | SaleState::Done => return Ok(Cancellation::Refused(sale.document())),
                SaleState::Draft | SaleState::Quotation => "cancel",
                SaleState::Confirmed => "draft",
            };
            match self.press_or_look(&sale, button).await? {
                Some(moved) => sale = moved,
                None => return Ok(Cancellation::Refused(sale.document())),
            }
        }
        Err(CallError::unknown("the sale keeps changing while it is worked on"))
    }

    /// Presses a button; if that is refused, looks whether the sale moved
    /// anyway. `None`: Tryton refuses, e.g. because there are payments.
    async fn press_or_look(&self, sale: &Sale, button: &'static str) -> Result<Option<Sale>, CallError> {
        match self.client.press(SALE, sale.head.id, button, &sale_fields()).await {
            Ok(moved) => Ok(Some(moved)),
            Err(Failure::Call(error)) => Err(error),
            Err(Failure::Refused) => match self.moved(sale, Right::Press(button)).await {
                Ok(moved) => Ok(Some(moved)),
                Err(CallError::Rejected(rejection)) if rejection.code == "erp_refused" => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}

pub(super) fn id(document: &ErpDocument) -> Result<u64, CallError> {
    record_id(&document.id)
}

/// A recorded id as Tryton knows it.
pub(super) fn record_id(id: &str) -> Result<u64, CallError> {
    let foreign = |_| CallError::rejected("document_gone", "the recorded id is not one of Tryton's");
    id.parse().map_err(foreign)
}

/// Whether a sale is what the order asks for, to the cent.
fn agrees(sale: &Sale, order: &SalesOrder, wanted: &[Line], header: Header) -> bool {
    let header = header == Header::Written || sale.has_header(order);
    header && has_lines(&sale.lines, wanted) && comes_to(sale, &order.totals)
}

/// We wrote it as it should be, and the quotation is otherwise: a rule of
/// this Tryton's own is at work, and would be the next time.
fn changed(sale: &Sale, order: &SalesOrder) -> CallError {
    if comes_to(sale, &order.totals) {
        return CallError::rejected(
            "content_disagrees",
            "Tryton changes the lines when it makes the quotation",
        );
    }
    disagree(sale, order)
}

fn comes_to(sale: &Sale, totals: &Totals) -> bool {
    sale.totals().as_ref() == Some(totals)
}

fn disagree(sale: &Sale, order: &SalesOrder) -> CallError {
    let there = sale.totals().map_or_else(|| "another currency".to_owned(), |totals| totals.to_string());
    let detail = format!("Tryton comes to {there}, the shop to {}", order.totals);
    CallError::rejected("totals_disagree", detail)
}
