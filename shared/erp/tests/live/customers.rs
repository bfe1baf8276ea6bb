//! Who buys: external key, then VAT id, then e-mail; company and person apart.

use serde_json::{Value, json};
use weir_domain::outcome::CallError;
use weir_domain::sales::SalesOrder;

use crate::lab::{Lab, again, created, fresh_id, inclusive, lab};

async fn party_of(lab: &Lab, order: &SalesOrder) -> Value {
    created(&lab.connect(), order).await;
    let fields = ["party.name", "party.code", "party.identifiers.code", "party.identifiers.type"];
    lab.sales(order, &fields).await[0]["party"].clone()
}

async fn make(lab: &Lab, party: Value) -> Value {
    lab.raw(reqwest::Method::POST, "party.party", Some(party)).await["id"].clone()
}

fn mail(order: &SalesOrder) -> Value {
    json!([["create", [{"type": "email", "value": order.customer.email.as_ref().unwrap().expose().to_uppercase()}]]])
}

fn code(kind: &str) -> String {
    format!("{kind}-{}", fresh_id())
}

#[tokio::test]
async fn an_account_is_one_party_whatever_its_mail() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    let first = party_of(&lab, &order).await;
    assert_eq!(first["name"], "Zaphira Canarelli");
    assert_eq!(first["code"], json!(format!("main:{}", order.customer.id.unwrap())));
    let mut moved = again(&order);
    moved.customer.email = Some("somebody.else@canary.example".into());
    assert_eq!(party_of(&lab, &moved).await["id"], first["id"]);
}

#[tokio::test]
async fn a_guest_is_found_by_mail_in_any_case() {
    let Some(lab) = lab() else { return };
    let mut order = inclusive();
    order.customer.id = None;
    let there =
        make(&lab, json!({"name": "Z. Canarelli", "code": code("p"), "contact_mechanisms": mail(&order)}))
            .await;
    assert_eq!(party_of(&lab, &order).await["id"], there);
    // A wildcard of the database is a letter of the address.
    let mut other = inclusive();
    let underscored = order.customer.email.as_ref().unwrap().expose().replacen('.', "_", 1);
    other.customer.id = None;
    other.customer.email = Some(underscored.as_str().into());
    assert_ne!(party_of(&lab, &other).await["id"], there);
}

#[tokio::test]
async fn guests_without_a_mail_are_strangers() {
    let Some(lab) = lab() else { return };
    let mut order = inclusive();
    order.customer.id = None;
    order.customer.email = None;
    let first = party_of(&lab, &order).await;
    assert_ne!(party_of(&lab, &again(&order)).await["id"], first["id"]);
}

#[tokio::test]
async fn several_matches_go_to_people() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    for _ in 0..2 {
        make(&lab, json!({"name": "Double", "code": code("p"), "contact_mechanisms": mail(&order)})).await;
    }
    match lab.connect().create(&order).await {
        Err(CallError::Rejected(rejection)) => {
            assert_eq!(rejection.code, "customer_ambiguous");
            assert!(!rejection.detail.contains("canary"), "{}", rejection.detail);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn company_and_person_stay_apart() {
    let Some(lab) = lab() else { return };
    let person = inclusive();
    let mut company = again(&person);
    company.billing.company = "Canarelli & Finch OHG".into();
    let first = party_of(&lab, &person).await;
    let second = party_of(&lab, &company).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(second["name"], "Canarelli & Finch OHG");
    assert_eq!(party_of(&lab, &again(&company)).await["id"], second["id"]);
    assert_eq!(party_of(&lab, &again(&person)).await["id"], first["id"]);
    // And a guest with the same mail is the person, not the company.
    let mut guest = again(&person);
    guest.customer.id = None;
    assert_eq!(party_of(&lab, &guest).await["id"], first["id"]);
}

#[tokio::test]
async fn a_checked_vat_id_finds_its_company_and_an_unchecked_one_nobody() {
    let Some(lab) = lab() else { return };
    let vat = german_vat_id();
    let there = make(
        &lab,
        json!({
            "name": "Finch & Partner", "code": code("b"),
            "identifiers": [["create", [{"type": "eu_vat", "code": vat}]]],
        }),
    )
    .await;
    let mut order = inclusive();
    order.billing.company = "Finch und Partner".into();
    order.customer.vat_id = Some(format!("{} {}", &vat[..2], &vat[2..]).as_str().into());
    assert_ne!(party_of(&lab, &order).await["id"], there);
    let mut checked = again(&order);
    checked.customer.id = Some(fresh_id());
    checked.customer.vat_exempt = true;
    checked.customer.email = Some(format!("einkauf.{}@canary.example", fresh_id()).as_str().into());
    assert_eq!(party_of(&lab, &checked).await["id"], there);
}

#[tokio::test]
async fn a_new_company_keeps_its_vat_id_even_one_tryton_doubts() {
    let Some(lab) = lab() else { return };
    for (vat, kind) in [(german_vat_id(), json!("eu_vat")), ("DE12345".to_owned(), Value::Null)] {
        let mut order = inclusive();
        order.billing.company = format!("Finch {}", fresh_id()).as_str().into();
        order.customer.vat_exempt = true;
        // Nobody else's, so that the second round finds nobody.
        let vat = if kind.is_null() { format!("{vat}{}", fresh_id()) } else { vat };
        order.customer.vat_id = Some(vat.as_str().into());
        let party = party_of(&lab, &order).await;
        assert_eq!(party["identifiers"][0]["code"], json!(vat));
        assert_eq!(party["identifiers"][0]["type"], kind);
    }
}

#[tokio::test]
async fn people_link_a_party_by_an_identifier() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    let key = format!("main:{}", order.customer.id.unwrap());
    let linked = make(
        &lab,
        json!({
            "name": "Linked", "code": code("p"), "identifiers": [["create", [{"type": null, "code": key}]]],
        }),
    )
    .await;
    assert_eq!(party_of(&lab, &order).await["id"], linked);
}

#[tokio::test]
async fn addresses_are_made_once_for_each_content() {
    let Some(lab) = lab() else { return };
    let mut order = inclusive();
    order.billing.country = "US".to_owned();
    order.billing.state = "CA".to_owned();
    let party = party_of(&lab, &order).await;
    let second = again(&order);
    party_of(&lab, &second).await;
    let mut third = again(&order);
    third.delivery.city = "Anderswo".into();
    party_of(&lab, &third).await;
    let fields = ["party_name", "street", "city", "subdivision.code", "contact_mechanisms.value"];
    let mut found = lab.records("party.address", json!([["party", "=", party["id"]]]), &fields).await;
    found.sort_by_key(|address| address["id"].as_u64());
    let cities: Vec<_> = found.iter().map(|address| address["city"].as_str().unwrap()).collect();
    assert_eq!(cities, ["Zwitscherstadt", "Zwitscherstadt", "Anderswo"]);
    assert_eq!(found[0]["subdivision"]["code"], "US-CA");
    assert_eq!(found[0]["street"], "Kanarienweg 7\nHinterhaus im dritten Käfig");
    assert_eq!(found[0]["contact_mechanisms"][0]["value"], "+49 30 5550 1999");
}

/// A German VAT id with a right check digit (ISO 7064, MOD 11,10).
fn german_vat_id() -> String {
    let digits = format!("{:08}", 10_000_000 + fresh_id() % 89_999_999);
    let mut product = 10;
    for digit in digits.bytes().map(|byte| u32::from(byte - b'0')) {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        product = (2 * sum) % 11;
    }
    format!("DE{digits}{}", (11 - product) % 10)
}
