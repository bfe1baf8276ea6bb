//! The records that the configuration names by their ids.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::config::TrytonConfig;
use weir_domain::doctor::{ErpName, Found};
use weir_domain::money::Currency;
use weir_domain::outcome::CallError;

use super::super::Tryton;
use super::super::client::Query;
use super::super::wire::{Coded, WireBool, WireDecimal};
use super::{Models, Records, is_there, unread};

/// A kind of record, and what is read of it.
struct Kind {
    model: &'static str,
    fields: &'static [&'static str],
    /// It can be switched off, and is then not found unless asked for.
    has_active: bool,
}

const COMPANY: Kind = Kind { model: "company.company", fields: &["rec_name"], has_active: false };
const LOCATION: Kind =
    Kind { model: "stock.location", fields: &["rec_name", "active", "type"], has_active: true };
const WEB_SHOP: Kind =
    Kind { model: "web.shop", fields: &["rec_name", "active", "company", "type"], has_active: true };
const TAX: Kind = Kind {
    model: "account.tax",
    fields: &["rec_name", "active", "company", "type", "amount"],
    has_active: true,
};
const JOURNAL: Kind = Kind {
    model: "account.payment.journal",
    fields: &["rec_name", "active", "company", "currency.code"],
    has_active: true,
};
const PRODUCT: Kind =
    Kind { model: "product.product", fields: &["rec_name", "active", "type", "salable"], has_active: true };

const KINDS: [&Kind; 6] = [&COMPANY, &LOCATION, &WEB_SHOP, &TAX, &JOURNAL, &PRODUCT];

/// The models that names are of.
pub(super) fn models() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.model)
}

/// A record of any of them.
#[derive(Debug, Clone, Deserialize)]
struct Record {
    id: u64,
    rec_name: Option<String>,
    active: Option<WireBool>,
    company: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
    amount: Option<WireDecimal>,
    currency: Option<Coded>,
    salable: Option<WireBool>,
}

/// Why a record cannot be used for something.
type Objection<'a> = Box<dyn Fn(&Record) -> Option<String> + Send + Sync + 'a>;

/// A name of the configuration.
struct Name<'a> {
    field: String,
    id: u64,
    kind: &'static Kind,
    objection: Objection<'a>,
}

impl<'a> Name<'a> {
    fn new(
        field: impl Into<String>,
        id: u64,
        kind: &'static Kind,
        objection: impl Fn(&Record) -> Option<String> + Send + Sync + 'a,
    ) -> Self {
        Self { field: field.into(), id, kind, objection: Box::new(objection) }
    }
}

/// Everything that is named by id.
fn names(config: &TrytonConfig) -> Vec<Name<'_>> {
    let mut names = vec![
        Name::new("company", config.company, &COMPANY, |_| None),
        Name::new("warehouse", config.warehouse, &LOCATION, not_a_warehouse),
    ];
    names.extend(config.locations.iter().map(|(name, location)| {
        Name::new(format!("locations.{name}.warehouse"), location.warehouse, &LOCATION, not_a_warehouse)
    }));
    names.extend(
        config
            .web_shops
            .iter()
            .map(|(store, id)| Name::new(format!("web_shops.{store}"), *id, &WEB_SHOP, not_a_plain_shop)),
    );
    names.extend(
        config.taxes.iter().map(|(code, id)| Name::new(format!("taxes.{code}"), *id, &TAX, |_| None)),
    );
    names.extend(config.journals.iter().map(|(code, id)| {
        Name::new(format!("journals.{code}"), *id, &JOURNAL, |journal| not_its_currency(code, journal))
    }));
    names.extend(config.rounding.tax_unit.iter().map(|(code, id)| {
        Name::new(format!("rounding.tax_unit.{code}"), *id, &TAX, |tax| not_a_minor_unit(code, tax))
    }));
    names
}

fn not_a_warehouse(location: &Record) -> Option<String> {
    (location.kind.as_deref() != Some("warehouse")).then(|| "it is a location, not a warehouse".to_owned())
}

fn not_a_plain_shop(shop: &Record) -> Option<String> {
    let is_used = shop.kind.as_deref().is_some_and(|kind| !kind.is_empty());
    is_used.then(|| "another connector of Tryton's keeps it".to_owned())
}

/// `CARD:USD` is the journal of a currency; `CARD` of whichever it has.
fn not_its_currency(code: &str, journal: &Record) -> Option<String> {
    let wanted = code.rsplit_once(':')?.1;
    let own =
        journal.currency.as_ref().and_then(|currency| currency.code.as_deref()).unwrap_or("no currency");
    (own != wanted).then(|| format!("it is in {own}"))
}

fn not_a_minor_unit(code: &str, tax: &Record) -> Option<String> {
    let Ok(currency) = code.parse::<Currency>() else { return Some(format!("{code} is no currency")) };
    let unit = currency.minor_unit();
    let amount = tax.amount.map_or(Decimal::ZERO, |amount| amount.0);
    let is_one = tax.kind.as_deref() == Some("fixed") && amount == unit;
    (!is_one).then(|| format!("it is no tax of type \"fixed\" with the amount {unit}"))
}

impl Tryton {
    /// Each name of the configuration, with what Tryton has there.
    pub(super) async fn names(&self, models: &Models) -> Vec<ErpName> {
        let names = names(&self.config);
        let mut records: BTreeMap<&str, Records<Record>> = BTreeMap::new();
        for kind in KINDS {
            let ids: BTreeSet<u64> =
                names.iter().filter(|name| name.kind.model == kind.model).map(|name| name.id).collect();
            if !ids.is_empty() {
                records.insert(kind.model, self.named_records(kind, ids, models).await);
            }
        }
        let mut all: Vec<ErpName> = names.iter().map(|name| self.judged(name, &records)).collect();
        all.push(self.rounding_item(models).await);
        all
    }

    async fn named_records(&self, kind: &Kind, ids: BTreeSet<u64>, models: &Models) -> Records<Record> {
        is_there(models, kind.model)?;
        let count = ids.len();
        let found =
            self.configured(kind, json!(["id", "in", ids]), count).await.map_err(|error| unread(&error))?;
        Ok(found.into_iter().map(|record| (record.id, record)).collect())
    }

    async fn configured(&self, kind: &Kind, which: Value, limit: usize) -> Result<Vec<Record>, CallError> {
        let mut domain = vec![which];
        if kind.has_active {
            domain.push(json!(["active", "in", [true, false]]));
        }
        let domain = domain.into();
        let query = Query { domain, fields: kind.fields, order: Value::Null, limit, context: Value::Null };
        self.client.query(kind.model, &query).await
    }

    fn judged(&self, name: &Name<'_>, records: &BTreeMap<&str, Records<Record>>) -> ErpName {
        let found = match records.get(name.kind.model) {
            Some(Ok(records)) => Ok(match records.get(&name.id) {
                Some(record) => self.fit(record, &name.objection),
                None => Found::Missing,
            }),
            Some(Err(why)) => Err(why.clone()),
            None => Ok(Found::Missing),
        };
        ErpName { field: name.field.clone(), value: name.id.to_string(), kind: name.kind.model, found }
    }

    fn fit(&self, record: &Record, objection: &dyn Fn(&Record) -> Option<String>) -> Found {
        let is_inactive = record.active.is_some_and(|active| !active.is_true());
        let is_foreign = record.company.is_some_and(|company| company != self.config.company);
        let why = if is_inactive {
            Some("it is inactive".to_owned())
        } else if is_foreign {
            Some("it is another company's".to_owned())
        } else {
            objection(record)
        };
        match why {
            Some(why) => Found::Unfit(why),
            None => Found::Right { name: record.rec_name.clone().unwrap_or_default() },
        }
    }

    async fn rounding_item(&self, models: &Models) -> ErpName {
        let code = &self.config.rounding.item;
        let found = match is_there(models, PRODUCT.model) {
            Ok(()) => {
                self.configured(&PRODUCT, json!(["code", "=", code]), 2).await.map_err(|error| unread(&error))
            }
            Err(why) => Err(why),
        };
        // One that can be used hides one that is switched off.
        let best = |records: &Vec<Record>| {
            let fit = |record: &Record| self.fit(record, &not_a_service);
            let right = |found: &Found| matches!(found, Found::Right { .. });
            let all: Vec<Found> = records.iter().map(fit).collect();
            all.iter().find(|found| right(found)).or(all.first()).cloned().unwrap_or(Found::Missing)
        };
        let found = found.map(|records| best(&records));
        ErpName { field: "rounding.item".to_owned(), value: code.clone(), kind: PRODUCT.model, found }
    }
}

fn not_a_service(product: &Record) -> Option<String> {
    if product.kind.as_deref() != Some("service") {
        return Some("it is goods, and would be shipped: make it a service".to_owned());
    }
    let is_sold = product.salable.is_some_and(WireBool::is_true);
    (!is_sold).then(|| "it is not for sale".to_owned())
}
