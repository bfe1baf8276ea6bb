//! Fault classes by their stable ids, how often each strikes in a seed, and
//! how often each was met.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What can go wrong. The ids are those of the reliability catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`FaultClass::meaning` says what each is")]
pub enum FaultClass {
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
    E8,
    E9,
    E10,
    E11,
    L1,
    L2,
    L3,
    L4,
    L5,
    L6,
    Q1,
    Q2,
    Q3,
    Q4,
    Q5,
    Q6,
    Q7,
    Q8,
    Q9,
    D1,
    D2,
    D3,
    D4,
    D5,
    W1,
    W2,
    W3,
    W4,
    W5,
    W6,
    W7,
    W8,
    W9,
    C1,
    C2,
    S1,
    K1,
    K2,
    K3,
    K4,
    K5,
    K6,
    K7,
    K8,
    K9,
    K10,
    K11,
    K12,
    K13,
    K14,
    K15,
}

use FaultClass as F;

impl FaultClass {
    /// How many there are.
    const COUNT: usize = Self::ORDERS.len() + Self::STOCK.len();

    /// Those that orders meet.
    pub const ORDERS: [Self; 43] = [
        F::E1,
        F::E2,
        F::E3,
        F::E4,
        F::E5,
        F::E6,
        F::E7,
        F::E8,
        F::E9,
        F::E10,
        F::E11,
        F::L1,
        F::L2,
        F::L3,
        F::L4,
        F::L5,
        F::L6,
        F::Q1,
        F::Q2,
        F::Q3,
        F::Q4,
        F::Q5,
        F::Q6,
        F::Q7,
        F::Q8,
        F::Q9,
        F::D1,
        F::D2,
        F::D3,
        F::D4,
        F::D5,
        F::W1,
        F::W2,
        F::W3,
        F::W4,
        F::W5,
        F::W6,
        F::W7,
        F::W8,
        F::W9,
        F::C1,
        F::C2,
        F::S1,
    ];

    /// Those that only stock meets, by ids of our own.
    pub const STOCK: [Self; 15] = [
        F::K1,
        F::K2,
        F::K3,
        F::K4,
        F::K5,
        F::K6,
        F::K7,
        F::K8,
        F::K9,
        F::K10,
        F::K11,
        F::K12,
        F::K13,
        F::K14,
        F::K15,
    ];

    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ORDERS.into_iter().chain(Self::STOCK)
    }

    /// One line for people.
    pub fn meaning(self) -> &'static str {
        match self {
            F::E1 => "ERP: time-out before the commit",
            F::E2 => "ERP: time-out after the commit",
            F::E3 => "ERP: the commit arrives late",
            F::E4 => "ERP: 429, with, without and with absurd Retry-After",
            F::E5 => "ERP: 5xx",
            F::E6 => "ERP: truncated JSON, or HTML with 200",
            F::E7 => "ERP: the answer drips past the deadline",
            F::E8 => "ERP: accepted, cancelled there later",
            F::E9 => "ERP: the look-up lags behind the write",
            F::E10 => "ERP: credentials expire",
            F::E11 => "ERP: maintenance window",
            F::L1 => "Lambda: crash between two steps",
            F::L2 => "Lambda: killed at the time limit",
            F::L3 => "Lambda: frozen past its lease, then resumed",
            F::L4 => "Lambda: panic on one record",
            F::L5 => "Lambda: secret store down",
            F::L6 => "Lambda: concurrent invocations for one order",
            F::Q1 => "SQS: message delivered twice",
            F::Q2 => "SQS: messages reordered",
            F::Q3 => "SQS: message delayed",
            F::Q4 => "SQS: poison body",
            F::Q5 => "SQS: a batch fails in part",
            F::Q6 => "SQS: receive count exhausted",
            F::Q7 => "SQS: an old letter is redriven after a newer state",
            F::Q8 => "SQS: send refused",
            F::Q9 => "SQS: an outage longer than the visibility ceiling",
            F::D1 => "DynamoDB: throttled",
            F::D2 => "DynamoDB: a condition failed",
            F::D3 => "DynamoDB: written, and the answer lost",
            F::D4 => "DynamoDB: stale read of an index",
            F::D5 => "DynamoDB: transaction conflict",
            F::W1 => "shop, ERP: event lost",
            F::W2 => "shop, ERP: event doubled",
            F::W3 => "shop, ERP: event late; shop: the order read stale",
            F::W4 => "shop: two orders under one delivery id",
            F::W5 => "shop: webhooks disabled for a while",
            F::W6 => "shop: REST 5xx or 429",
            F::W7 => "shop: signed body replayed",
            F::W8 => "shop: order deleted before it was read",
            F::W9 => "shop: an edge answers HTML",
            F::C1 => "clock: skewed",
            F::C2 => "clock: jumps back",
            F::S1 => "secrets: rotated in mid-flight",
            F::K1 => "shop: the answer to a write is lost, done or not",
            F::K2 => "shop: a write lands late",
            F::K3 => "shop: one item of a batch is refused",
            F::K4 => "shop: a sale inside the shop's own request is overwritten",
            F::K5 => "shop: an order shows before its units are taken off, or back on",
            F::K6 => "shop: a quantity edited by hand",
            F::K7 => "shop: a product deleted",
            F::K8 => "shop: one SKU twice",
            F::K9 => "ERP: its figure contains an order late",
            F::K10 => "ERP: the feed names items again",
            F::K11 => "ERP: a stock event lost",
            F::K12 => "ERP: a stock event doubled or late",
            F::K13 => "ERP: a transfer between two locations",
            F::K14 => "ERP: stock shrinks (count, damage, till)",
            F::K15 => "two stores sell one unit",
        }
    }

    /// Strikes per 10,000 chances where the class is on. Chances differ:
    /// calls, messages, orders or minutes.
    #[expect(clippy::match_same_arms, reason = "the classes of orders, then those of stock")]
    fn base(self) -> u32 {
        match self {
            F::E1 | F::E2 | F::E3 | F::E4 | F::E5 | F::E6 => 250,
            F::E7 | F::L2 | F::E10 => 60,
            F::E8 | F::W5 | F::E11 => 1_000,
            F::E9 | F::Q1 | F::Q3 | F::W2 | F::W4 => 1_500,
            F::L1 | F::L3 | F::L4 => 120,
            F::L5 | F::Q8 | F::D1 | F::D3 | F::D5 => 100,
            F::W3 | F::L6 | F::W8 => 800,
            F::Q4 | F::W7 | F::Q7 => 400,
            F::Q2 | F::C1 | F::C2 => 3_000,
            F::W1 | F::S1 => 2_000,
            F::W6 | F::W9 => 300,
            F::Q6 => 700,
            F::Q9 => 900,
            F::D4 => 2_500,
            // Met, not injected: they follow from the others.
            F::D2 | F::Q5 | F::K15 => 0,
            F::K3 => 200,
            F::K1 | F::K2 => 400,
            F::K4 => 500,
            F::K5 => 3_000,
            F::K6 => 700,
            F::K7 | F::K8 => 150,
            F::K9 => 4_000,
            F::K10 => 2_000,
            F::K11 | F::K12 => 2_500,
            F::K13 => 3_000,
            F::K14 => 2_000,
        }
    }

    fn rate(self, dice: &mut fastrand::Rng) -> u32 {
        match dice.u32(0..8) {
            0..4 => 0,
            4..6 => self.base(),
            6 => self.base() / 3,
            _ => (self.base() * 3).min(6_000),
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The rates of one seed: some classes are off, others are a plague.
#[derive(Debug, Clone)]
pub struct Swarm([u32; FaultClass::COUNT]);

impl Swarm {
    /// No faults at all.
    pub fn calm() -> Self {
        Self([0; FaultClass::COUNT])
    }

    /// Draws the rates of a seed. Those of stock come from dice of their own,
    /// so that a seed's orders meet what they met before there was stock.
    pub fn draw(dice: &mut fastrand::Rng, of_stock: &mut fastrand::Rng) -> Self {
        let mut rates = [0; FaultClass::COUNT];
        for class in FaultClass::ORDERS {
            rates[class.index()] = class.rate(dice);
        }
        for class in FaultClass::STOCK {
            rates[class.index()] = class.rate(of_stock);
        }
        Self(rates)
    }

    /// Strikes per 10,000 chances.
    pub fn rate(&self, class: FaultClass) -> u32 {
        self.0[class.index()]
    }
}

/// How often each class was met.
#[derive(Debug)]
pub struct Coverage([AtomicU64; FaultClass::COUNT]);

impl Default for Coverage {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; FaultClass::COUNT])
    }
}

impl Coverage {
    /// One more.
    pub fn met(&self, class: FaultClass) {
        self.0[class.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// How often.
    pub fn count(&self, class: FaultClass) -> u64 {
        self.0[class.index()].load(Ordering::Relaxed)
    }

    /// Adds another run's counts.
    pub fn add(&self, other: &Self) {
        for class in FaultClass::all() {
            self.0[class.index()].fetch_add(other.count(class), Ordering::Relaxed);
        }
    }
}
