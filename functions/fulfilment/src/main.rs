//! SQS: what the ERP shipped or took back → shop. Schedule: ERP's feed → queue.

use std::sync::Arc;

use fulfilment::{Fulfilment, Tick};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use order_push::connections::connect;
use serde_json::Value;
use weir_domain::fulfilment::follow::FollowOrders;
use weir_domain::ports::Clock;
use weir_domain::push::{OrderPush, StockOut};
use weir_ledger::{DynamoLedger, DynamoStock, SqsOrderQueue, SqsStockQueue};
use weir_runtime::batch::{Batch, SqsVisibility, invocation_deadline};
use weir_runtime::environment::{
    DocumentsEnvironment, FulfilmentQueueEnvironment, LedgerEnvironment, NightlyEnvironment, Profile,
    StockQueueEnvironment, StockTableEnvironment, TelemetryEnvironment, process,
};
use weir_runtime::{aws, clock::SystemClock, config::Configuration};
use weir_runtime::{mappings::SeededMappings, secrets::Secrets, telemetry::Telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("fulfilment", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let documents = DocumentsEnvironment::read(&process)?.directory;
    let configuration = Arc::new(Configuration::load(&documents, profile)?);
    let sdk = aws::config().await;
    let (dynamo, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws::sqs(&sdk));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::in_aws(&sdk, Arc::clone(&clock), profile);
    let connections = Arc::new(connect(Arc::clone(&configuration), secrets, &clock, profile));
    let LedgerEnvironment { table, amnesia } = LedgerEnvironment::read(&process)?;
    let ledger = Arc::new(DynamoLedger::new(dynamo.clone(), table));
    let stock = StockOut {
        store: Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table)),
        queue: Arc::new(SqsStockQueue::new(sqs.clone(), StockQueueEnvironment::read(&process)?.url)),
    };
    let push = OrderPush {
        mappings: Arc::new(SeededMappings::new((*ledger).clone(), configuration.seeds.clone())),
        ledger: Arc::clone(&ledger) as _,
        lease: order_push::lease(&configuration),
        amnesia,
        connections: Arc::clone(&connections) as _,
        stock: Some(stock),
        clock: Arc::clone(&clock),
    };
    let FulfilmentQueueEnvironment { url } = FulfilmentQueueEnvironment::read(&process)?;
    let queue = Arc::new(SqsOrderQueue::new(sqs.clone(), url.clone()));
    let follow = FollowOrders { schedules: Arc::clone(&ledger) as _, queue, clock: Arc::clone(&clock) };
    let NightlyEnvironment { hour } = NightlyEnvironment::read(&process)?;
    let tick = Tick { configuration, connections, ledger, follow, hour };
    let batch = Batch { concurrency: 1, clock, visibility: Arc::new(SqsVisibility::new(sqs, url)) };
    let fulfilment = &Fulfilment { push, batch, tick };
    lambda_runtime::run(service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Value>| {
        let answer = fulfilment.answer(payload, &context.request_id, invocation_deadline(&context)).await;
        telemetry.flush();
        answer.map_err(Error::from)
    }))
    .await
}
