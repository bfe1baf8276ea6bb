//! The shop: one state, no clock, no network.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::{Config, ConfigError};
use crate::counters::Counters;
use crate::dates::{ShopZone, second};
use crate::faults::Faults;
use crate::model::{Coupon, Customer, Meta, Order, Product, TaxRate};
use crate::queue::Queue;
use crate::sign::word_id;
use crate::webhooks::Webhook;
use crate::wire::{Outcome, Outgoing, Reply, Request};

/// A WooCommerce shop as a state machine: requests in, answers and webhook
/// deliveries out. Time is passed in and only its whole seconds show.
#[derive(Debug)]
pub struct Shop {
    pub(crate) config: Config,
    pub(crate) zone: ShopZone,
    /// URL without final slash.
    pub(crate) site: String,
    /// The present second: what every date shows.
    pub(crate) now: Timestamp,
    /// The same unrounded, for the queue.
    pub(crate) instant: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) rates: Vec<TaxRate>,
    pub(crate) products: BTreeMap<u64, Product>,
    pub(crate) coupons: BTreeMap<u64, Coupon>,
    pub(crate) customers: BTreeMap<u64, Customer>,
    pub(crate) orders: BTreeMap<u64, Order>,
    pub(crate) webhooks: BTreeMap<u64, Webhook>,
    pub(crate) queue: Queue,
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    /// Mails about fulfilments that customers were sent.
    pub(crate) fulfillment_mails: u64,
    /// What happens now fires nothing.
    pub(crate) muted: bool,
}

/// Rows of ids. Products, coupons, orders and refunds share one.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) post: u64,
    pub(crate) item: u64,
    pub(crate) meta: u64,
    pub(crate) user: u64,
    pub(crate) webhook: u64,
    pub(crate) note: u64,
    pub(crate) rate: u64,
    pub(crate) fulfillment: u64,
}

impl Ids {
    fn take(counter: &mut u64) -> u64 {
        let id = *counter;
        *counter += 1;
        id
    }

    pub(crate) fn post(&mut self) -> u64 {
        Self::take(&mut self.post)
    }

    pub(crate) fn item(&mut self) -> u64 {
        Self::take(&mut self.item)
    }

    pub(crate) fn meta(&mut self) -> u64 {
        Self::take(&mut self.meta)
    }

    pub(crate) fn user(&mut self) -> u64 {
        Self::take(&mut self.user)
    }

    pub(crate) fn webhook(&mut self) -> u64 {
        Self::take(&mut self.webhook)
    }

    pub(crate) fn note(&mut self) -> u64 {
        Self::take(&mut self.note)
    }

    pub(crate) fn rate(&mut self) -> u64 {
        Self::take(&mut self.rate)
    }

    pub(crate) fn fulfillment(&mut self) -> u64 {
        Self::take(&mut self.fulfillment)
    }
}

impl Shop {
    /// Opens a shop with the configured catalogue. `site_url` is where it can
    /// be reached, used unless the configuration names another.
    pub fn open(config: Config, site_url: &str, now: Timestamp) -> Result<Self, ConfigError> {
        let zone = ShopZone::from_minutes(config.utc_offset_minutes)
            .ok_or_else(|| ConfigError::Value("utc_offset_minutes: out of range".to_owned()))?;
        let site = config.site_url.clone().unwrap_or_else(|| site_url.to_owned());
        let first = config.first_id;
        let mut shop = Self {
            zone,
            site: site.trim_end_matches('/').to_owned(),
            now: second(now),
            instant: now,
            ids: Ids {
                post: first,
                item: 1,
                meta: 27,
                user: 2,
                webhook: 1,
                note: 2,
                rate: 1,
                fulfillment: 1,
            },
            rates: Vec::new(),
            products: BTreeMap::new(),
            coupons: BTreeMap::new(),
            customers: BTreeMap::new(),
            orders: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            queue: Queue::default(),
            faults: Faults::default(),
            counters: Counters::default(),
            fulfillment_mails: 0,
            muted: false,
            config,
        };
        shop.stock_shelves()?;
        Ok(shop)
    }

    /// Fills rates, catalogue and coupons; none of it fires an event.
    fn stock_shelves(&mut self) -> Result<(), ConfigError> {
        for rate in self.config.tax_rates.clone() {
            let id = self.ids.rate();
            self.rates.push(TaxRate { id, of: rate });
        }
        for product in self.config.catalogue.clone() {
            self.shelve(&product, None)?;
        }
        for coupon in self.config.coupons.clone() {
            let id = self.ids.post();
            self.coupons.insert(id, Coupon { id, of: coupon, created: self.now, usage_count: 0 });
        }
        Ok(())
    }

    /// Answers one request. `now` never runs backwards inside the shop.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Reply {
        self.tick(now);
        if request.path.starts_with("/_control") {
            return crate::control::answer(self, request);
        }
        crate::api::answer(self, request)
    }

    fn tick(&mut self, now: Timestamp) {
        self.instant = now.max(self.instant);
        self.now = second(self.instant);
    }

    /// The next webhook delivery that is due, its payload built now.
    pub fn next_delivery(&mut self, now: Timestamp) -> Option<Outgoing> {
        self.tick(now);
        crate::deliveries::next(self)
    }

    /// Tells the shop what the receiver said to a delivery.
    pub fn delivered(&mut self, now: Timestamp, seq: u64, outcome: Outcome) {
        self.tick(now);
        crate::deliveries::record(self, seq, outcome);
    }

    /// When the next delivery may run; `None` while nothing is queued.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.next_due()
    }

    /// What the shop was told at start (settings may have changed since).
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its URL without final slash.
    pub fn site(&self) -> &str {
        &self.site
    }

    pub(crate) fn key_word(&self, label: &str, length: usize) -> String {
        word_id(self.config.seed, label, length)
    }

    pub(crate) fn new_meta(&mut self, key: &str, value: serde_json::Value) -> Meta {
        Meta { id: self.ids.meta(), key: key.to_owned(), value }
    }
}
