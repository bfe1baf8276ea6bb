//! `/orders/{id}/notes`. Notes fire nothing.

use serde_json::{Map, Value, json};

use crate::api::Answer;
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::model::{Note, Order};
use crate::shop::Shop;
use crate::validate::{self, Kind as Type, Table};
use crate::wire::Request;

/// Arguments of a new note.
pub(crate) const NOTE: Table<'static> =
    &[("note", Type::Str), ("customer_note", Type::Bool), ("added_by_user", Type::Bool)];

fn no_order() -> ApiError {
    ApiError::invalid_id(404, "woocommerce_rest_order_invalid_id")
}

fn no_note() -> ApiError {
    ApiError::new(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
}

impl Shop {
    fn order_of_note(&self, id: u64) -> ApiResult<&Order> {
        self.orders.get(&id).ok_or_else(no_order)
    }

    /// `POST`.
    pub(crate) fn create_note(&mut self, order: u64, body: &Map<String, Value>) -> ApiResult<Answer> {
        self.order_of_note(order)?;
        let Some(text) = body.get("note").and_then(Value::as_str).filter(|t| !t.is_empty()) else {
            return Err(ApiError::new(400, "rest_missing_callback_param", "Missing parameter(s): note")
                .with("params", json!(["note"])));
        };
        let by_user = validate::truthy(body.get("added_by_user"), false);
        let note = Note {
            id: self.ids.note(),
            at: self.now,
            author: if by_user { "admin" } else { "WooCommerce" }.to_owned(),
            text: text.to_owned(),
            to_customer: validate::truthy(body.get("customer_note"), false),
        };
        let doc = self.note_doc(order, &note);
        let location = format!("orders/{order}/notes/{}", note.id);
        if let Some(order) = self.orders.get_mut(&order) {
            order.notes.push(note);
        }
        Ok(Answer::created(doc, location))
    }

    /// `GET`: the newest first.
    pub(crate) fn list_notes(&self, order: u64, request: &Request) -> ApiResult<Doc> {
        let notes = &self.order_of_note(order)?.notes;
        let kind = request.param("type").unwrap_or("any");
        let mut shown: Vec<&Note> = notes
            .iter()
            .filter(|n| match kind {
                "customer" => n.to_customer,
                "internal" => !n.to_customer,
                _ => true,
            })
            .collect();
        shown.sort_by_key(|n| (std::cmp::Reverse(n.at), n.id));
        Ok(shown.into_iter().map(|n| self.note_doc(order, n)).collect())
    }

    /// `GET` of one.
    pub(crate) fn get_note(&self, order: u64, id: u64) -> ApiResult<Doc> {
        let note = self.order_of_note(order)?.notes.iter().find(|n| n.id == id);
        note.map(|n| self.note_doc(order, n)).ok_or_else(no_note)
    }

    /// `DELETE`, only with `force`.
    pub(crate) fn delete_note(&mut self, order: u64, id: u64, force: bool) -> ApiResult<Doc> {
        if !force {
            let message = "Webhooks do not support trashing.";
            return Err(ApiError::new(501, "woocommerce_rest_trash_not_supported", message));
        }
        let found = self.order_of_note(order)?.notes.iter().find(|n| n.id == id).cloned();
        let note = found.ok_or_else(no_note)?;
        if let Some(order) = self.orders.get_mut(&order) {
            order.notes.retain(|n| n.id != id);
        }
        Ok(self.note_doc(order, &note))
    }

    fn note_doc(&self, order: u64, note: &Note) -> Doc {
        let (at, at_gmt) = self.zone.pair(Some(note.at));
        let base = format!("{}/wp-json/wc/v3/orders/{order}", self.site);
        obj! {
            "id" => note.id,
            "author" => note.author.clone(),
            "date_created" => at,
            "date_created_gmt" => at_gmt,
            "note" => note.text.clone(),
            "customer_note" => note.to_customer,
            "_links" => json!({
                "self": [{ "href": format!("{base}/notes/{}", note.id) }],
                "collection": [{ "href": format!("{base}/notes") }],
                "up": [{ "href": base }],
            }),
        }
    }
}
