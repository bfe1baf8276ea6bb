//! SQS: orders, payments and cancellations → ERP.

mod connections;

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_domain::ports::Clock;
use weir_domain::push::OrderPush;
use weir_ledger::DynamoLedger;
use weir_runtime::aws;
use weir_runtime::batch::{Batch, SqsVisibility, invocation_deadline};
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, OrdersQueueEnvironment, Profile, TelemetryEnvironment, process,
};
use weir_runtime::mappings::SeededMappings;
use weir_runtime::secrets::{Secrets, SecretsManager};
use weir_runtime::telemetry::Telemetry;

use crate::connections::Connected;

/// One: the event source's concurrency is then that of orders in the ERPs.
const CONCURRENCY: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("order-push", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let configuration = Configuration::load(&DocumentsEnvironment::read(&process)?.directory, profile)?;
    let sdk = aws::config().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secret_store = Arc::new(SecretsManager::new(aws::secrets_manager(&sdk)));
    let secrets = Secrets::new(secret_store, Arc::clone(&clock), profile);
    let ledger_environment = LedgerEnvironment::read(&process)?;
    let ledger = DynamoLedger::new(aws_sdk_dynamodb::Client::new(&sdk), ledger_environment.table);
    let push = &OrderPush {
        mappings: Arc::new(SeededMappings::new(ledger.clone(), configuration.seeds.clone())),
        ledger: Arc::new(ledger),
        lease: order_push::lease(&configuration),
        amnesia: ledger_environment.amnesia,
        connections: Arc::new(Connected::new(configuration, secrets, Arc::clone(&clock), profile)),
        clock: Arc::clone(&clock),
    };
    let queue_url = OrdersQueueEnvironment::read(&process)?.url;
    let visibility = Arc::new(SqsVisibility::new(aws::sqs(&sdk), queue_url));
    let batch = &Batch { concurrency: CONCURRENCY, clock, visibility };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = invocation_deadline(&event.context);
        let invocation = &event.context.request_id;
        let answer =
            batch.process(event.payload, deadline, |record| order_push::work(push, record, invocation)).await;
        telemetry.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
