//! Schedule: wakes what is due, and polls for what hints lost.

mod minute;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use weir_domain::ports::Clock;
use weir_ledger::{DynamoLedger, SqsOrderQueue};
use weir_runtime::aws;
use weir_runtime::batch::invocation_deadline;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, OrdersQueueEnvironment, Profile, TelemetryEnvironment, process,
};
use weir_runtime::secrets::{Secrets, SecretsManager};
use weir_runtime::telemetry::Telemetry;

use crate::minute::Minute;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("reconcile", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let configuration = Configuration::load(&DocumentsEnvironment::read(&process)?.directory, profile)?;
    let sdk = aws::config().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secret_store = Arc::new(SecretsManager::new(aws::secrets_manager(&sdk)));
    let table = LedgerEnvironment::read(&process)?.table;
    let minute = &Minute {
        secrets: Secrets::new(secret_store, Arc::clone(&clock), profile),
        configuration,
        ledger: Arc::new(DynamoLedger::new(aws_sdk_dynamodb::Client::new(&sdk), table)),
        queue: Arc::new(SqsOrderQueue::new(aws::sqs(&sdk), OrdersQueueEnvironment::read(&process)?.url)),
        clock,
        profile,
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let outcome = minute.run(&event.context.request_id, invocation_deadline(&event.context)).await;
        telemetry.flush();
        outcome.map_err(Error::from)
    }))
    .await
}
