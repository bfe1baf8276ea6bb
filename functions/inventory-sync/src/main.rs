//! Schedule: ERP stock → positions; which items moved → stock queue.

use std::sync::Arc;

use inventory_sync::Tick;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use weir_domain::ports::{Clock, ErpStock};
use weir_domain::stock::sync::StockSync;
use weir_erp::ConnectError;
use weir_ledger::{DynamoLedger, DynamoStock, SqsStockQueue};
use weir_runtime::batch::invocation_deadline;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, NightlyEnvironment, Profile, StockQueueEnvironment,
    StockTableEnvironment, TelemetryEnvironment, process,
};
use weir_runtime::telemetry::{CountedErp, Telemetry};
use weir_runtime::{aws, clock::SystemClock, config::Configuration, connections::Erps, secrets::Secrets};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("inventory-sync", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let documents = DocumentsEnvironment::read(&process)?.directory;
    let configuration = Arc::new(Configuration::load(&documents, profile)?);
    let sdk = aws::config().await;
    let dynamo = aws_sdk_dynamodb::Client::new(&sdk);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Arc::new(Secrets::in_aws(&sdk, Arc::clone(&clock), profile));
    let ledger = Arc::new(DynamoLedger::new(dynamo.clone(), LedgerEnvironment::read(&process)?.table));
    let sync = StockSync {
        stock: Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table)),
        ledger: Arc::clone(&ledger) as _,
        schedules: ledger,
        queue: Arc::new(SqsStockQueue::new(aws::sqs(&sdk), StockQueueEnvironment::read(&process)?.url)),
        clock: Arc::clone(&clock),
    };
    let erps = Erps::new(Arc::clone(&configuration), secrets, move |config, secrets| {
        let (key, clock) = (secrets.api_key.clone(), Arc::clone(&clock));
        let connected = weir_erp::connect_stock(config, key, clock, profile.is_local())?;
        Ok::<Arc<dyn ErpStock>, ConnectError>(Arc::new(CountedErp::new(config.erp.clone(), connected)))
    });
    let tick = &Tick { configuration, erps, sync, hour: NightlyEnvironment::read(&process)?.hour };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let outcome = tick.run(&event.context.request_id, invocation_deadline(&event.context)).await;
        telemetry.flush();
        outcome.map_err(Error::from)
    }))
    .await
}
