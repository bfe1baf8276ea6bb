//! Payments: one `account.payment` for each (order, transaction), known by
//! its reference.
//!
//! Tryton's own way to a succeeded payment is a wizard, and REST offers none.
//! What it does offer is to make a payment group with a payment in it that
//! has succeeded already, in one transaction, if the key's user may make
//! groups, which no group of Tryton's own grants. Without that right the
//! payment is submitted, and accountants take it further; an invoice picks
//! it up either way.

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, ErpDocument};
use weir_domain::sales::SalesPayment;

use super::Tryton;
use super::classify::Failure;
use super::rights::Right;
use super::sale::{SALE, Sale};
use super::wire::{Coded, WireDate, WireDecimal, clean, create_all};

const PAYMENT: &str = "account.payment";
const PAYMENT_FIELDS: [&str; 4] = ["number", "state", "amount", "currency.code"];
const GROUP: &str = "account.payment.group";
const GROUP_FIELDS: [&str; 4] =
    ["payments.number", "payments.state", "payments.amount", "payments.currency.code"];

/// Tryton's states of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PaymentState {
    Draft,
    Submitted,
    Approved,
    Processing,
    Succeeded,
    Failed,
}

/// A payment as Tryton has it.
#[derive(Deserialize)]
struct Payment {
    id: u64,
    number: Option<String>,
    state: PaymentState,
    amount: WireDecimal,
    currency: Option<Coded>,
}

#[derive(Deserialize)]
struct Group {
    payments: Vec<Payment>,
}

impl Payment {
    fn document(&self) -> ErpDocument {
        ErpDocument {
            id: self.id.to_string(),
            number: self.number.clone(),
            state: match self.state {
                PaymentState::Draft => DocumentState::Draft,
                PaymentState::Submitted | PaymentState::Approved => DocumentState::Reserved,
                PaymentState::Processing => DocumentState::Processing,
                PaymentState::Succeeded => DocumentState::Done,
                PaymentState::Failed => DocumentState::Cancelled,
            },
            totals: None,
        }
    }

    fn is(&self, payment: &SalesPayment) -> bool {
        let currency = self.currency.as_ref().and_then(|currency| currency.code.as_deref());
        self.amount.0 == payment.amount && currency == Some(payment.currency.code())
    }
}

impl Tryton {
    pub(super) async fn pay_sale(
        &self,
        document: &ErpDocument,
        payment: &SalesPayment,
    ) -> Result<ErpDocument, CallError> {
        let found = match self.find_payment(payment).await? {
            Some(found) => found,
            None => self.create_payment(document, payment).await?,
        };
        if !found.is(payment) {
            let detail = "a payment with this reference has another amount or currency";
            return Err(CallError::rejected("payment_differs", detail));
        }
        match found.state {
            PaymentState::Draft => self.submit(found.id, payment).await,
            PaymentState::Failed => {
                let detail = "somebody marked this payment as failed in Tryton";
                Err(CallError::rejected("payment_failed_in_erp", detail))
            }
            _ => Ok(found.document()),
        }
    }

    async fn find_payment(&self, payment: &SalesPayment) -> Result<Option<Payment>, CallError> {
        let domain = json!([
            ["company", "=", self.config.company],
            ["kind", "=", "receivable"],
            ["reference", "=", reference(payment)],
        ]);
        let found: Vec<Payment> = self.client.search(PAYMENT, &domain, &PAYMENT_FIELDS, 2).await?;
        if found.len() > 1 {
            let detail = "several payments have this order's reference; one is too many";
            return Err(CallError::rejected("payment_twice", detail));
        }
        Ok(found.into_iter().next())
    }

    async fn create_payment(
        &self,
        document: &ErpDocument,
        payment: &SalesPayment,
    ) -> Result<Payment, CallError> {
        let journal = self.journal(payment).await?;
        let sale: Sale = self.read(super::workflow::id(document)?).await?;
        let record = json!({
            "company": self.config.company,
            "journal": journal,
            "kind": "receivable",
            "party": sale.invoice_party.unwrap_or(sale.party),
            "date": WireDate::of(payment.paid_at),
            "amount": WireDecimal(payment.amount),
            "reference": reference(payment),
            "origin": format!("{SALE},{}", sale.head.id),
        });
        let made = self.create_succeeded(journal, &record).await;
        let made = match made {
            Err(Failure::Refused) if !self.client.may(Right::Create, GROUP).await? => {
                self.client.create(PAYMENT, &record, &PAYMENT_FIELDS).await
            }
            made => made,
        };
        match made {
            Ok(payment) => Ok(payment),
            Err(Failure::Call(error)) => Err(error),
            Err(Failure::Refused) => {
                self.lookups.forget();
                Err(self.client.refusal(Right::Create, PAYMENT).await)
            }
        }
    }

    async fn create_succeeded(&self, journal: u64, record: &Value) -> Result<Payment, Failure> {
        let mut payment = record.clone();
        payment["state"] = json!("succeeded");
        let record = json!({
            "company": self.config.company,
            "journal": journal,
            "kind": "receivable",
            "number": record["reference"],
            "payments": create_all([payment]),
        });
        let group: Group = self.client.create(GROUP, &record, &GROUP_FIELDS).await?;
        let odd = || CallError::unknown("a payment group without its payment").into();
        group.payments.into_iter().next().ok_or_else(odd)
    }

    async fn submit(&self, id: u64, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        match self.client.press::<Payment>(PAYMENT, id, "submit", &PAYMENT_FIELDS).await {
            Ok(submitted) => Ok(submitted.document()),
            Err(Failure::Call(error)) => Err(error),
            // Somebody may have been faster.
            Err(Failure::Refused) => match self.find_payment(payment).await? {
                Some(found) if found.state != PaymentState::Draft => Ok(found.document()),
                _ => Err(self.client.refusal(Right::Press("submit"), PAYMENT).await),
            },
        }
    }

    /// The journal of a payment's currency: a Tryton journal has one, so the
    /// configuration may name `card:USD` beside `card`.
    async fn journal(&self, payment: &SalesPayment) -> Result<u64, CallError> {
        let journals = &self.config.journals;
        let code = payment.currency.code();
        let specific = journals.get(&format!("{}:{code}", payment.journal));
        let unknown = || CallError::rejected("journal_unknown", payment.journal.clone());
        let id = *specific.or_else(|| journals.get(&payment.journal)).ok_or_else(unknown)?;
        match self.lookups.journal_currency(&self.client, id).await? {
            Some(currency) if currency == code => Ok(id),
            Some(currency) => {
                let detail = format!("{} is in {currency}, the payment in {code}", payment.journal);
                Err(CallError::rejected("journal_currency", detail))
            }
            None => Err(unknown()),
        }
    }
}

/// What the payment is known by: store, order and transaction.
fn reference(payment: &SalesPayment) -> String {
    format!("{} {}", payment.order, clean(&payment.transaction))
}
