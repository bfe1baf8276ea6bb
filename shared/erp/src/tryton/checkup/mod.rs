//! Before go-live: whether what the configuration names is there, and whether
//! the key may do what the work needs. Only reads.

mod names;
mod needs;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::doctor::{ErpCheckup, ErpFacts, Fact, Unread};
use weir_domain::id::Sku;
use weir_domain::money::Currency;
use weir_domain::outcome::CallError;
use weir_domain::ports::Erp;

use super::Tryton;
use super::client::Query;
use super::wire::Coded;

/// Each module has the version of Tryton that it is of; this one is needed.
const MODULE: &str = "sale";
/// The `Date` of an answer has whole seconds, cut off.
const HALF_A_SECOND: SignedDuration = SignedDuration::from_millis(500);

/// What is known of the company and the clock from one call.
struct Door {
    currency: Fact<Currency>,
    clock_ahead: Fact<SignedDuration>,
}

#[async_trait]
impl ErpCheckup for Tryton {
    async fn facts(&self) -> Result<ErpFacts, CallError> {
        let Door { currency, clock_ahead } = self.door().await?;
        let models = self.models().await;
        Ok(ErpFacts {
            capabilities: self.capabilities(),
            version: self.version().await,
            clock_ahead,
            currency,
            names: self.names(&models).await,
            rights: self.needed_rights(&models).await,
        })
    }

    async fn known_items(&self, codes: &[Sku]) -> Result<BTreeSet<Sku>, CallError> {
        let codes: BTreeSet<&str> = codes.iter().map(|code| code.0.as_str()).collect();
        let found = self.lookups.found_products(&self.client, &codes).await?;
        Ok(found.into_keys().map(Sku).collect())
    }
}

/// The models that are installed, of those that the work needs.
type Models = Fact<BTreeSet<String>>;

/// Whether a model can be asked about. Tryton answers a question about one that
/// is not there with an error of its own.
fn is_there(models: &Models, model: &str) -> Fact<()> {
    match models {
        Ok(models) if !models.contains(model) => Err(Unread::NotThere),
        Ok(_) => Ok(()),
        Err(why) => Err(why.clone()),
    }
}

fn unread(error: &CallError) -> Unread {
    Unread::Failed(error.to_string())
}

impl Tryton {
    /// The first question: it fails where nothing can be asked.
    async fn door(&self) -> Result<Door, CallError> {
        #[derive(Deserialize)]
        struct Company {
            currency: Coded,
        }
        let query = Query {
            domain: json!([["id", "=", self.config.company]]),
            fields: &["currency.code"],
            order: Value::Null,
            limit: 1,
            context: Value::Null,
        };
        let before = self.client.now();
        let (found, date) = self.client.query_dated::<Company>("company.company", &query).await?;
        let clock_ahead = date.and_then(|date| ahead(date, before, self.client.now()));
        let code = found.into_iter().next().and_then(|company| company.currency.code);
        let currency = code.and_then(|code| code.parse().ok());
        Ok(Door {
            currency: currency.ok_or_else(|| Unread::Failed("the company has no currency".to_owned())),
            clock_ahead: clock_ahead.ok_or(Unread::NotThere),
        })
    }

    async fn version(&self) -> Fact<String> {
        #[derive(Deserialize)]
        struct Module {
            version: Option<String>,
        }
        let domain = json!([["name", "=", MODULE], ["state", "=", "activated"]]);
        let found: Vec<Module> = self
            .client
            .search("ir.module", &domain, &["version"], 1)
            .await
            .map_err(|error| unread(&error))?;
        let version = found.into_iter().next().and_then(|module| module.version);
        let version = version.filter(|version| !version.is_empty()).ok_or(Unread::NotThere)?;
        Ok(format!("Tryton, module {MODULE} {version}"))
    }

    async fn models(&self) -> Models {
        #[derive(Deserialize)]
        struct Model {
            name: String,
        }
        let wanted: BTreeSet<&str> = names::models().chain(needs::models()).collect();
        let domain = json!([["name", "in", wanted]]);
        let found: Vec<Model> = self
            .client
            .search("ir.model", &domain, &["name"], wanted.len())
            .await
            .map_err(|error| unread(&error))?;
        Ok(found.into_iter().map(|model| model.name).collect())
    }
}

/// How far a clock is ahead that showed `date` between two readings of ours.
fn ahead(date: Timestamp, before: Timestamp, after: Timestamp) -> Option<SignedDuration> {
    let between = before.checked_add(after.duration_since(before) / 2).ok()?;
    Some(date.checked_add(HALF_A_SECOND).ok()?.duration_since(between))
}

/// The records of a model that were found, by id, or why they are not known.
type Records<T> = Fact<BTreeMap<u64, T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_question() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (before, after) = (at("2026-11-28T09:00:00Z"), at("2026-11-28T09:00:02Z"));
        let ahead = |date: &str| ahead(at(date), before, after).unwrap().as_millis();
        assert_eq!(ahead("2026-11-28T09:00:01Z"), 500);
        assert_eq!(ahead("2026-11-28T08:00:00Z"), -3_600_500);
    }
}
