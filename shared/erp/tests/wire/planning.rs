//! A plan is what would be sent, without a person in it.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::id::{DocumentKey, RefundId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Creation, PlannedRequest};
use weir_domain::sales::{Release, SalesOrder};
use weir_testkit::sample;

use crate::fake::Fake;
use crate::requests::order;

const EXACT: &[(&str, &str)] = &[("47.12", "8.95")];
const MASK: &str = "•••";

async fn plan(fake: &Fake, order: &SalesOrder) -> Vec<PlannedRequest> {
    let plan = fake.connect_desk().plan(order).await.unwrap();
    assert_eq!(writes(&fake.log()), Vec::<Value>::new(), "nothing is written");
    let text = serde_json::to_string(&plan).unwrap();
    for canary in sample::CANARIES {
        assert!(!text.contains(canary), "{canary} is in the plan");
    }
    plan
}

/// What changes something, of what was asked.
fn writes(log: &[Value]) -> Vec<Value> {
    let is_write = |asked: &&Value| {
        let ask = asked["ask"].as_str().unwrap();
        let reads = ["search_read", "get_access", "get_preferences"];
        !ask.starts_with("GET") && !reads.iter().any(|name| ask.ends_with(name))
    };
    log.iter().filter(is_write).cloned().collect()
}

/// What create and confirm send for the same order.
async fn sent(fake: &Fake, order: &SalesOrder) -> Vec<Value> {
    let erp = fake.connect();
    let Creation::Created(document) = erp.create(order).await.unwrap() else { panic!("it was there before") };
    let mut sent = writes(&fake.log());
    show_addresses(fake, &sent);
    erp.confirm(&document, order).await.unwrap();
    sent.extend(writes(&fake.log()));
    sent
}

/// Has the sale answer with the addresses that it was made with.
fn show_addresses(fake: &Fake, sent: &[Value]) {
    let made = sent.iter().filter(|asked| asked["ask"] == "POST party.address");
    let mut addresses: Vec<Value> = made.map(|asked| asked["body"].clone()).collect();
    for (address, id) in addresses.iter_mut().zip(71..) {
        (address["id"], address["country"]) = (json!(id), json!({"id": 49, "code": "DE"}));
    }
    let mut books = fake.books.lock().unwrap();
    let known = books.parties.iter().filter_map(|party| party["addresses"].as_array());
    addresses.extend(known.flatten().cloned());
    let record = &sent.iter().find(|asked| asked["ask"] == "POST sale.sale").unwrap()["body"];
    for field in ["invoice_address", "shipment_address"] {
        let address = addresses.iter().find(|address| address["id"] == record[field]).unwrap();
        books.sale.as_mut().unwrap()[field] = address.clone();
    }
}

/// Where a plan stands for what was sent: a mask for somebody's text, words
/// for the id that the scripted Tryton gives.
fn stands_for(planned: &Value, sent: &Value) -> bool {
    match (planned, sent) {
        (Value::Object(planned), Value::Object(sent)) => {
            planned.len() == sent.len()
                && planned
                    .iter()
                    .all(|(name, value)| sent.get(name).is_some_and(|sent| stands_for(value, sent)))
        }
        (Value::Array(planned), Value::Array(sent)) => {
            planned.len() == sent.len()
                && planned.iter().zip(sent).all(|(planned, sent)| stands_for(planned, sent))
        }
        (Value::String(planned), Value::String(sent)) if planned.contains(MASK) => {
            let pieces: Vec<&str> = planned.split(MASK).collect();
            !sent.is_empty() && sent.starts_with(pieces[0]) && sent.len() >= planned.len() - MASK.len()
        }
        (Value::String(planned), Value::Number(sent)) => {
            let words = match sent.as_u64().unwrap() {
                7 => "(id of the party above)",
                71 => "(id of the invoice address above)",
                72 => "(id of the delivery address above)",
                _ => "",
            };
            planned == words
        }
        (planned, sent) => planned == sent,
    }
}

fn assert_is_sent(plan: &[PlannedRequest], sent: &[Value]) {
    assert_eq!(plan.len(), sent.len(), "{plan:#?} {sent:#?}");
    for (planned, sent) in plan.iter().zip(sent) {
        let (method, path) = sent["ask"].as_str().unwrap().split_once(' ').unwrap();
        let path = path.replace("sale.sale/1/", "sale.sale/(id of the sale above)/");
        let fields = sent["fields"].as_str().unwrap().replace(' ', "&f=");
        assert_eq!(
            (planned.method.as_str(), &planned.path),
            (method, &format!("/books/rest/model/{path}?f={fields}"))
        );
        assert!(stands_for(&planned.body, &sent["body"]), "{:#} {:#}", planned.body, sent["body"]);
    }
}

/// A guest with a VAT id, delivered to somewhere else.
fn guest() -> SalesOrder {
    let mut order = order();
    order.customer.id = None;
    order.customer.vat_id = Some("de 136 695 976".into());
    order.customer.vat_exempt = true;
    order.delivery.company = "".into();
    "DE-BE".clone_into(&mut order.delivery.state);
    order
}

#[tokio::test]
async fn a_plan_is_what_is_sent() {
    let mut reserved = guest();
    reserved.release = Release::Reserve;
    let mut elsewhere = order();
    elsewhere.delivery.phone = "+49 30 5550 2000".into();
    for (name, order, requests) in
        [("company", order(), 6), ("guest", guest(), 7), ("reserved", reserved, 5), ("phone", elsewhere, 6)]
    {
        let plan = plan(&Fake::start(EXACT).await, &order).await;
        assert_eq!(plan.len(), requests, "{name}");
        assert_is_sent(&plan, &sent(&Fake::start(EXACT).await, &order).await);
    }
}

#[tokio::test]
async fn a_plan_as_people_see_it() {
    let plan = plan(&Fake::start(EXACT).await, &guest()).await;
    let without_fields = plan.into_iter().map(|mut request| {
        request.path = request.path.split('?').next().unwrap().to_owned();
        request
    });
    assert_json_snapshot!("guest_plan", without_fields.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_customer_and_an_address_that_are_there_are_used() {
    let address = json!({
        "id": 70, "party_name": "Canarelli & Finch OHG", "attn": "Zaphira Canarelli",
        "street": "Kanarienweg 7\nHinterhaus im dritten Käfig", "postal_code": "10115", "city": "Zwitscherstadt",
        "country": {"id": 49, "code": "DE"}, "subdivision": null,
    });
    let party = json!({
        "id": 8, "name": "Canarelli & Finch OHG", "code": "main:42", "tax_identifier": null,
        "contact_mechanisms": [], "addresses": [address],
    });
    let known = async || {
        let fake = Fake::start(EXACT).await;
        fake.books.lock().unwrap().parties.push(party.clone());
        fake
    };
    let plan = plan(&known().await, &order()).await;
    let sale = &plan[0].body;
    assert_eq!(
        (&sale["party"], &sale["invoice_address"], &sale["shipment_address"]),
        (&json!(8), &json!(70), &json!(70))
    );
    assert_is_sent(&plan, &sent(&known().await, &order()).await);
}

#[tokio::test]
async fn a_credit_is_planned_for_who_bought() {
    let booked = async || {
        let fake = Fake::start(EXACT).await;
        let sale = sent(&fake, &order()).await;
        assert_eq!(sale.len(), 6);
        let party =
            json!({"id": 7, "name": "Canarelli & Finch OHG", "code": "main:42", "tax_identifier": null});
        fake.books.lock().unwrap().parties.push(party);
        fake
    };
    let mut credit = order();
    credit.key = DocumentKey::of_refund(&credit.key.order, RefundId(31));
    credit.origin = Some("1".to_owned());
    let plan = plan(&booked().await, &credit).await;
    let sale = plan.iter().find(|request| request.path.starts_with("/books/rest/model/sale.sale?")).unwrap();
    assert_eq!((&sale.body["party"], &sale.body["origin"]), (&json!(7), &json!("sale.sale,1")));
    assert_eq!(sale.body["web_id"], "4711.r31");
}

#[tokio::test]
async fn what_cannot_be_booked_cannot_be_planned() {
    let fake = Fake::start(EXACT).await;
    let refused = async |order: SalesOrder| match fake.connect_desk().plan(&order).await {
        Err(CallError::Rejected(rejection)) => rejection.code,
        other => panic!("{other:?}"),
    };
    let mut unknown = order();
    "NO-MUG".clone_into(&mut unknown.lines[0].item);
    assert_eq!(refused(unknown).await, "item_unknown");
    let mut elsewhere = order();
    elsewhere.key.order.store = "elsewhere".parse().unwrap();
    assert_eq!(refused(elsewhere).await, "store_not_configured");
}
