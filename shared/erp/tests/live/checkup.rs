//! What this Tryton says before go-live.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_domain::doctor::{ErpFacts, Found};
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;

use crate::lab::lab;

fn found<'a>(facts: &'a ErpFacts, field: &str) -> &'a Found {
    let name = facts.names.iter().find(|name| name.field == field).unwrap_or_else(|| panic!("{field}"));
    name.found.as_ref().unwrap()
}

#[tokio::test]
async fn a_seeded_company_is_ready() {
    let Some(lab) = lab() else { return };
    let facts = lab.connect_checkup(&lab.config(), None).facts().await.unwrap();
    assert!(facts.version.as_ref().unwrap().starts_with("Tryton, module sale 8.0"), "{:?}", facts.version);
    assert_eq!(facts.currency, Ok("EUR".parse().unwrap()));
    let ahead = facts.clock_ahead.unwrap().as_secs();
    assert!(ahead.abs() < 60, "{ahead} s");
    for name in &facts.names {
        assert!(matches!(name.found, Ok(Found::Right { .. })), "{name:?}");
    }
    for right in &facts.rights {
        assert_eq!(right.granted, Ok(true), "{right:?}");
    }
    assert!(
        facts.names.len() > 20 && facts.rights.len() == 22,
        "{} {}",
        facts.names.len(),
        facts.rights.len()
    );
}

#[tokio::test]
async fn what_is_configured_wrongly_is_named() {
    let Some(lab) = lab() else { return };
    let mut config = lab.config();
    let zone =
        lab.records("stock.location", json!([["type", "=", "storage"]]), &["name"]).await[0]["id"].clone();
    config["warehouse"] = zone;
    config["web_shops"]["main"] = json!(999_999);
    config["taxes"]["odd"] = json!(999_999);
    config["journals"] = json!({"card:EUR": lab.journal("card", "USD")});
    config["rounding"]["tax_unit"]["EUR"] = config["taxes"]["de-19"].clone();
    config["rounding"]["item"] = json!("MUG-L");
    let facts = lab.connect_checkup(&config, None).facts().await.unwrap();
    for field in ["web_shops.main", "taxes.odd"] {
        assert_eq!(found(&facts, field), &Found::Missing, "{field}");
    }
    for field in ["warehouse", "journals.card:EUR", "rounding.tax_unit.EUR", "rounding.item"] {
        assert!(matches!(found(&facts, field), Found::Unfit(_)), "{field}");
    }
    assert!(matches!(found(&facts, "taxes.de-19"), Found::Right { .. }));
}

#[tokio::test]
async fn who_cannot_be_asked_says_so() {
    let Some(lab) = lab() else { return };
    let refused = async |config: &Value, key| lab.connect_checkup(config, key).facts().await.unwrap_err();
    assert!(matches!(refused(&lab.config(), Some("expired")).await, CallError::Blocked { .. }));
    let mut config = lab.config();
    config["database"] = json!("no-such-database");
    let error = refused(&config, None).await;
    assert!(!matches!(error, CallError::Rejected(_)), "{error}");
}

#[tokio::test]
async fn items_are_known_or_not() {
    let Some(lab) = lab() else { return };
    let sku = |code: &str| Sku(code.to_owned());
    let known = lab.connect_checkup(&lab.config(), None);
    let known = known.known_items(&[sku("MUG-L"), sku("NO-SUCH-MUG"), sku("ROUNDING")]).await.unwrap();
    assert_eq!(known, BTreeSet::from([sku("MUG-L"), sku("ROUNDING")]));
}
