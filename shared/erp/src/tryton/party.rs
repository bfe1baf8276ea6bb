//! Who buys: found by an external key, then by a checked VAT id, then by
//! e-mail; made if nobody is found. Several matches go to people, and master
//! data that exists is never changed.
//!
//! The external key is the party's `code`, the only thing about a party that
//! Tryton keeps unique, so that two orders of a new customer cannot make two
//! parties. A merchant who numbers parties otherwise links one by giving it
//! an identifier (of no type) with the key as its code.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use weir_domain::outcome::CallError;
use weir_domain::sales::SalesOrder;

use super::Tryton;
use super::address::{ADDRESS_FIELDS, WireAddress, person};
use super::classify::Failure;
use super::rights::Right;
use super::wire::{Coded, clean, create_all};

/// More parties than this with one key are several for certain.
const MAX_MATCHES: usize = 20;
/// In a key: what follows names a company.
const COMPANY: &str = ":company:";
/// The model.
pub(super) const PARTY: &str = "party.party";

/// A customer as Tryton has it.
#[derive(Deserialize)]
pub(super) struct Party {
    pub(super) id: u64,
    name: Option<String>,
    code: Option<String>,
    tax_identifier: Option<Coded>,
    #[serde(default)]
    contact_mechanisms: Vec<Mechanism>,
    #[serde(default)]
    pub(super) addresses: Vec<WireAddress>,
}

#[derive(Deserialize)]
struct Mechanism {
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
}

/// What an order says about who buys.
pub(super) struct Buyer {
    /// `main:42`, `main:guest:<hash of the e-mail>` or `main:order:4711`; a
    /// company bought for has one of its own.
    key: String,
    /// What a person may have linked a party with: the key, and for a company
    /// the account's, too.
    links: Vec<String>,
    name: String,
    company: Option<String>,
    email: Option<String>,
    /// Checked by the shop: anybody can type a number.
    vat_id: Option<String>,
}

impl Buyer {
    pub(super) fn of(order: &SalesOrder) -> Self {
        let customer = &order.customer;
        let store = &order.key.order.store;
        let email = customer.email.as_ref().map(|email| clean(email.expose()).to_lowercase());
        let email = email.filter(|email| email.contains('@'));
        let account = match (customer.id, &email) {
            (Some(id), _) => format!("{store}:{id}"),
            (None, Some(email)) => format!("{store}:guest:{}", hash(email)),
            (None, None) => format!("{store}:order:{}", order.key.order.order),
        };
        let company = Some(clean(order.billing.company.expose())).filter(|name| !name.is_empty());
        let key = match &company {
            Some(company) => format!("{account}{COMPANY}{}", hash(&folded(company))),
            None => account.clone(),
        };
        let links = if company.is_some() { vec![key.clone(), account] } else { vec![key.clone()] };
        let person = Some(person(&order.billing)).filter(|name| !name.is_empty());
        let name = company.clone().or(person).unwrap_or_else(|| format!("Order {}", order.number));
        let vat_id = customer.vat_id.as_ref().filter(|_| customer.vat_exempt);
        let vat_id = vat_id.map(|id| compact(id.expose())).filter(|id| id.len() > 4 && id.is_ascii());
        Self { key, links, name, company, email, vat_id }
    }

    /// A company and a person are never the same party, even where they share
    /// an e-mail address.
    fn is_of_the_kind_of(&self, party: &Party) -> bool {
        if let Some(company) = &self.company {
            return folded(party.name.as_deref().unwrap_or_default()) == folded(company);
        }
        let code = party.code.as_deref().unwrap_or_default();
        party.tax_identifier.is_none() && !code.contains(COMPANY)
    }

    /// The party to be made; then, because Tryton checks VAT ids and e-mail
    /// addresses by rules of its own, with less certainty about them.
    pub(super) fn records(&self) -> Vec<Value> {
        let record = |vat_type: Option<&str>, with_email: bool| {
            let mut record = json!({"name": self.name, "code": self.key});
            if let Some(id) = &self.vat_id {
                record["identifiers"] = create_all([json!({"type": vat_type, "code": id})]);
            }
            if let Some(email) = self.email.as_ref().filter(|_| with_email) {
                record["contact_mechanisms"] = create_all([json!({"type": "email", "value": email})]);
            }
            record
        };
        let mut records = vec![record(Some("eu_vat"), true), record(None, true), record(None, false)];
        records.dedup();
        records
    }
}

/// Eight bytes, in hex: plenty to tell one shop's customers apart.
fn hash(text: &str) -> String {
    let bytes = Sha256::digest(text).iter().take(8).fold(0, |hash: u64, byte| hash << 8 | u64::from(*byte));
    format!("{bytes:016x}")
}

fn folded(name: &str) -> String {
    clean(name).to_lowercase()
}

fn compact(vat_id: &str) -> String {
    vat_id.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

impl Tryton {
    /// The party of an order, with its addresses.
    pub(super) async fn party(&self, order: &SalesOrder) -> Result<Party, CallError> {
        let buyer = Buyer::of(order);
        match self.known_party(&buyer).await? {
            Some(party) => Ok(party),
            None => self.new_party(&buyer).await,
        }
    }

    /// The party that is meant, if Tryton has it.
    pub(super) async fn known_party(&self, buyer: &Buyer) -> Result<Option<Party>, CallError> {
        if let Some(party) = self.party_by_key(buyer).await? {
            return Ok(Some(party));
        }
        if let Some(vat_id) = &buyer.vat_id
            && let Some(party) = self.one_party("VAT id", &with_vat_id(vat_id), |_| true).await?
        {
            return Ok(Some(party));
        }
        let Some(email) = &buyer.email else { return Ok(None) };
        let same = |party: &Party| party.has_email(email) && buyer.is_of_the_kind_of(party);
        self.one_party("e-mail address", &with_email(email), same).await
    }

    /// A party that a sale names, with its addresses.
    pub(super) async fn party_by_id(&self, id: u64) -> Result<Party, CallError> {
        let domain = json!([["id", "=", id]]);
        let found: Vec<Party> = self.client.search_unlogged(PARTY, &domain, &party_fields(), 1).await?;
        let gone =
            || CallError::rejected("document_gone", format!("there is no party with id {id} any more"));
        found.into_iter().next().ok_or_else(gone)
    }

    async fn party_by_key(&self, buyer: &Buyer) -> Result<Option<Party>, CallError> {
        let domain = json!(["OR", ["code", "=", buyer.key], ["identifiers.code", "in", buyer.links]]);
        self.one_party("external key", &domain, |_| true).await
    }

    async fn one_party(
        &self,
        what: &str,
        domain: &Value,
        is_meant: impl Fn(&Party) -> bool,
    ) -> Result<Option<Party>, CallError> {
        let found: Vec<Party> =
            self.client.search_unlogged(PARTY, domain, &party_fields(), MAX_MATCHES).await?;
        let mut meant = found.into_iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(_), Some(_)) => {
                let detail = format!("several parties have this customer's {what}");
                Err(CallError::rejected("customer_ambiguous", detail))
            }
            (first, _) => Ok(first),
        }
    }

    async fn new_party(&self, buyer: &Buyer) -> Result<Party, CallError> {
        for record in buyer.records() {
            match self.client.create(PARTY, &record, &party_fields()).await {
                Ok(party) => return Ok(party),
                Err(Failure::Call(error)) => return Err(error),
                Err(Failure::Refused) => {}
            }
            // Another order of the same customer may have been faster.
            if let Some(party) = self.party_by_key(buyer).await? {
                return Ok(party);
            }
        }
        Err(self.client.refusal(Right::Create, PARTY).await)
    }
}

impl Party {
    fn has_email(&self, email: &str) -> bool {
        let is = |mechanism: &Mechanism| {
            mechanism.kind == "email"
                && clean(mechanism.value.as_deref().unwrap_or_default()).to_lowercase() == email
        };
        self.contact_mechanisms.iter().any(is)
    }
}

pub(super) fn party_fields() -> Vec<&'static str> {
    let mut fields =
        vec!["name", "code", "tax_identifier.code", "contact_mechanisms.type", "contact_mechanisms.value"];
    fields.extend(PARTY_ADDRESS_FIELDS);
    fields
}

const PARTY_ADDRESS_FIELDS: [&str; ADDRESS_FIELDS.len()] = [
    "addresses.party_name",
    "addresses.attn",
    "addresses.street",
    "addresses.postal_code",
    "addresses.city",
    "addresses.country.code",
    "addresses.subdivision.code",
];

/// As a VAT number of the EU, or as a national one, which Tryton keeps
/// without the country.
fn with_vat_id(vat_id: &str) -> Value {
    let (country, number) = vat_id.split_at(2);
    let country = if country == "EL" { "GR" } else { country };
    let national =
        json!([["type", "=", format!("{}_vat", country.to_lowercase())], ["code_compact", "=", number]]);
    json!(["OR", ["identifiers.code_compact", "=", vat_id], ["identifiers", "where", national]])
}

fn with_email(email: &str) -> Value {
    let pattern = email.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    json!([["contact_mechanisms", "where", [["type", "=", "email"], ["value", "ilike", pattern]]]])
}
