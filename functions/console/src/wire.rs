//! Puts the console together from the environment: the same in a function and
//! on somebody's own machine, but for the door.

use std::sync::Arc;

use aws_config::SdkConfig;
use weir_domain::desk::Desk;
use weir_domain::ports::Clock;
use weir_domain::push::OrderPush;
use weir_ledger::{DynamoLedger, DynamoStock, SqsOrderQueue, SqsQueues, SqsStockQueue};
use weir_runtime::aws;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::{
    DocumentsEnvironment, LedgerEnvironment, Profile, QueuesEnvironment, StockTableEnvironment, process,
};
use weir_runtime::mappings::SeededMappings;
use weir_runtime::secrets::Secrets;

use crate::auth::{Auth, OpenId};
use crate::connections::DeskErps;
use crate::doctor::Checkups;
use crate::patience::PATIENCE;
use crate::state::App;

/// What stops a start.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What every door needs before it opens.
pub struct Surroundings {
    /// Where it runs.
    pub profile: Profile,
    /// Stores and ERPs.
    pub configuration: Arc<Configuration>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    sdk: SdkConfig,
}

impl Surroundings {
    /// Reads environment and documents; connects to nothing.
    pub async fn read() -> Result<Self, Failure> {
        let profile = Profile::read(&process)?;
        let documents = DocumentsEnvironment::read(&process)?.directory;
        let configuration = Arc::new(Configuration::load(&documents, profile)?);
        Ok(Self { profile, configuration, clock: Arc::new(SystemClock), sdk: aws::config().await })
    }

    /// Secrets of stores, ERPs and the console, fetched when first needed.
    fn secrets(&self) -> Secrets {
        Secrets::in_aws(&self.sdk, Arc::clone(&self.clock), self.profile)
    }

    /// The door of a function: the identity provider of `console.json`.
    pub fn openid(&self) -> Result<Auth, Failure> {
        let auth = self.door()?;
        if let Auth::NotConfigured(why) = &auth {
            tracing::warn!(why, "the console answers nobody");
        }
        Ok(auth)
    }

    fn door(&self) -> Result<Auth, Failure> {
        Ok(match &self.configuration.console {
            Some(Ok(config)) => {
                let (config, clock) = (Arc::clone(config), Arc::clone(&self.clock));
                Auth::OpenId(Box::new(OpenId::new(config, self.secrets(), clock, self.profile.is_local())?))
            }
            Some(Err(problem)) => Auth::NotConfigured(format!(
                "Nobody can sign in: {problem}. Put it right, run `make check`, and deploy again."
            )),
            None => Auth::NotConfigured(NO_DOCUMENT.to_owned()),
        })
    }

    /// The console behind a door.
    pub fn app(&self, auth: Auth) -> Result<App, Failure> {
        let Self { profile, configuration, clock, sdk } = self;
        let dynamo = aws_sdk_dynamodb::Client::new(sdk);
        let sqs = aws::sqs(sdk);
        let LedgerEnvironment { table, amnesia } = LedgerEnvironment::read(&process)?;
        let ledger = DynamoLedger::new(dynamo.clone(), table);
        let stock = Arc::new(DynamoStock::new(dynamo, StockTableEnvironment::read(&process)?.table));
        let urls = QueuesEnvironment::read(&process)?;
        let connections = Arc::new(order_push::connections::connect(
            Arc::clone(configuration),
            self.secrets(),
            clock,
            *profile,
        ));
        let mappings = Arc::new(SeededMappings::new(ledger.clone(), configuration.seeds.clone()));
        let ledger = Arc::new(ledger);
        let lease = order_push::lease(configuration);
        Ok(App {
            auth,
            open: ledger.clone(),
            ledger: ledger.clone(),
            timelines: ledger.clone(),
            jobs: ledger.clone(),
            reports: ledger.clone(),
            actions: ledger.clone(),
            doctor: Checkups::new(configuration, self.secrets(), mappings.clone(), clock, *profile)
                .within(PATIENCE),
            mappings: mappings.clone(),
            stock: stock.clone(),
            desk: Desk {
                ledger: ledger.clone(),
                queue: Arc::new(SqsOrderQueue::new(sqs.clone(), &urls.orders.queue)),
                connections: connections.clone(),
                erps: Arc::new(DeskErps::new(configuration, self.secrets(), clock, *profile)),
                stock,
                stock_queue: Arc::new(SqsStockQueue::new(sqs.clone(), &urls.stock.queue)),
                clock: Arc::clone(clock),
                lease,
            },
            // Asked what would happen, never to do it: stock is not told.
            push: OrderPush {
                ledger,
                mappings,
                connections,
                stock: None,
                clock: Arc::clone(clock),
                lease,
                amnesia,
            },
            queues: Arc::new(SqsQueues::new(sqs, queues(urls))),
            configuration: Arc::clone(configuration),
            clock: Arc::clone(clock),
        })
    }
}

const NO_DOCUMENT: &str = "The console is not configured: nobody can sign in. Add console.json to the \
     configuration directory (infra/schemas/console.schema.json describes it), create its secret, and deploy \
     again. Until then `make console` serves it on your own machine with your AWS credentials.";

/// In the order in which people see them.
fn queues(urls: QueuesEnvironment) -> Vec<(String, Option<String>, String)> {
    let QueuesEnvironment { orders, stock, fulfilment, ticks_dead_letters } = urls;
    let named = |name: &str, urls: weir_runtime::environment::QueueUrls| {
        (name.to_owned(), Some(urls.queue), urls.dead_letters)
    };
    let ticks = ("ticks".to_owned(), None, ticks_dead_letters);
    vec![named("orders", orders), named("stock", stock), named("fulfilment", fulfilment), ticks]
}
