//! Tryton's ids of what orders name by code. What was found is remembered
//! for the life of the process; what was not found is asked for again, so
//! that adding it is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;
use weir_domain::money::Currency;
use weir_domain::outcome::CallError;

use super::client::Client;
use super::wire::{Coded, Id};

/// Codes asked for in one call: keeps the URL well under 8 KiB.
const CODES_PER_CALL: usize = 50;
/// Entries remembered per kind; a catalogue may be larger.
const MAX_REMEMBERED: usize = 5_000;

/// A product as a sale line needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) id: u64,
    /// The unit it is sold in.
    pub(super) unit: u64,
    /// Digits after the point that a quantity in this unit may have.
    pub(super) unit_digits: u32,
}

/// What is known by now.
pub(super) struct Lookups {
    products: Known<Product>,
    currencies: Known<u64>,
    countries: Known<u64>,
    subdivisions: Known<Option<u64>>,
    journals: Known<String>,
    price_digits: Known<u32>,
    fields: Known<bool>,
}

impl Lookups {
    pub(super) fn new() -> Self {
        Self {
            products: Known::new(),
            currencies: Known::new(),
            countries: Known::new(),
            subdivisions: Known::new(),
            journals: Known::new(),
            price_digits: Known::new(),
            fields: Known::new(),
        }
    }

    /// Tryton refused something built from what is remembered here: a product
    /// may have been withdrawn since. Ask again next time.
    pub(super) fn forget(&self) {
        self.products.clear();
        self.currencies.clear();
        self.countries.clear();
        self.subdivisions.clear();
        self.journals.clear();
        self.price_digits.clear();
        self.fields.clear();
    }

    /// The products with these codes. One that is missing, inactive or not
    /// for sale is rejected by name.
    pub(super) async fn products(
        &self,
        client: &Client,
        codes: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Product>, CallError> {
        let found = self.found_products(client, codes).await?;
        match codes.iter().find(|code| !found.contains_key(**code)) {
            Some(missing) => Err(CallError::rejected("item_unknown", *missing)),
            None => Ok(found),
        }
    }

    /// Those of the products with these codes that are for sale.
    pub(super) async fn found_products(
        &self,
        client: &Client,
        codes: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Product>, CallError> {
        let mut found: BTreeMap<String, Product> = BTreeMap::new();
        let mut wanted: Vec<&str> = Vec::new();
        for code in codes {
            match self.products.get(code) {
                Some(product) => drop(found.insert((*code).to_owned(), product)),
                None => wanted.push(code),
            }
        }
        for codes in wanted.chunks(CODES_PER_CALL) {
            for (code, product) in ask_products(client, codes).await? {
                self.products.put(&code, product);
                found.insert(code, product);
            }
        }
        Ok(found)
    }

    /// The id of a currency.
    pub(super) async fn currency(&self, client: &Client, currency: Currency) -> Result<u64, CallError> {
        let code = currency.code();
        let id = self.by_code(client, &self.currencies, "currency.currency", code).await?;
        id.ok_or_else(|| CallError::rejected("currency_unknown", code))
    }

    /// The id of a country, by its ISO 3166 alpha-2 code.
    pub(super) async fn country(&self, client: &Client, code: &str) -> Result<u64, CallError> {
        let id = self.by_code(client, &self.countries, "country.country", code).await?;
        id.ok_or_else(|| CallError::rejected("country_unknown", code))
    }

    /// The id of the first subdivision known by one of these codes, if any.
    /// Many countries have none in Tryton, so that is remembered, too.
    pub(super) async fn subdivision(
        &self,
        client: &Client,
        codes: &[String],
    ) -> Result<Option<u64>, CallError> {
        let Some(key) = codes.first() else { return Ok(None) };
        if let Some(known) = self.subdivisions.get(key) {
            return Ok(known);
        }
        let domain = json!([["code", "in", codes]]);
        let found: Vec<Id> = client.search("country.subdivision", &domain, &["code"], 1).await?;
        let id = found.first().map(|found| found.id);
        self.subdivisions.put(key, id);
        Ok(id)
    }

    /// The currency of a payment journal; `None` if there is no such journal.
    pub(super) async fn journal_currency(
        &self,
        client: &Client,
        journal: u64,
    ) -> Result<Option<String>, CallError> {
        #[derive(Deserialize)]
        struct Journal {
            currency: Coded,
        }
        let key = journal.to_string();
        if let Some(code) = self.journals.get(&key) {
            return Ok(Some(code));
        }
        let found: Vec<Journal> = client
            .search("account.payment.journal", &json!([["id", "=", journal]]), &["currency.code"], 1)
            .await?;
        let code = found.into_iter().next().and_then(|journal| journal.currency.code);
        Ok(code.inspect(|code| self.journals.put(&key, code.clone())))
    }

    /// Digits after the point that a unit price may have: a setting of the
    /// server, 4 unless somebody changed it.
    pub(super) async fn price_digits(&self, client: &Client) -> Result<u32, CallError> {
        #[derive(Deserialize)]
        struct Configuration {
            product_price_decimal: Option<u32>,
        }
        const KEY: &str = "product_price_decimal";
        if let Some(digits) = self.price_digits.get(KEY) {
            return Ok(digits);
        }
        let found: Vec<Configuration> = client.search("ir.configuration", &json!([]), &[KEY], 1).await?;
        let digits = found.first().and_then(|found| found.product_price_decimal).unwrap_or(4);
        self.price_digits.put(KEY, digits);
        Ok(digits)
    }

    /// Whether a model has a field: an unknown one makes Tryton fail, and
    /// which modules are installed is the merchant's choice.
    pub(super) async fn has_field(
        &self,
        client: &Client,
        model: &str,
        field: &str,
    ) -> Result<bool, CallError> {
        let key = format!("{model}.{field}");
        if let Some(known) = self.fields.get(&key) {
            return Ok(known);
        }
        let domain = json!([["model", "=", model], ["name", "=", field]]);
        let found: Vec<Id> = client.search("ir.model.field", &domain, &["name"], 1).await?;
        self.fields.put(&key, !found.is_empty());
        Ok(!found.is_empty())
    }

    /// Like [`has_field`](Self::has_field), of several in one call.
    pub(super) async fn have_fields<const N: usize>(
        &self,
        client: &Client,
        wanted: [(&str, &str); N],
    ) -> Result<[bool; N], CallError> {
        #[derive(Deserialize)]
        struct Field {
            model: String,
            name: String,
        }
        let key = |model: &str, name: &str| format!("{model}.{name}");
        if wanted.iter().any(|(model, name)| self.fields.get(&key(model, name)).is_none()) {
            let models: BTreeSet<&str> = wanted.iter().map(|(model, _)| *model).collect();
            let names: BTreeSet<&str> = wanted.iter().map(|(_, name)| *name).collect();
            let domain = json!([["model", "in", models], ["name", "in", names]]);
            let limit = models.len() * names.len();
            let found: Vec<Field> =
                client.search("ir.model.field", &domain, &["model", "name"], limit).await?;
            for (model, name) in wanted {
                let is_there = found.iter().any(|field| field.model == model && field.name == name);
                self.fields.put(&key(model, name), is_there);
            }
        }
        Ok(wanted.map(|(model, name)| self.fields.get(&key(model, name)).unwrap_or_default()))
    }

    async fn by_code(
        &self,
        client: &Client,
        known: &Known<u64>,
        model: &str,
        code: &str,
    ) -> Result<Option<u64>, CallError> {
        if let Some(id) = known.get(code) {
            return Ok(Some(id));
        }
        let found: Vec<Id> = client.search(model, &json!([["code", "=", code]]), &["code"], 1).await?;
        let id = found.first().map(|found| found.id);
        Ok(id.inspect(|id| known.put(code, *id)))
    }
}

async fn ask_products(client: &Client, codes: &[&str]) -> Result<Vec<(String, Product)>, CallError> {
    #[derive(Deserialize)]
    struct Unit {
        id: u64,
        digits: u32,
    }
    #[derive(Deserialize)]
    struct Found {
        id: u64,
        code: String,
        sale_uom: Option<Unit>,
        default_uom: Unit,
    }
    // Inactive records do not show unless asked for.
    let domain = json!([["code", "in", codes], ["salable", "=", true]]);
    let fields = ["code", "sale_uom.digits", "default_uom.digits"];
    let found: Vec<Found> = client.search("product.product", &domain, &fields, 2 * CODES_PER_CALL).await?;
    let product = |found: Found| {
        let unit = found.sale_uom.unwrap_or(found.default_uom);
        (found.code, Product { id: found.id, unit: unit.id, unit_digits: unit.digits })
    };
    Ok(found.into_iter().map(product).collect())
}

/// A bounded memory. When full it starts anew: what is needed comes back
/// with one call.
struct Known<V>(Mutex<BTreeMap<String, V>>);

impl<V: Clone> Known<V> {
    fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn get(&self, key: &str) -> Option<V> {
        self.map().get(key).cloned()
    }

    fn put(&self, key: &str, value: V) {
        let mut map = self.map();
        if map.len() >= MAX_REMEMBERED {
            map.clear();
        }
        map.insert(key.to_owned(), value);
    }

    fn clear(&self) {
        self.map().clear();
    }

    /// Nobody panics while holding it, and a map is whole at any time.
    fn map(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_bounded() {
        let known = Known::new();
        for n in 0..=MAX_REMEMBERED {
            known.put(&n.to_string(), n);
        }
        assert_eq!(known.get(&MAX_REMEMBERED.to_string()), Some(MAX_REMEMBERED));
        assert_eq!(known.get("0"), None);
        assert!(known.map().len() <= MAX_REMEMBERED);
    }
}
