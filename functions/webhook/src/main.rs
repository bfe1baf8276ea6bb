//! HTTP: WooCommerce says something changed → orders queue.

mod http;
mod secrets;
mod troubles;

use std::sync::Arc;

use lambda_http::{Error, Request, service_fn};
use weir_domain::ports::Clock;
use weir_ledger::{DynamoLedger, SqsOrderQueue};
use weir_runtime::aws;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, OrdersQueueEnvironment, Profile, TelemetryEnvironment, process,
};
use weir_runtime::secrets::{Secrets, SecretsManager};
use weir_runtime::telemetry::Telemetry;
use weir_woocommerce::receive::Receiver;
use weir_woocommerce::watch::Watch;

use crate::secrets::ConfiguredSecrets;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = Telemetry::init("webhook", &TelemetryEnvironment::read(&process)?)?;
    let profile = Profile::read(&process)?;
    let configuration = Configuration::load(&DocumentsEnvironment::read(&process)?.directory, profile)?;
    let sdk = aws::config().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secret_store = Arc::new(SecretsManager::new(aws::secrets_manager(&sdk)));
    let secrets = Secrets::new(secret_store, Arc::clone(&clock), profile);
    let table = LedgerEnvironment::read(&process)?.table;
    let troubles = Arc::new(DynamoLedger::new(aws_sdk_dynamodb::Client::new(&sdk), table));
    let watch = &Watch::new(troubles, Arc::clone(&clock), configuration.stores.keys().cloned());
    let receiver = &Receiver {
        secrets: Arc::new(ConfiguredSecrets { configuration, secrets }),
        queue: Arc::new(SqsOrderQueue::new(aws::sqs(&sdk), OrdersQueueEnvironment::read(&process)?.url)),
        clock,
    };
    lambda_http::run(service_fn(async |request: Request| {
        let answer = http::answer(receiver, watch, &request).await;
        telemetry.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
