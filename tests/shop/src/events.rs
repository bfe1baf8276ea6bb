//! What happens in the shop, and which webhooks hear of it.

use crate::shop::Shop;

/// Something webhooks can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    OrderCreated,
    OrderUpdated,
    OrderDeleted,
    OrderRestored,
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    ProductRestored,
    CustomerCreated,
    CustomerUpdated,
    CustomerDeleted,
    CouponCreated,
    CouponUpdated,
    CouponDeleted,
}

impl Event {
    pub(crate) const ALL: [Event; 14] = [
        Event::OrderCreated,
        Event::OrderUpdated,
        Event::OrderDeleted,
        Event::OrderRestored,
        Event::ProductCreated,
        Event::ProductUpdated,
        Event::ProductDeleted,
        Event::ProductRestored,
        Event::CustomerCreated,
        Event::CustomerUpdated,
        Event::CustomerDeleted,
        Event::CouponCreated,
        Event::CouponUpdated,
        Event::CouponDeleted,
    ];

    /// Resource and event of the topic.
    pub(crate) fn parts(self) -> (&'static str, &'static str) {
        match self {
            Event::OrderCreated => ("order", "created"),
            Event::OrderUpdated => ("order", "updated"),
            Event::OrderDeleted => ("order", "deleted"),
            Event::OrderRestored => ("order", "restored"),
            Event::ProductCreated => ("product", "created"),
            Event::ProductUpdated => ("product", "updated"),
            Event::ProductDeleted => ("product", "deleted"),
            Event::ProductRestored => ("product", "restored"),
            Event::CustomerCreated => ("customer", "created"),
            Event::CustomerUpdated => ("customer", "updated"),
            Event::CustomerDeleted => ("customer", "deleted"),
            Event::CouponCreated => ("coupon", "created"),
            Event::CouponUpdated => ("coupon", "updated"),
            Event::CouponDeleted => ("coupon", "deleted"),
        }
    }

    pub(crate) fn topic(self) -> String {
        let (resource, event) = self.parts();
        format!("{resource}.{event}")
    }

    /// The event of a topic; coupons are never restored.
    pub(crate) fn of_topic(topic: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.topic() == topic)
    }

    /// WordPress hooks behind a topic, as the API lists them.
    pub(crate) fn hooks(self) -> &'static [&'static str] {
        match self {
            Event::OrderCreated => &["woocommerce_new_order"],
            Event::OrderUpdated => &["woocommerce_update_order", "woocommerce_order_refunded"],
            Event::OrderDeleted => &["wp_trash_post", "woocommerce_trash_order"],
            Event::OrderRestored => &["untrashed_post", "woocommerce_untrash_order"],
            Event::ProductCreated => &[
                "woocommerce_process_product_meta",
                "woocommerce_new_product",
                "woocommerce_new_product_variation",
            ],
            Event::ProductUpdated => &[
                "woocommerce_process_product_meta",
                "woocommerce_update_product",
                "woocommerce_update_product_variation",
            ],
            Event::ProductDeleted | Event::CouponDeleted => &["wp_trash_post"],
            Event::ProductRestored => &["untrashed_post"],
            Event::CustomerCreated => {
                &["user_register", "woocommerce_created_customer", "woocommerce_new_customer"]
            }
            Event::CustomerUpdated => &["profile_update", "woocommerce_update_customer"],
            Event::CustomerDeleted => &["delete_user"],
            Event::CouponCreated => &["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
            Event::CouponUpdated => &["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
        }
    }
}

impl Shop {
    /// Queues a delivery for every active webhook on the topic.
    pub(crate) fn fire(&mut self, event: Event, id: u64) {
        let at = self.queue.mark();
        self.fire_at(at, event, id);
    }

    /// The same, ahead of what was queued since the mark.
    pub(crate) fn fire_at(&mut self, mark: usize, event: Event, id: u64) {
        if self.muted {
            return;
        }
        let due = self.delivery_due();
        let listeners: Vec<u64> = self
            .webhooks
            .values()
            .filter(|w| w.status == "active" && w.event == event)
            .map(|w| w.id)
            .collect();
        for (offset, webhook) in listeners.into_iter().enumerate() {
            self.queue.add(mark + offset, webhook, event, id, due);
        }
    }

    /// A post went to the trash: the hook does not say of which kind, so
    /// product and coupon topics both hear of it.
    pub(crate) fn fire_trashed_post(&mut self, id: u64, also: Option<Event>) {
        for event in [Some(Event::CouponDeleted), Some(Event::ProductDeleted), also].into_iter().flatten() {
            self.fire(event, id);
        }
    }
}
