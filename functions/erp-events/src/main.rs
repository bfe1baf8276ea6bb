//! HTTP: the ERP, the WMS or the POS says something changed → stock queue,
//! fulfilment queue.

use std::sync::Arc;

use erp_events::Receiver;
use lambda_http::{Error, Request, service_fn};
use weir_domain::ports::Clock;
use weir_ledger::{SqsOrderQueue, SqsStockQueue};
use weir_runtime::aws;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::{
    DocumentsEnvironment, FulfilmentQueueEnvironment, Profile, StockQueueEnvironment, TelemetryEnvironment,
    process,
};
use weir_runtime::secrets::Secrets;
use weir_runtime::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("erp-events", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let configuration = Configuration::load(&DocumentsEnvironment::read(&process)?.directory, profile)?;
    let sdk = aws::config().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sqs = aws::sqs(&sdk);
    let fulfilment = FulfilmentQueueEnvironment::read(&process)?.url;
    let receiver = &Receiver {
        configuration,
        secrets: Secrets::in_aws(&sdk, Arc::clone(&clock), profile),
        stock_queue: Arc::new(SqsStockQueue::new(sqs.clone(), StockQueueEnvironment::read(&process)?.url)),
        fulfilment_queue: Arc::new(SqsOrderQueue::new(sqs, fulfilment)),
        clock,
    };
    lambda_http::run(service_fn(async |request: Request| {
        let answer = erp_events::answer(receiver, &request).await;
        telemetry.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
