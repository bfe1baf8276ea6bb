//! Stock: who holds it, how it changes, what that fires.

use rust_decimal::Decimal;

use crate::events::Event;
use crate::model::{Kind, Product};
use crate::shop::Shop;

impl Shop {
    /// The product whose quantity counts for an item: itself, or the parent of
    /// a variation that does not manage its own. `None`: nobody counts.
    pub(crate) fn stock_holder(&self, id: u64) -> Option<u64> {
        let product = self.products.get(&id)?;
        if product.manage_stock {
            return Some(id);
        }
        let parent = self.parent_of(product)?;
        parent.manage_stock.then_some(parent.id)
    }

    /// The parent of a variation.
    pub(crate) fn parent_of(&self, product: &Product) -> Option<&Product> {
        if product.kind != Kind::Variation {
            return None;
        }
        self.products.get(&product.parent_id)
    }

    /// Changes an item's stock by `delta`; answers (before, after), or `None`
    /// where nobody counts. Fires `product.updated` of the holder.
    pub(crate) fn move_stock(&mut self, id: u64, delta: Decimal) -> Option<(Decimal, Decimal)> {
        let holder = self.stock_holder(id)?;
        let now = self.now;
        let product = self.products.get_mut(&holder)?;
        let before = product.stock.unwrap_or_default();
        let after = before + delta;
        product.stock = Some(after);
        product.modified = now;
        let parent = product.parent_id;
        // A variation's stock also touches its parent, without an event.
        if let Some(parent) = self.products.get_mut(&parent) {
            parent.modified = now;
        }
        self.settle(holder);
        self.fire(Event::ProductUpdated, holder);
        Some((before, after))
    }

    /// `stock_status` as saving computes it: by quantity where it is counted,
    /// else as it was set by hand.
    pub(crate) fn stock_status_of(&self, product: &Product) -> String {
        let holder = if product.manage_stock {
            Some(product)
        } else {
            self.parent_of(product).filter(|p| p.manage_stock)
        };
        let Some(holder) = holder else { return product.stock_status.clone() };
        let status = if holder.stock.unwrap_or_default() > Decimal::ZERO {
            "instock"
        } else if holder.backorders == "no" {
            "outofstock"
        } else {
            "onbackorder"
        };
        status.to_owned()
    }

    /// The quantity the API shows for an item.
    pub(crate) fn shown_stock(&self, product: &Product) -> Option<Decimal> {
        if product.manage_stock {
            return product.stock;
        }
        self.parent_of(product).filter(|p| p.manage_stock).and_then(|p| p.stock)
    }
}
