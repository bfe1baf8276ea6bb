//! Schedule: wakes what is due, polls for what hints lost, keeps webhooks
//! alive, carries jobs on, and matches shop, ledger and ERP every night.

mod connections;
mod guard;
mod jobs;
mod minute;
mod night;
mod open_work;
mod poll;
mod turns;
mod wake;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use weir_domain::ports::Clock;
use weir_ledger::{DynamoLedger, DynamoStock, SqsOrderQueue, SqsStockQueue};
use weir_runtime::batch::invocation_deadline;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, NightlyEnvironment, OrdersQueueEnvironment, Profile,
    StockQueueEnvironment, StockTableEnvironment, TelemetryEnvironment, WebhookBaseUrlEnvironment, process,
};
use weir_runtime::{aws, clock::SystemClock, config::Configuration};
use weir_runtime::{mappings::SeededMappings, secrets::Secrets, telemetry::Telemetry};

use crate::connections::Peers;
use crate::minute::Minute;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("reconcile", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let documents = DocumentsEnvironment::read(&process)?.directory;
    let configuration = Arc::new(Configuration::load(&documents, profile)?);
    let sdk = aws::config().await;
    let (dynamo, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws::sqs(&sdk));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::in_aws(&sdk, Arc::clone(&clock), profile);
    let ledger = DynamoLedger::new(dynamo.clone(), LedgerEnvironment::read(&process)?.table);
    let minute = &Minute {
        peers: Arc::new(Peers::new(&configuration, secrets, &clock, profile)),
        mappings: Arc::new(SeededMappings::new(ledger.clone(), configuration.seeds.clone())),
        ledger: Arc::new(ledger),
        stock: Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table)),
        queue: Arc::new(SqsOrderQueue::new(sqs.clone(), OrdersQueueEnvironment::read(&process)?.url)),
        stock_queue: Arc::new(SqsStockQueue::new(sqs, StockQueueEnvironment::read(&process)?.url)),
        clock,
        base_url: WebhookBaseUrlEnvironment::read(&process)?.url,
        hour: NightlyEnvironment::read(&process)?.hour,
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let outcome = minute.run(&event.context.request_id, invocation_deadline(&event.context)).await;
        telemetry.flush();
        outcome.map_err(Error::from)
    }))
    .await
}
