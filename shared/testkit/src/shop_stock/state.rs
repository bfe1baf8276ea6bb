//! The rules of WooCommerce's stock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::ports::{Adjusted, Adjustment, Change, Managed, ShopProduct, ShopSale};

/// Decimals that the real client can send.
const DECIMALS: u32 = 6;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) products: BTreeMap<u64, ShopProduct>,
    pub(super) sales: BTreeMap<OrderId, ShopSale>,
    pub(super) answered_at: Option<Timestamp>,
    /// Items of each request of [`ShopStock::products`].
    pub(super) asked: Vec<usize>,
    /// Every request of [`ShopStock::adjust`], failed ones included.
    pub(super) sent: Vec<Vec<Adjustment>>,
}

impl State {
    /// A variation without a quantity of its own shows its parent's.
    pub(super) fn shown(&self, id: u64) -> Option<ShopProduct> {
        let product = self.products.get(&id)?;
        let quantity = match product.managed {
            Managed::Yes => product.quantity,
            Managed::No => None,
            Managed::AtParent => product.parent.and_then(|parent| self.products.get(&parent)?.quantity),
        };
        Some(ShopProduct { quantity, ..product.clone() })
    }

    /// Changes the quantity that counts for a product; `false` where nobody
    /// counts.
    pub(super) fn shift(&mut self, id: u64, delta: Decimal) -> bool {
        let holder = self.products.get(&id).and_then(|product| match product.managed {
            Managed::Yes => Some(id),
            Managed::No => None,
            Managed::AtParent => product.parent,
        });
        let Some(holder) = holder.and_then(|holder| self.products.get_mut(&holder)) else { return false };
        holder.quantity = Some(holder.quantity.unwrap_or_default() + delta);
        true
    }

    /// WooCommerce's rule: taken once at on-hold, processing and completed,
    /// given back at cancelled and pending, left alone at all others.
    pub(super) fn settle(&mut self, id: OrderId) {
        use OrderStatus::{Cancelled, Completed, OnHold, Pending, Processing};
        let mut sale = self.sales.get(&id).cloned().expect("the shop has the order to be settled");
        for line in &mut sale.lines {
            let product = line.product.id();
            match (&sale.status, line.reduced) {
                (OnHold | Processing | Completed, None) if self.shift(product, -line.quantity) => {
                    line.reduced = Some(line.quantity);
                }
                (Cancelled | Pending, Some(reduced)) if self.shift(product, reduced) => line.reduced = None,
                _ => {}
            }
        }
        self.sales.insert(id, sale);
    }

    pub(super) fn adjust(&mut self, adjustments: &[Adjustment]) -> Vec<Adjusted> {
        adjustments.iter().map(|adjustment| self.adjust_one(adjustment)).collect()
    }

    fn adjust_one(&mut self, adjustment: &Adjustment) -> Adjusted {
        let (Change::By(number) | Change::To(number)) = adjustment.change;
        if number.normalize().scale() > DECIMALS {
            return Adjusted::Impossible;
        }
        let refused = |name: &str, status| Adjusted::Refused { code: name.to_owned(), status };
        let Some(product) = self.products.get_mut(&adjustment.id) else {
            return match adjustment.parent {
                None => refused("woocommerce_rest_product_invalid_id", 400),
                Some(_) => refused("woocommerce_rest_product_variation_invalid_id", 404),
            };
        };
        if adjustment.parent.is_none() && product.parent.is_some() {
            return refused("woocommerce_rest_invalid_product_id", 404);
        }
        // Nobody checks whose child it is: it becomes this parent's.
        product.parent = adjustment.parent;
        if product.managed == Managed::Yes {
            product.quantity = Some(match adjustment.change {
                Change::By(delta) => product.quantity.unwrap_or_default() + delta,
                Change::To(quantity) => quantity,
            });
        }
        Adjusted::Now(self.shown(adjustment.id).expect("it is there"))
    }
}
