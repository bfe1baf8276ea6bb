use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;
use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::ports::Clock;
use weir_testkit::FakeClock;

use super::*;
use crate::config::{Configuration, Disabled, Problem};
use crate::environment::Profile;
use crate::secrets::{KEPT_FOR, SecretError, SecretStore, Secrets};

/// The secrets of one store and one ERP; the next fetch is of another text.
#[derive(Default)]
struct Rotating(AtomicUsize);

#[async_trait]
impl SecretStore for Rotating {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        let fetch = self.0.fetch_add(1, Ordering::Relaxed);
        let key = format!("key-{fetch}");
        match name {
            "weir/store/main" => {
                let webhook = "a".repeat(32);
                Ok(json!({"consumer_key": key, "consumer_secret": "s", "webhook_secret": webhook})
                    .to_string()
                    .into())
            }
            "weir/erp/books" => Ok(json!({"api_key": key}).to_string().into()),
            _ => Err(SecretError::Missing { name: name.to_owned() }),
        }
    }
}

fn store(id: &str) -> StoreConfig {
    let secret = format!("weir/store/{id}");
    let url = "https://shop.example.com/";
    serde_json::from_value(json!({"store": id, "url": url, "secret": secret, "entities": [
        {"entity": "eu", "erp": "books"},
    ]}))
    .unwrap()
}

fn erp() -> ErpConfig {
    serde_json::from_value(json!({
        "erp": "books", "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
        "database": "weir", "company": 1, "warehouse": 2, "web_shops": {}, "taxes": {},
        "rounding": {"item": "ROUND", "tax_unit": {}},
    }))
    .unwrap()
}

fn configuration() -> Arc<Configuration> {
    let id = |name: &str| name.parse().unwrap();
    let problem = Problem { document: "stores/wrong.json".into(), field: "url".into(), problem: "no".into() };
    let stores = BTreeMap::from([
        (id("main"), Ok(Arc::new(store("main")))),
        (id("no-secret"), Ok(Arc::new(store("no-secret")))),
        (id("wrong"), Err(Disabled(vec![problem]))),
    ]);
    let erps = BTreeMap::from([("books".parse().unwrap(), erp())]);
    Arc::new(Configuration { stores, erps, ..Configuration::default() })
}

struct World {
    clock: Arc<FakeClock>,
    shops: Shops<str>,
    erps: Erps<str>,
}

/// Connections to what they were made with.
fn world() -> World {
    let clock = Arc::new(FakeClock::default());
    let shown = Arc::clone(&clock) as Arc<dyn Clock>;
    let secrets = Arc::new(Secrets::new(Arc::new(Rotating::default()), shown, Profile::Aws));
    let configuration = configuration();
    let shops = Shops::new(Arc::clone(&configuration), Arc::clone(&secrets), |config, _| {
        Ok::<_, String>(Arc::from(config.store.as_str()))
    });
    let erps = Erps::new(configuration, secrets, |config, _| Ok::<_, String>(Arc::from(config.erp.as_str())));
    World { clock, shops, erps }
}

#[tokio::test]
async fn a_connection_is_kept_while_its_secrets_are_the_same() {
    let World { clock, shops, erps } = world();
    let (main, books) = ("main".parse().unwrap(), "books".parse().unwrap());
    let (shop, erp) = (shops.get(&main).await.unwrap(), erps.get(&books).await.unwrap());
    assert_eq!((&*shop, &*erp), ("main", "books"));
    assert!(Arc::ptr_eq(&shop, &shops.get(&main).await.unwrap()));
    assert!(Arc::ptr_eq(&erp, &erps.get(&books).await.unwrap()));
    clock.advance(KEPT_FOR + SignedDuration::from_secs(1));
    assert!(!Arc::ptr_eq(&shop, &shops.get(&main).await.unwrap()), "made anew with the new secrets");
    assert!(!Arc::ptr_eq(&erp, &erps.get(&books).await.unwrap()));
}

#[tokio::test]
async fn what_is_not_usable_is_blocked_and_says_why() {
    let World { shops, erps, .. } = world();
    for (store, why) in [
        ("wrong", "stores/wrong.json: url: no"),
        ("other", "there is no stores/other.json"),
        ("no-secret", "there is no secret"),
    ] {
        let error = shops.get(&store.parse().unwrap()).await.unwrap_err();
        assert!(matches!(&error, CallError::Blocked { why: said, .. } if said.contains(why)), "{error}");
    }
    let error = erps.get(&"other".parse().unwrap()).await.unwrap_err();
    assert_eq!(error, CallError::blocked("there is no usable erps/other.json"));
}

#[tokio::test]
async fn a_client_that_cannot_be_made_is_asked_for_again() {
    let shown: Arc<dyn Clock> = Arc::new(FakeClock::default());
    let secrets = Arc::new(Secrets::new(Arc::new(Rotating::default()), shown, Profile::Aws));
    let erps = Erps::<str>::new(configuration(), secrets, |_, _| Err("allow_private: no range"));
    for _ in 0..2 {
        let error = erps.get(&"books".parse().unwrap()).await.unwrap_err();
        assert_eq!(error, CallError::blocked("allow_private: no range"));
    }
}

#[test]
fn a_store_that_is_not_usable_is_named_to_whoever_counts_what_it_sells() {
    let shown: Arc<dyn Clock> = Arc::new(FakeClock::default());
    let secrets = Arc::new(Secrets::new(Arc::new(Rotating::default()), shown, Profile::Aws));
    let shops = Shops::<dyn ShopStock>::new(configuration(), Arc::clone(&secrets), |_, _| Err("no shop"));
    let erps = Erps::<dyn ErpStock>::new(configuration(), secrets, |_, _| Err("no ERP"));
    let connected = Connected { shops, erps };
    assert_eq!(StockConnections::disabled(&connected), ["wrong".parse().unwrap()]);
    assert_eq!(StockConnections::stores(&connected).len(), 2);
}
