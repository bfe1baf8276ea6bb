//! Whatever people do is counted. One test: metrics are set up once per
//! process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[expect(dead_code, reason = "the tests of the API use more of it")]
#[path = "http/world.rs"]
mod world;

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_runtime::environment::TelemetryEnvironment;
use weir_runtime::telemetry::Telemetry;

use world::World;

#[tokio::test]
async fn what_people_do_is_counted_whether_it_can_be_done_or_not() {
    let environment = TelemetryEnvironment::read(&|_| None).unwrap();
    let telemetry = Telemetry::init("console", &environment).unwrap();
    let world = World::new();
    world.excepted(1).await;
    let (console, invitation) = world.on_a_laptop();
    console.get(invitation.strip_prefix("http://127.0.0.1:8085").unwrap()).await;
    for (action, status) in [("hold", StatusCode::OK), ("rebook", StatusCode::UNPROCESSABLE_ENTITY)] {
        let path = format!("/console/api/orders/main/1/{action}");
        let answer = console.post(&path, &json!({ "why": "the customer called" })).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let mut bytes = Vec::new();
    telemetry.flush_to(&mut bytes).unwrap();
    let lines = String::from_utf8(bytes).unwrap();
    let counted = lines.lines().filter_map(|line| {
        serde_json::from_str::<Value>(line).unwrap().get("ConsoleActions").and_then(Value::as_u64)
    });
    assert_eq!(counted.sum::<u64>(), 2, "{lines}");
}
