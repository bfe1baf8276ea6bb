//! The published description of the API is that of the router.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use console::api::ROUTES;
use serde_json::{Value, json};

use crate::sign_in::signed_in;
use crate::world::World;

fn description() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/openapi/console.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Method and path of everything that is described.
fn described(description: &Value) -> BTreeSet<(String, String)> {
    let paths = description["paths"].as_object().unwrap();
    let operations = |(path, item): (&String, &Value)| {
        let methods: Vec<String> =
            item.as_object().unwrap().keys().filter(|key| *key != "parameters").cloned().collect();
        methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(operations).collect()
}

#[test]
fn every_route_is_described_and_everything_described_is_a_route() {
    let routes: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|(method, path)| ((*method).to_owned(), format!("/console/api{}", path.replace("{*", "{"))))
        .collect();
    assert_eq!(routes.len(), ROUTES.len());
    assert_eq!(described(&description()), routes);
}

#[test]
fn it_is_complete_in_itself() {
    let description = description();
    assert_eq!(description["openapi"], "3.1.1");
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
    for (path, item) in description["paths"].as_object().unwrap() {
        let holes = path.matches('{').count();
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| is_in_path(&description, parameter)).count();
            assert_eq!(in_path, holes, "{method} {path} names its parameters");
            assert!(
                operation["summary"].is_string() && operation["responses"]["200"].is_object(),
                "{method} {path}"
            );
        }
    }
}

fn is_in_path(description: &Value, parameter: &Value) -> bool {
    let parameter = match parameter["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap(),
        None => parameter,
    };
    parameter["in"] == "path"
}

/// An answer of each kind is what its schema says.
#[tokio::test]
async fn answers_are_as_described() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    world.queues.put_dead("orders", "nonsense", world.now());
    let held = console.post("/console/api/orders/main/1/hold", &json!({ "why": "ask first" })).await;
    assert_eq!(held.status, StatusCode::OK);
    world.excepted(2).await;
    let description = description();
    let asked = [
        ("/console/api/me", "/console/api/me"),
        ("/console/api/overview", "/console/api/overview"),
        ("/console/api/stuck", "/console/api/stuck?store=main"),
        ("/console/api/failed", "/console/api/failed?store=main"),
        ("/console/api/stale", "/console/api/stale?store=main"),
        ("/console/api/orders/{store}/{order}", "/console/api/orders/main/1"),
        ("/console/api/exceptions", "/console/api/exceptions?store=main"),
        ("/console/api/mappings", "/console/api/mappings?store=main"),
        ("/console/api/queues", "/console/api/queues"),
        ("/console/api/queues/{queue}/letters", "/console/api/queues/orders/letters"),
        ("/console/api/reports", "/console/api/reports?store=main"),
        ("/console/api/jobs", "/console/api/jobs?store=main"),
        ("/console/api/actions", "/console/api/actions"),
    ];
    for (path, address) in asked {
        let answer = console.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.body);
        let escaped = path.replace('/', "~1");
        let schema = format!("/paths/{escaped}/get/responses/200/content/application~1json/schema");
        let mut schema = description.pointer(&schema).unwrap_or_else(|| panic!("{path}")).clone();
        schema["components"] = description["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = answer.json();
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{address}: {errors:#?}\n{body}");
    }
}

#[tokio::test]
async fn what_is_not_described_is_not_there() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    assert_eq!(console.get("/console/api/orders").await.status, StatusCode::NOT_FOUND);
    let token = console.token().await;
    let request = console.request(Method::DELETE, "/console/api/orders/main/1").header("x-csrf-token", token);
    let answer = console.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
