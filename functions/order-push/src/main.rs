//! SQS: orders, payments and cancellations → ERP; parcels, refunds and statuses
//! that waited → shop.

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_domain::ports::Clock;
use weir_domain::push::{OrderPush, StockOut};
use weir_ledger::{DynamoLedger, DynamoStock, SqsStockQueue};
use weir_runtime::batch::{Batch, SqsVisibility, invocation_deadline};
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, OrdersQueueEnvironment, Profile, StockQueueEnvironment,
    StockTableEnvironment, TelemetryEnvironment, process,
};
use weir_runtime::{aws, clock::SystemClock, config::Configuration};
use weir_runtime::{mappings::SeededMappings, secrets::Secrets, telemetry::Telemetry};

/// One: the event source's concurrency is then that of orders in the ERPs.
const CONCURRENCY: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("order-push", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let documents = DocumentsEnvironment::read(&process)?.directory;
    let configuration = Arc::new(Configuration::load(&documents, profile)?);
    let sdk = aws::config().await;
    let (dynamo, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws::sqs(&sdk));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::in_aws(&sdk, Arc::clone(&clock), profile);
    let LedgerEnvironment { table, amnesia } = LedgerEnvironment::read(&process)?;
    let ledger = DynamoLedger::new(dynamo.clone(), table);
    let stock = StockOut {
        store: Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table)),
        queue: Arc::new(SqsStockQueue::new(sqs.clone(), StockQueueEnvironment::read(&process)?.url)),
    };
    let push = &OrderPush {
        mappings: Arc::new(SeededMappings::new(ledger.clone(), configuration.seeds.clone())),
        ledger: Arc::new(ledger),
        lease: order_push::lease(&configuration),
        amnesia,
        connections: Arc::new(order_push::connections::connect(configuration, secrets, &clock, profile)),
        stock: Some(stock),
        clock: Arc::clone(&clock),
    };
    let visibility = Arc::new(SqsVisibility::new(sqs, OrdersQueueEnvironment::read(&process)?.url));
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
