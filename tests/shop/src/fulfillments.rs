//! `/orders/{id}/fulfillments`: the core's own parcels, where the feature is
//! on. Not recorded; from WooCommerce's source.

use serde_json::{Map, Value, json};

use crate::api::Answer;
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::events::Event;
use crate::meta;
use crate::model::{Fulfillment, Meta, Order};
use crate::shop::Shop;
use crate::validate;
use crate::wire::Request;

/// The core's date of a fulfilment: always its own, never the one that was sent.
const FULFILLED_AT: &str = "_date_fulfilled";
const NO_ITEM: &str = "The fulfillment should contain at least one item.";

fn no_order() -> ApiError {
    ApiError::new(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
}

impl Shop {
    fn order_of_fulfillment(&self, id: u64) -> ApiResult<&Order> {
        self.orders.get(&id).ok_or_else(no_order)
    }

    /// `GET`: those that are not deleted.
    pub(crate) fn list_fulfillments(&self, order: u64) -> ApiResult<Doc> {
        let all = self.order_of_fulfillment(order)?.fulfillments.iter();
        Ok(all.filter(|f| f.deleted.is_none()).map(|f| self.fulfillment_doc(order, f)).collect())
    }

    /// `GET` of one.
    pub(crate) fn get_fulfillment(&self, order: u64, id: u64) -> ApiResult<Doc> {
        let found = self.fulfillment(order, id)?;
        if found.deleted.is_some() {
            return Err(ApiError::exception("Fulfillment not found."));
        }
        Ok(self.fulfillment_doc(order, found))
    }

    fn fulfillment(&self, order: u64, id: u64) -> ApiResult<&Fulfillment> {
        let of_order = self.order_of_fulfillment(order)?;
        let anywhere = || self.orders.values().any(|o| o.fulfillments.iter().any(|f| f.id == id));
        of_order.fulfillments.iter().find(|f| f.id == id).ok_or_else(|| {
            let foreign = anywhere();
            ApiError::exception(if foreign { "Invalid fulfillment ID." } else { "Fulfillment not found." })
        })
    }

    /// `POST`. A second one is a second parcel.
    pub(crate) fn create_fulfillment(
        &mut self,
        order_id: u64,
        request: &Request,
        body: &Map<String, Value>,
    ) -> ApiResult<Answer> {
        self.order_of_fulfillment(order_id)?;
        let given = given_meta(body)?;
        let mut new = Fulfillment {
            id: 0,
            status: "unfulfilled".to_owned(),
            is_fulfilled: false,
            updated: self.now,
            deleted: None,
            meta: Vec::new(),
        };
        meta::apply(&mut self.ids, &mut new.meta, Some(&json!(given)));
        set_status(&mut new, body);
        check_items(&new.meta)?;
        new.id = self.ids.fulfillment();
        self.stamp(&mut new);
        self.mail(request, body, new.is_fulfilled);
        let doc = self.fulfillment_doc(order_id, &new);
        if let Some(order) = self.orders.get_mut(&order_id) {
            order.fulfillments.push(new);
        }
        self.save_fulfilled(order_id);
        Ok(Answer::made(doc))
    }

    /// `PUT`: metadata that is not named is removed.
    pub(crate) fn update_fulfillment(
        &mut self,
        order: u64,
        id: u64,
        request: &Request,
        body: &Map<String, Value>,
    ) -> ApiResult<Doc> {
        let mut changed = self.fulfillment(order, id)?.clone();
        let given = given_meta(body)?;
        set_status(&mut changed, body);
        meta::apply(&mut self.ids, &mut changed.meta, Some(&json!(given)));
        changed.meta.retain(|m| given.iter().any(|entry| entry["key"] == json!(m.key)));
        // The store does nothing with one that was deleted, and says nothing.
        if changed.deleted.is_some() {
            return Ok(self.fulfillment_doc(order, &changed));
        }
        check_items(&changed.meta)?;
        changed.updated = self.now;
        self.stamp(&mut changed);
        self.mail(request, body, changed.is_fulfilled);
        let doc = self.fulfillment_doc(order, &changed);
        self.put_fulfillment(order, changed);
        self.save_fulfilled(order);
        Ok(doc)
    }

    /// `DELETE`; again, too.
    pub(crate) fn delete_fulfillment(&mut self, order: u64, id: u64, request: &Request) -> ApiResult<Doc> {
        let mut gone = self.fulfillment(order, id)?.clone();
        gone.deleted.get_or_insert(self.now);
        self.mail(request, &Map::new(), gone.is_fulfilled);
        self.put_fulfillment(order, gone);
        self.save_fulfilled(order);
        Ok(obj! { "message" => "Fulfillment deleted successfully." })
    }

    /// The core writes into the order how far it is fulfilled, and saves it.
    fn save_fulfilled(&mut self, id: u64) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.modified = self.now;
        }
        // As of metadata alone: nothing is fired with order tables.
        if !self.config.hpos {
            self.fire(Event::OrderUpdated, id);
        }
    }

    fn put_fulfillment(&mut self, order: u64, new: Fulfillment) {
        let all = self.orders.get_mut(&order).map(|o| o.fulfillments.iter_mut());
        if let Some(old) = all.into_iter().flatten().find(|f| f.id == new.id) {
            *old = new;
        }
    }

    fn stamp(&mut self, fulfillment: &mut Fulfillment) {
        if fulfillment.is_fulfilled && meta::text(&fulfillment.meta, FULFILLED_AT).is_none() {
            let at = crate::dates::gmt(self.now).replace('T', " ");
            meta::set(&mut self.ids, &mut fulfillment.meta, FULFILLED_AT, &at);
        }
    }

    /// The customer is told only on demand.
    fn mail(&mut self, request: &Request, body: &Map<String, Value>, is_fulfilled: bool) {
        let asked = request.flag("notify_customer") || validate::truthy(body.get("notify_customer"), false);
        self.fulfillment_mails += u64::from(asked && is_fulfilled);
    }

    fn fulfillment_doc(&self, order: u64, f: &Fulfillment) -> Doc {
        let date = |at| self.zone.text(at).replace('T', " ");
        obj! {
            "id" => f.id,
            "fulfillment_id" => f.id,
            "entity_type" => "WC_Order",
            "entity_id" => order.to_string(),
            "status" => f.status.clone(),
            "is_fulfilled" => f.is_fulfilled,
            "date_updated" => date(f.updated),
            "date_deleted" => f.deleted.map(date),
            "meta_data" => meta::render(&f.meta),
        }
    }
}

fn set_status(fulfillment: &mut Fulfillment, body: &Map<String, Value>) {
    if let Some(status) = body.get("status").and_then(Value::as_str) {
        status.clone_into(&mut fulfillment.status);
    }
    if let Some(flag) = body.get("is_fulfilled") {
        fulfillment.is_fulfilled = validate::truthy(Some(flag), false);
    }
}

fn given_meta(body: &Map<String, Value>) -> ApiResult<Vec<Value>> {
    body.get("meta_data").and_then(Value::as_array).cloned().ok_or_else(|| {
        ApiError::new(400, "rest_missing_callback_param", "Missing parameter(s): meta_data")
            .with("params", json!(["meta_data"]))
    })
}

/// At least one item, each with an integer id and a number above nothing.
fn check_items(meta: &[Meta]) -> ApiResult<()> {
    let kept = meta.iter().find(|m| m.key == "_items").map_or(&Value::Null, |m| &m.value);
    let Some(items) = kept.as_array() else {
        let nothing = kept.is_null() || kept == "";
        return Err(ApiError::exception(if nothing {
            NO_ITEM
        } else {
            "The fulfillment items should be an array."
        }));
    };
    if items.is_empty() {
        return Err(ApiError::exception(NO_ITEM));
    }
    let is_item = |item: &Value| {
        let quantity = item["qty"].as_f64().is_some_and(|quantity| quantity > 0.0);
        item["item_id"].as_u64().is_some_and(|id| id > 0) && quantity
    };
    if items.iter().all(is_item) { Ok(()) } else { Err(ApiError::exception("Invalid item.")) }
}
