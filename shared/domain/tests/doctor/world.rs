//! A shop and an ERP that fit, to be spoiled one thing at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::SignedDuration;
use serde_json::json;
use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::doctor::{
    Access, CatalogueItem, CheckupConnections, Doctor, ErpCheckup, ErpFacts, ErpName, ErpRight, Examined,
    Fact, Finding, Found, Gateway, ParcelInterface, RecentOrders, Report, Sample, ShippingMethod,
    ShopCheckup, ShopFacts, TaxRate, Verdict,
};
use weir_domain::id::{ErpId, Sku, StoreId};
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Capabilities, LedgerError, Managed, MappingStore, Note, Once, TaxBasis, Webhook, WebhookStatus,
};
use weir_testkit::sample;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: StoreConfig,
    pub(crate) erp_config: ErpConfig,
    pub(crate) shop: Result<ShopFacts, CallError>,
    pub(crate) erp: Result<ErpFacts, CallError>,
    pub(crate) items: Result<BTreeSet<Sku>, CallError>,
    pub(crate) mappings: Mappings,
    pub(crate) strong_secret: Fact<bool>,
}

impl World {
    /// The facts of the shop, to be spoiled.
    pub(crate) fn facts(&mut self) -> &mut ShopFacts {
        self.shop.as_mut().unwrap()
    }

    /// The facts of the ERP, to be spoiled.
    pub(crate) fn erp_facts(&mut self) -> &mut ErpFacts {
        self.erp.as_mut().unwrap()
    }

    pub(crate) fn unmap(&mut self, kind: MappingKind, name: &str) {
        self.mappings.remove(&MappingKey::new(kind, name)).unwrap();
    }

    pub(crate) fn map(&mut self, kind: MappingKind, name: &str, codes: &[&str]) {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        self.mappings.insert(MappingKey::new(kind, name), codes);
    }

    pub(crate) fn report(&self) -> Report {
        let peers = Arc::new(self.clone());
        let doctor = Doctor { connections: Arc::clone(&peers) as _, mappings: peers };
        let examined = Examined {
            store: &self.store,
            erps: vec![&self.erp_config],
            strong_secret: self.strong_secret.clone(),
        };
        block_on(doctor.examine(&examined)).unwrap()
    }
}

/// The findings of one check.
pub(crate) fn of(report: &Report, check: &str) -> Vec<Finding> {
    report.findings().filter(|finding| finding.check == check).cloned().collect()
}

/// Spoils the healthy world, and checks that the findings of `check`, and no
/// others, become as bad as expected, each saying what to do.
pub(crate) fn spoiled(check: &str, verdict: Verdict, spoil: impl FnOnce(&mut World)) -> Vec<Finding> {
    let mut world = healthy();
    spoil(&mut world);
    let report = world.report();
    let found = of(&report, check);
    assert_eq!(found.iter().map(|finding| finding.verdict).max(), Some(verdict), "{check}: {found:?}");
    for finding in report.findings().filter(|finding| finding.verdict != Verdict::Good) {
        assert!(!finding.todo.is_empty(), "{finding:?}");
    }
    let shown = serde_json::to_string(&report).unwrap();
    assert!(!shown.contains("Zaphira") && !shown.contains("Vogelhaus"), "nobody is named: {shown}");
    found
}

/// The healthy world with another thing that is healthy, too.
pub(crate) fn still_good(check: &str, change: impl FnOnce(&mut World)) -> Vec<Finding> {
    spoiled(check, Verdict::Good, change)
}

pub(crate) fn healthy() -> World {
    let mut world = World {
        store: store(),
        erp_config: erp_config(),
        shop: Ok(shop_facts()),
        erp: Ok(erp_facts()),
        items: Ok(["MUG-L", "TEE-M", "TEE-L"].map(|sku| Sku(sku.to_owned())).into()),
        mappings: Mappings::new(),
        strong_secret: Ok(true),
    };
    world.map(MappingKind::Payment, "stripe", &["CARD"]);
    world.map(MappingKind::Payment, "bacs", &[]);
    world.map(MappingKind::Shipping, "flat_rate", &["SHIP"]);
    world.map(MappingKind::Tax, "rates:1", &["DE19"]);
    world.map(MappingKind::Fee, "refund", &["ALLOWANCE"]);
    world
}

fn store() -> StoreConfig {
    let mut store = sample::store_config("main", "books");
    store.stock = serde_json::from_value(json!({"entity": "house", "locations": ["berlin"]})).unwrap();
    store.fulfilment = Some(serde_json::from_value(json!({})).unwrap());
    store
}

fn erp_config() -> ErpConfig {
    serde_json::from_value(json!({
        "erp": "books", "kind": "tryton", "url": "https://erp.example.test/", "secret": "weir/erp/books",
        "database": "weir", "company": 1, "warehouse": 2, "web_shops": {"main": 3},
        "taxes": {"DE19": 7}, "journals": {"CARD": 8}, "rounding": {"item": "ROUND", "tax_unit": {"EUR": 9}},
    }))
    .unwrap()
}

fn sold(id: u64, sku: &str) -> CatalogueItem {
    CatalogueItem { id, sku: sku.to_owned(), managed: Managed::Yes }
}

fn webhook(id: u64, topic: &str) -> Webhook {
    Webhook {
        id,
        name: format!("Weir {topic}"),
        topic: topic.to_owned(),
        url: format!("https://api.example.test/prod/stores/main/webhooks/{topic}"),
        status: WebhookStatus::Active,
    }
}

fn shop_facts() -> ShopFacts {
    let topics = ["order.created", "order.updated", "order.deleted", "order.restored"];
    ShopFacts {
        access: Access::Granted,
        may_write: Ok(true),
        clock_ahead: Ok(SignedDuration::from_secs(1)),
        version: Ok("8.2.2".to_owned()),
        order_tables: Ok(true),
        currency: Ok(Some("EUR".parse().unwrap())),
        decimals: Ok(2),
        prices_include_tax: Ok(true),
        statuses: Ok([OrderStatus::Processing, OrderStatus::Completed].into()),
        gateways: Ok(["stripe", "bacs"].map(|id| Gateway { id: id.to_owned(), enabled: true }).into()),
        shipping: Ok(vec![ShippingMethod {
            zone: "Germany".to_owned(),
            method: "flat_rate".to_owned(),
            instance: 4,
            enabled: true,
        }]),
        tax_rates: Ok(Sample { seen: vec![rate(1)], of: Some(1) }),
        products: Ok(Sample {
            seen: vec![sold(101, "MUG-L"), sold(112, "TEE-M"), sold(113, "TEE-L")],
            of: Some(3),
        }),
        webhooks: Ok((1..).zip(topics).map(|(id, topic)| webhook(id, topic)).collect()),
        parcels: Ok(ParcelInterface::ShipmentTracking),
        orders: Ok(RecentOrders { orders: vec![sample::order("main", 4711)], ..RecentOrders::default() }),
    }
}

pub(crate) fn rate(id: u64) -> TaxRate {
    TaxRate { id, country: "DE".to_owned(), class: "standard".to_owned(), compound: false }
}

fn erp_facts() -> ErpFacts {
    ErpFacts {
        capabilities: Capabilities {
            once: Once::NativeKey,
            tax: TaxBasis::Computed,
            longest_request: SignedDuration::from_secs(60),
            lookup_lag: SignedDuration::ZERO,
        },
        version: Ok("Tryton 8.0".to_owned()),
        clock_ahead: Ok(SignedDuration::ZERO),
        currency: Ok("EUR".parse().unwrap()),
        names: vec![ErpName {
            field: "taxes.DE19".to_owned(),
            value: "7".to_owned(),
            kind: "account.tax",
            found: Ok(Found::Right { name: "19 %".to_owned() }),
        }],
        rights: vec![ErpRight {
            right: "create sale.sale".to_owned(),
            without: "orders are not booked",
            granted: Ok(true),
        }],
    }
}

#[async_trait]
impl CheckupConnections for World {
    async fn shop_checkup(&self, _: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError> {
        Ok(Arc::new(self.clone()))
    }

    async fn erp_checkup(&self, _: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl ShopCheckup for World {
    async fn facts(&self) -> Result<ShopFacts, CallError> {
        self.shop.clone()
    }
}

#[async_trait]
impl ErpCheckup for World {
    async fn facts(&self) -> Result<ErpFacts, CallError> {
        self.erp.clone()
    }

    async fn known_items(&self, codes: &[Sku]) -> Result<BTreeSet<Sku>, CallError> {
        assert!(codes.len() <= 100, "one request");
        let known = self.items.clone()?;
        Ok(codes.iter().filter(|code| known.contains(code)).cloned().collect())
    }
}

#[async_trait]
impl MappingStore for World {
    async fn mappings(&self, _: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        assert!(keys.len() <= 100, "bounded");
        let of = |key: &MappingKey| Some((key.clone(), self.mappings.get(key)?.clone()));
        Ok(keys.iter().filter_map(of).collect::<BTreeMap<_, _>>())
    }

    async fn set_mapping(
        &self,
        _: &StoreId,
        _: &MappingKey,
        _: &[String],
        _: &Note,
    ) -> Result<(), LedgerError> {
        panic!("the doctor changes nothing")
    }
}
