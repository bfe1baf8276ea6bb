//! Which orders import: a rule per payment method and status.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderStatus};

/// What a rule says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Not imported.
    Never,
    /// Booked and reserved, not to be shipped until paid; the reservation
    /// ends after `reserve_days`.
    Reserve,
    /// Authorised, not captured: reserved like `reserve`, and shown as
    /// authorised.
    Authorised,
    /// Booked for fulfilment.
    Ship,
    /// Booked for fulfilment only once the shop has a payment date.
    ShipIfPaid,
}

/// status → what it means.
pub type StatusRules = BTreeMap<OrderStatus, Effect>;

/// Rules of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportRules {
    /// payment method → status → what it means; `default` is the method of
    /// last resort. A status that no rule names is never imported.
    pub methods: BTreeMap<String, StatusRules>,
    /// An order is left alone until the shop has not touched it for this
    /// many seconds.
    pub quiet_period_s: u32,
    /// A reservation ends after this many days.
    pub reserve_days: u32,
}

impl Default for ImportRules {
    fn default() -> Self {
        use OrderStatus::{Completed, OnHold, Processing};
        let rules = |rules: &[(OrderStatus, Effect)]| rules.iter().cloned().collect::<StatusRules>();
        let paid = [(Processing, Effect::ShipIfPaid), (Completed, Effect::ShipIfPaid)];
        let cod = [(Processing, Effect::Ship), (Completed, Effect::Ship)];
        let transfer = [(OnHold, Effect::Reserve), (Processing, Effect::Ship), (Completed, Effect::Ship)];
        Self {
            methods: BTreeMap::from([
                ("default".to_owned(), rules(&paid)),
                ("cod".to_owned(), rules(&cod)),
                ("bacs".to_owned(), rules(&transfer)),
                ("cheque".to_owned(), rules(&transfer)),
            ]),
            quiet_period_s: 5,
            reserve_days: 14,
        }
    }
}

impl ImportRules {
    /// What the rules say about an order as it is now. An order of zero has
    /// no payment method and falls under `default`.
    pub fn effect(&self, order: &Order) -> Effect {
        let of = |method: &str| self.methods.get(method).and_then(|rules| rules.get(&order.status));
        let named = self.methods.contains_key(&order.payment.method);
        let method = if named { order.payment.method.as_str() } else { "default" };
        match of(method).copied().unwrap_or(Effect::Never) {
            Effect::ShipIfPaid if order.payment.paid_at.is_none() && !order.total.is_zero() => Effect::Never,
            Effect::ShipIfPaid => Effect::Ship,
            effect => effect,
        }
    }
}
