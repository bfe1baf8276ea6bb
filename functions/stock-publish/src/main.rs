//! SQS: what each shop may sell now → WooCommerce.

mod connections;

use std::sync::{Arc, Mutex};

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_domain::ports::Clock;
use weir_domain::stock::publish::Publish;
use weir_ledger::{DynamoLedger, DynamoStock, SqsStockQueue};
use weir_runtime::batch::{Batch, SqsVisibility, invocation_deadline};
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, Profile, StockQueueEnvironment, StockTableEnvironment,
    TelemetryEnvironment, process,
};
use weir_runtime::{aws, clock::SystemClock, config::Configuration};
use weir_runtime::{mappings::SeededMappings, secrets::Secrets, telemetry::Telemetry};

/// Each message already asks its shops side by side for as much as they take.
const CONCURRENCY: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("stock-publish", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let configuration = Configuration::load(&DocumentsEnvironment::read(&process)?.directory, profile)?;
    let sdk = aws::config().await;
    let (dynamo, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws::sqs(&sdk));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::in_aws(&sdk, Arc::clone(&clock), profile);
    let ledger = DynamoLedger::new(dynamo.clone(), LedgerEnvironment::read(&process)?.table);
    let mappings = Arc::new(SeededMappings::new(ledger.clone(), configuration.seeds.clone()));
    let queue_url = StockQueueEnvironment::read(&process)?.url;
    let publish = &Publish {
        stock: Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table)),
        queue: Arc::new(SqsStockQueue::new(sqs.clone(), queue_url.clone())),
        ledger: Arc::new(ledger),
        mappings: Arc::clone(&mappings) as _,
        names: mappings,
        connections: Arc::new(connections::connect(configuration, secrets, &clock, profile)),
        clock: Arc::clone(&clock),
        paces: Mutex::default(),
    };
    let batch =
        &Batch { concurrency: CONCURRENCY, clock, visibility: Arc::new(SqsVisibility::new(sqs, queue_url)) };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = invocation_deadline(&event.context);
        let answer =
            batch.process(event.payload, deadline, |record| stock_publish::work(publish, record)).await;
        telemetry.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
