//! A sale: how it is read, what it becomes in the domain's words, and what
//! an order writes into it.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use weir_domain::id::{DocumentKey, StoreId};
use weir_domain::money::{Currency, Totals};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Creation, DocumentState, ErpDocument};
use weir_domain::sales::SalesOrder;

use super::Tryton;
use super::address::{ADDRESS_FIELDS, Postal, WireAddress};
use super::classify::Failure;
use super::lines::{LINE_FIELDS, Line, WireLine, written};
use super::party::Party;
use super::rights::Right;
use super::wire::{Coded, Ref, WireDate, WireDecimal, clean};
use super::workflow::record_id;

/// The model.
pub(super) const SALE: &str = "sale.sale";
/// A field of the module `sale_shipment_cost`.
const SHIPPING_COST: &str = "shipment_cost_method";

/// Tryton's states of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SaleState {
    Draft,
    Quotation,
    /// On its way to processing, which Tryton may do on its own.
    Confirmed,
    Processing,
    Done,
    Cancelled,
}

/// What a sale is to the domain, whatever else was asked of it.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) id: u64,
    pub(super) state: SaleState,
    pub(super) number: Option<String>,
    untaxed_amount: WireDecimal,
    tax_amount: WireDecimal,
    total_amount: WireDecimal,
    currency: Coded,
}

/// What to read of a sale for its [`Head`].
pub(super) const HEAD_FIELDS: [&str; 6] =
    ["state", "number", "untaxed_amount", "tax_amount", "total_amount", "currency.code"];

/// A sale as Tryton has it.
#[derive(Deserialize)]
pub(super) struct Sale {
    #[serde(flatten)]
    pub(super) head: Head,
    pub(super) party: u64,
    pub(super) invoice_party: Option<u64>,
    reference: Option<String>,
    comment: Option<String>,
    #[serde(rename = "sale_date")]
    ordered_on: Option<WireDate>,
    invoice_address: Option<WireAddress>,
    shipment_address: Option<WireAddress>,
    pub(super) lines: Vec<WireLine>,
}

/// What to read of a sale.
pub(super) fn sale_fields() -> Vec<&'static str> {
    let mut fields = HEAD_FIELDS.to_vec();
    fields.extend(["party", "invoice_party", "reference", "comment", "sale_date"]);
    fields.extend(INVOICE_ADDRESS_FIELDS);
    fields.extend(SHIPMENT_ADDRESS_FIELDS);
    fields.extend(LINE_FIELDS);
    fields
}

const INVOICE_ADDRESS_FIELDS: [&str; ADDRESS_FIELDS.len()] = [
    "invoice_address.party_name",
    "invoice_address.attn",
    "invoice_address.street",
    "invoice_address.postal_code",
    "invoice_address.city",
    "invoice_address.country.code",
    "invoice_address.subdivision.code",
];

const SHIPMENT_ADDRESS_FIELDS: [&str; ADDRESS_FIELDS.len()] = [
    "shipment_address.party_name",
    "shipment_address.attn",
    "shipment_address.street",
    "shipment_address.postal_code",
    "shipment_address.city",
    "shipment_address.country.code",
    "shipment_address.subdivision.code",
];

impl Head {
    /// The sale in the domain's words.
    pub(super) fn document(&self) -> ErpDocument {
        ErpDocument {
            id: self.id.to_string(),
            number: self.number.clone(),
            state: match self.state {
                SaleState::Draft => DocumentState::Draft,
                SaleState::Quotation | SaleState::Confirmed => DocumentState::Reserved,
                SaleState::Processing => DocumentState::Processing,
                SaleState::Done => DocumentState::Done,
                SaleState::Cancelled => DocumentState::Cancelled,
            },
            totals: self.totals(),
        }
    }

    /// What it comes to; `None` in a currency without a minor unit.
    pub(super) fn totals(&self) -> Option<Totals> {
        let currency: Currency = self.currency.code.as_deref()?.parse().ok()?;
        let amount = |wire: WireDecimal| {
            // Only the number of zeros may change.
            let rounded = currency.round(wire.0);
            if rounded == wire.0 { rounded } else { wire.0 }
        };
        Some(Totals {
            currency,
            net: amount(self.untaxed_amount),
            tax: amount(self.tax_amount),
            gross: amount(self.total_amount),
        })
    }
}

impl Sale {
    /// The sale in the domain's words.
    pub(super) fn document(&self) -> ErpDocument {
        self.head.document()
    }

    /// What it comes to; `None` in a currency without a minor unit.
    pub(super) fn totals(&self) -> Option<Totals> {
        self.head.totals()
    }

    /// Whether everything but its lines says what the order says.
    pub(super) fn has_header(&self, order: &SalesOrder) -> bool {
        let says = |address: &Option<WireAddress>, wanted| {
            address.as_ref().is_some_and(|address| address.says(&Postal::of(wanted)))
        };
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
        self.head.currency.code.as_deref() == Some(order.totals.currency.code())
            && text(&self.reference) == clean(&order.number)
            && text(&self.comment) == clean(order.note.expose())
            && self.ordered_on == Some(WireDate::of(order.ordered_at))
            && says(&self.invoice_address, &order.billing)
            && says(&self.shipment_address, &order.delivery)
    }
}

/// The records that a sale's header names.
pub(super) struct Named {
    pub(super) currency: u64,
    pub(super) party: Ref,
    pub(super) invoice: Ref,
    pub(super) shipment: Ref,
}

/// A new sale.
pub(super) fn record(order: &SalesOrder, web_shop: u64, header: Map<String, Value>, lines: &[Line]) -> Value {
    let mut record = header;
    record.insert("web_shop".to_owned(), json!(web_shop));
    record.insert("web_id".to_owned(), json!(order.key.reference()));
    record.insert("lines".to_owned(), written(lines));
    if let Some(origin) = &order.origin {
        record.insert("origin".to_owned(), json!(format!("{SALE},{origin}")));
    }
    record.into()
}

impl Tryton {
    /// Reads a sale by its id. By a search: where the record is gone the
    /// answer is an empty list, and 404 can only mean the route.
    pub(super) async fn read(&self, id: u64) -> Result<Sale, CallError> {
        let found: Vec<Sale> = self.client.search(SALE, &json!([["id", "=", id]]), &sale_fields(), 1).await?;
        let gone = || CallError::rejected("document_gone", format!("there is no sale with id {id} any more"));
        found.into_iter().next().ok_or_else(gone)
    }

    /// The sale, or the credit, with a key, in any state.
    pub(super) async fn find_sale(&self, key: &DocumentKey) -> Result<Option<Sale>, CallError> {
        let domain = json!([["web_shop", "=", self.web_shop(key)?], ["web_id", "=", key.reference()]]);
        let found: Vec<Sale> = self.client.search(SALE, &domain, &sale_fields(), 1).await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn create_sale(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        let web_shop = self.web_shop(&order.key)?;
        let lines = self.lines(order).await?;
        let header = self.header(order).await?;
        let record = record(order, web_shop, header, &lines);
        let created: Result<Sale, Failure> = self.client.create(SALE, &record, &sale_fields()).await;
        match created {
            Ok(sale) => Ok(Creation::Created(sale.document())),
            Err(Failure::Call(error)) => Err(error),
            // The text would say that the key is taken, in some language; the
            // look-up says it in any.
            Err(Failure::Refused) => match self.find_sale(&order.key).await? {
                Some(_) => Ok(Creation::AlreadyExists),
                None => Err(self.refused(Right::Create).await),
            },
        }
    }

    /// Everything about a sale but its lines and its key. Makes the party and
    /// its addresses where Tryton has none.
    pub(super) async fn header(&self, order: &SalesOrder) -> Result<Map<String, Value>, CallError> {
        let currency = self.lookups.currency(&self.client, order.totals.currency).await?;
        let mut party = self.buyer(order).await?;
        let billing = Postal::of(&order.billing);
        let delivery = Postal::of(&order.delivery);
        let invoice = self.address(party.id, &mut party.addresses, &billing).await?;
        let shipment = self.address(party.id, &mut party.addresses, &delivery).await?;
        let named = Named {
            currency,
            party: Ref::Is(party.id),
            invoice: Ref::Is(invoice),
            shipment: Ref::Is(shipment),
        };
        self.header_of(order, &named).await
    }

    /// Tryton's REST interface runs none of the rules that fill a form, so all
    /// is said.
    pub(super) async fn header_of(
        &self,
        order: &SalesOrder,
        named: &Named,
    ) -> Result<Map<String, Value>, CallError> {
        let header = json!({
            "company": self.config.company,
            "party": named.party,
            "invoice_party": null,
            "shipment_party": null,
            "invoice_address": named.invoice,
            "shipment_address": named.shipment,
            "currency": named.currency,
            "warehouse": self.config.warehouse,
            "reference": clean(&order.number),
            "comment": clean(order.note.expose()),
            "sale_date": WireDate::of(order.ordered_at),
            "invoice_method": "order",
            "shipment_method": "order",
        });
        let mut header = match header {
            Value::Object(header) => header,
            _ => Map::new(),
        };
        // Shipping is a line of the order; Tryton must not add its own.
        if self.lookups.has_field(&self.client, SALE, SHIPPING_COST).await? {
            header.insert(SHIPPING_COST.to_owned(), Value::Null);
        }
        Ok(header)
    }

    /// Who bought; of a credit, who bought what it gives back from, whatever
    /// the order says of them by now.
    async fn buyer(&self, order: &SalesOrder) -> Result<Party, CallError> {
        match &order.origin {
            Some(origin) => self.buyer_of(origin).await,
            None => self.party(order).await,
        }
    }

    /// Who bought what a sale sold.
    pub(super) async fn buyer_of(&self, sale: &str) -> Result<Party, CallError> {
        self.party_by_id(self.read(record_id(sale)?).await?.party).await
    }

    pub(super) fn web_shop(&self, key: &DocumentKey) -> Result<u64, CallError> {
        self.web_shop_of(&key.order.store)
    }

    pub(super) fn web_shop_of(&self, store: &StoreId) -> Result<u64, CallError> {
        let id = self.config.web_shops.get(store).copied();
        id.ok_or_else(|| CallError::rejected("store_not_configured", format!("no web shop for {store}")))
    }

    /// Tryton refused to make or change a sale.
    pub(super) async fn refused(&self, right: Right) -> CallError {
        self.lookups.forget();
        self.client.refusal(right, SALE).await
    }
}
