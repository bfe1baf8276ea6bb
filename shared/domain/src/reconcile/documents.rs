//! What the ERP has of one order, against what the ledger knows and the shop
//! wants.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::compare::{Compared, Sides, wanted};
use super::difference::{Difference, Kind, Resumption};
use crate::config::StoreConfig;
use crate::id::{DocumentKey, ErpId, RefundId, Sku};
use crate::mapping::Mappings;
use crate::order::Order;
use crate::ports::{BookedDocument, DocumentState, ErpDocument};
use crate::record::{DocumentAxis, Hold, OrderRecord};
use crate::resolve::{ResolveError, Resolver};
use crate::sales::Release;

/// Items of a difference that are told one by one.
const TOLD: usize = 4;

/// Sales orders with our key that are not cancelled, oldest life first.
pub(super) fn alive(booked: &[BookedDocument]) -> Vec<&BookedDocument> {
    let mut alive: Vec<_> = booked.iter().filter(|it| is_sale(it) && is_alive(it)).collect();
    alive.sort_by_key(|it| (it.key.as_ref().map(|key| key.generation), it.document.id.clone()));
    alive
}

fn is_sale(booked: &BookedDocument) -> bool {
    booked.key.as_ref().is_some_and(|key| key.refund.is_none())
}

fn is_alive(booked: &BookedDocument) -> bool {
    booked.document.state != DocumentState::Cancelled
}

/// What people in the ERP call it.
pub(super) fn name(booked: &BookedDocument) -> &str {
    booked.document.number.as_deref().unwrap_or(&booked.document.id)
}

fn names<'a>(booked: impl IntoIterator<Item = &'a BookedDocument>) -> String {
    let names: BTreeSet<&str> = booked.into_iter().map(name).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The record is to say that this sales order may exist.
pub(super) fn resumed(
    kind: Kind,
    document: &BookedDocument,
    erp: &ErpId,
    detail: String,
) -> Option<Difference> {
    let generation = document.key.as_ref()?.generation;
    let from = Resumption::Document { generation, erp: erp.clone() };
    Some(Difference::resume(kind, detail, from))
}

/// Of an order that the ledger does not know, or has no sales order of.
/// `imports`: one is about to be made.
pub(super) fn of_unknown(sides: &Sides<'_>, order: &Order, imports: bool) -> Vec<Difference> {
    let alive = alive(sides.booked);
    match (alive.as_slice(), sides.erp) {
        ([document], Some(erp)) => {
            let detail = format!("The ERP has {}, and the ledger does not know it.", name(document));
            resumed(Kind::DocumentUnknown, document, erp, detail).into_iter().collect()
        }
        ([], _) if imports => by_hand(sides.booked, order).into_iter().collect(),
        ([], _) | (_, None) => Vec::new(),
        (several, _) => vec![doubled(several)],
    }
}

fn doubled(several: &[&BookedDocument]) -> Difference {
    let detail = format!("The ERP has several sales orders of it: {}.", names(several.iter().copied()));
    Difference::park(Kind::DocumentDoubled, "document_doubled", "order", detail)
}

/// What somebody made by hand, and nobody cancelled.
pub(super) fn made_by_hand(booked: &[BookedDocument]) -> impl Iterator<Item = &BookedDocument> {
    booked.iter().filter(|it| it.key.is_none() && is_alive(it))
}

/// A refund that the shop made because goods came back in the ERP: its document
/// is the return's, which carries no key of ours.
pub(super) fn is_of_return(record: &OrderRecord, refund: RefundId) -> bool {
    record.returns.values().any(|known| known.refund == Some(refund))
}

fn by_hand(booked: &[BookedDocument], order: &Order) -> Option<Difference> {
    let by_hand: Vec<_> = made_by_hand(booked).collect();
    let detail = || {
        let names = names(by_hand.iter().copied());
        format!("Somebody made {names} in the ERP, which carries the number {}.", order.number)
    };
    (!by_hand.is_empty())
        .then(|| Difference::park(Kind::MadeByHandToo, "made_by_hand_too", "order", detail()))
}

/// Of an order that the ledger knows. `is_seen`: it is as the ledger has seen
/// it, so that its content can be compared; `imports`: its sales order is yet
/// to be made.
pub(super) fn of_known(
    config: &StoreConfig,
    mappings: &Mappings,
    sides: &Sides<'_>,
    record: &OrderRecord,
    order: &Order,
    (is_seen, imports): (bool, bool),
) -> Compared {
    let differences = match record.document {
        DocumentAxis::None => of_unknown(sides, order, imports),
        DocumentAxis::Cancelled => revived(sides).into_iter().collect(),
        DocumentAxis::Pushing => Vec::new(),
        DocumentAxis::InErp | DocumentAxis::Closed => {
            let sale = Sale { config, mappings, record, order, booked: sides.booked, is_seen };
            return sale.compare();
        }
    };
    Compared { differences, ..Compared::default() }
}

fn revived(sides: &Sides<'_>) -> Option<Difference> {
    let alive = alive(sides.booked);
    let names = || names(alive.iter().copied());
    (!alive.is_empty()).then(|| {
        let detail = format!("Its sales order was cancelled; {} is alive in the ERP.", names());
        Difference::park(Kind::RevivedInErp, "revived_in_erp", "order", detail)
    })
}

/// An order of which a sales order was made.
struct Sale<'a> {
    config: &'a StoreConfig,
    mappings: &'a Mappings,
    record: &'a OrderRecord,
    order: &'a Order,
    booked: &'a [BookedDocument],
    is_seen: bool,
}

impl Sale<'_> {
    fn compare(&self) -> Compared {
        let mut compared = Compared::default();
        let alive = alive(self.booked);
        if alive.len() > 1 {
            compared.differences.push(doubled(&alive));
        } else if let Some(document) = self.document() {
            compared.differences.extend(alive.first().and_then(|other| another(document, other)));
            compared.differences.extend(by_hand(self.booked, self.order));
            self.content(document, &mut compared);
        } else if let Some(known) = self.record.sales_order() {
            compared.differences.push(missing(known, &alive));
        }
        compared.differences.extend(self.credits());
        compared
    }

    /// The sales order that the ledger knows, as the ERP has it.
    fn document(&self) -> Option<&BookedDocument> {
        let known = self.record.sales_order()?;
        self.booked.iter().find(|it| is_sale(it) && it.document.id == known.id)
    }

    fn content(&self, booked: &BookedDocument, compared: &mut Compared) {
        let found = &mut compared.differences;
        let is_wanted = wanted(self.config, self.order).is_some();
        if booked.document.state == DocumentState::Cancelled {
            if is_wanted && self.is_seen {
                let detail = "Its sales order was cancelled in the ERP; the shop still wants it.";
                found.push(Difference::park(Kind::CancelledInErp, "cancelled_in_erp", "order", detail));
            }
            return;
        }
        if !self.is_seen {
            return;
        }
        found.extend(self.totals(&booked.document));
        // By today's mappings: what is sent and done was booked by those of its
        // time, and nobody can change it.
        let units = self.units(booked);
        let is_done = booked.document.state == DocumentState::Done;
        let agrees = if is_done { units == Ok(None) } else { units.is_ok() };
        compared.in_full = agrees && booked.document.totals.is_some();
        found.extend(units.ok().flatten().filter(|_| !is_done));
        found.extend(self.release(booked.document.state));
        found.extend(self.delivered(booked.document.state));
    }

    fn totals(&self, document: &ErpDocument) -> Option<Difference> {
        let wanted = self.order.totals();
        let there = document.totals.as_ref().filter(|there| **there != wanted)?;
        let same_sum = there.gross == wanted.gross && there.currency == wanted.currency;
        let kind = if same_sum { Kind::TaxDiffers } else { Kind::TotalDiffers };
        let detail = format!("The ERP's document says {there}, the shop {wanted}.");
        Some(Difference::park(kind, "totals_disagree", "order", detail))
    }

    /// Fails where what it should hold cannot be told: names that are not
    /// mapped any more.
    fn units(&self, booked: &BookedDocument) -> Result<Option<Difference>, ResolveError> {
        let resolver =
            Resolver { config: self.config, mappings: self.mappings, first_skus: &self.record.first_skus };
        let release = self.record.released.unwrap_or(Release::Ship);
        let wanted = resolver.sales_order(self.order, self.record.document_key(), release)?;
        let mut differ: BTreeMap<Sku, (Decimal, Decimal)> = BTreeMap::new();
        for line in &wanted.lines {
            differ.entry(Sku(line.item.clone())).or_default().0 += line.quantity;
        }
        for (sku, units) in &booked.units {
            differ.entry(sku.clone()).or_default().1 += *units;
        }
        differ.retain(|_, (wanted, there)| wanted != there);
        let subject = differ.keys().next().map(|sku| sku.0.clone());
        Ok(subject.map(|subject| {
            let told = differ.iter().take(TOLD).map(|(sku, (wanted, there))| {
                format!("{sku}: the shop {}, the ERP {}", wanted.normalize(), there.normalize())
            });
            let mut told: Vec<String> = told.collect();
            if differ.len() > TOLD {
                told.push(format!("and {} more", differ.len() - TOLD));
            }
            let detail = format!("It has other items. {}.", told.join("; "));
            Difference::park(Kind::UnitsDiffer, "content_disagrees", subject, detail)
        }))
    }

    /// The ledger brought it further than it is.
    fn release(&self, state: DocumentState) -> Option<Difference> {
        let released = self.record.released?;
        let is_back = match state {
            DocumentState::Draft => true,
            DocumentState::Reserved => released == Release::Ship,
            DocumentState::Processing | DocumentState::Done | DocumentState::Cancelled => false,
        };
        if !is_back {
            return None;
        }
        let detail = "Its sales order went back in the ERP after it was released.";
        // What is erased in the shop must not become the document's content.
        let can_go_on = wanted(self.config, self.order).is_some() && !self.order.is_anonymised();
        Some(if can_go_on {
            Difference::resume(Kind::ReleaseRegressed, detail, Resumption::Release)
        } else {
            Difference::park(Kind::ReleaseRegressed, "release_regressed", "order", detail)
        })
    }

    /// The worker remembers the sales order as it was when it read what was
    /// delivered, and does not read it where the shop is told nothing.
    fn delivered(&self, state: DocumentState) -> Option<Difference> {
        let knows = self.record.sales_order().is_some_and(|known| known.state == DocumentState::Done);
        let reads = self.config.fulfilment.is_some() && self.record.hold == Hold::None;
        (reads && state == DocumentState::Done && !knows).then(|| Difference {
            kind: Kind::DeliveryUnseen,
            detail: "Its sales order is done in the ERP, and the shop was not told.".to_owned(),
            remedy: super::Remedy::Look(crate::hint::Cause::Erp),
        })
    }

    fn credits(&self) -> Vec<Difference> {
        let mut booked: BTreeMap<RefundId, Vec<&BookedDocument>> =
            self.record.refunds.keys().map(|id| (*id, Vec::new())).collect();
        for document in self.booked {
            if let Some(id) = document.key.as_ref().and_then(|key| key.refund) {
                booked.entry(id).or_default().push(document);
            }
        }
        booked.retain(|id, _| !is_of_return(self.record, *id));
        booked.into_iter().filter_map(|(id, documents)| self.credit(id, &documents)).collect()
    }

    fn credit(&self, id: RefundId, documents: &[&BookedDocument]) -> Option<Difference> {
        let key = DocumentKey::of_refund(&self.record.key, id);
        let park = |kind, code, detail| Some(Difference::park(kind, code, "refund", detail));
        let alive: Vec<_> = documents.iter().copied().filter(|it| is_alive(it)).collect();
        if alive.len() > 1 {
            let detail = format!("The ERP has several credits {key}: {}.", names(alive));
            return park(Kind::CreditDoubled, "credit_doubled", detail);
        }
        let named = self.order.refunds.iter().find(|refund| refund.id == id);
        match (self.record.refunds.get(&id), alive.first()) {
            (Some(known), _) if !known.booked || known.document.is_none() => None,
            (Some(known), Some(there)) => {
                let gross = there.document.totals.as_ref().map(|totals| totals.gross)?;
                let detail = || format!("The credit {key} comes to {gross}, the refund to {}.", known.amount);
                if gross == -known.amount {
                    None
                } else {
                    park(Kind::CreditTotalDiffers, "totals_disagree", detail())
                }
            }
            (Some(_), None) if documents.is_empty() => {
                let detail = format!("The credit {key} is not in the ERP any more.");
                park(Kind::CreditMissing, "credit_gone", detail)
            }
            (Some(_), None) => {
                let detail =
                    format!("The credit {key} was cancelled in the ERP; the refund is still in the shop.");
                named.and_then(|_| park(Kind::CreditCancelled, "credit_cancelled_in_erp", detail))
            }
            (None, Some(_)) => Some(if let Some(refund) = named {
                let amount = self.order.currency.round(-refund.total);
                let detail = format!("The ERP has the credit {key}, and the ledger does not know it.");
                Difference::resume(Kind::RefundUnseen, detail, Resumption::Credit { refund: id, amount })
            } else {
                let detail = format!("The ERP has the credit {key} of a refund that the shop does not have.");
                Difference::park(Kind::CreditUnknown, "credit_unknown", "refund", detail)
            }),
            (None, None) => None,
        }
    }
}

/// The only living one is not the one that the ledger knows.
fn another(known: &BookedDocument, alive: &BookedDocument) -> Option<Difference> {
    (alive.document.id != known.document.id).then(|| {
        let (known, alive) = (name(known), name(alive));
        let detail =
            format!("Its sales order {known} was cancelled in the ERP; {alive} has its key, and is alive.");
        Difference::park(Kind::RevivedInErp, "revived_in_erp", "order", detail)
    })
}

fn missing(known: &ErpDocument, alive: &[&BookedDocument]) -> Difference {
    let known = known.number.as_deref().unwrap_or(&known.id);
    let instead = names(alive.iter().copied());
    let instead = if instead.is_empty() { instead } else { format!(" {instead} has its key.") };
    let detail = format!("Its sales order {known} is not in the ERP any more.{instead}");
    Difference::park(Kind::DocumentMissing, "document_gone", "order", detail)
}
