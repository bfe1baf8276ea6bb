//! `/orders/{id}/shipment-trackings` of two plugins, which keep their entries
//! in the same metadata of the order. Not recorded; from the plugins' source.

use serde_json::{Map, Value, json};

use crate::api::Answer;
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::meta;
use crate::model::Order;
use crate::routes::Plugin;
use crate::shop::Shop;
use crate::sign::hex_id;
use crate::validate;

const ITEMS: &str = "_wc_shipment_tracking_items";
/// Carriers that both plugins know, with the addresses they make links of.
const CARRIERS: [(&str, &str, &str); 3] = [
    ("DHL", "dhl", "https://www.dhl.com/track?number=%1$s"),
    ("DPD", "dpd", "https://tracking.dpd.de/status/%1$s"),
    ("UPS", "ups", "https://www.ups.com/track?tracknum=%1$s"),
];

fn no_order() -> ApiError {
    ApiError::new(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
}

fn no_tracking() -> ApiError {
    let code = "woocommerce_rest_order_shipment_tracking_invalid_id";
    ApiError::new(404, code, "Invalid shipment tracking ID.")
}

impl Shop {
    /// `GET`, the oldest first.
    pub(crate) fn list_trackings(&self, plugin: Plugin, order: u64) -> ApiResult<Doc> {
        let items = items(self.orders.get(&order).ok_or_else(no_order)?);
        Ok(items.iter().map(|item| self.tracking_doc(plugin, order, item)).collect())
    }

    /// `GET` of one.
    pub(crate) fn get_tracking(&self, plugin: Plugin, order: u64, id: &str) -> ApiResult<Doc> {
        let items = items(self.orders.get(&order).ok_or_else(no_order)?);
        let found = items.iter().find(|item| item["tracking_id"] == json!(id)).ok_or_else(no_tracking)?;
        Ok(self.tracking_doc(plugin, order, found))
    }

    /// `POST`. A second one is a second entry.
    pub(crate) fn create_tracking(
        &mut self,
        plugin: Plugin,
        order: u64,
        body: &Map<String, Value>,
    ) -> ApiResult<Answer> {
        let text = |key: &str| body.get(key).and_then(validate::text).unwrap_or_default().trim().to_owned();
        let number = text("tracking_number");
        if number.is_empty() {
            let message = "Missing parameter(s): tracking_number";
            return Err(ApiError::new(400, "rest_missing_callback_param", message)
                .with("params", json!(["tracking_number"])));
        }
        let order = if plugin == Plugin::Ast { self.numbered(order) } else { order };
        let mut items = items(self.orders.get(&order).ok_or_else(no_order)?);
        let id = hex_id(self.config.seed, &format!("tracking {}", self.ids.meta()), 32);
        let date = text("date_shipped");
        let shipped = format!("{date}T00:00:00Z").parse().map_or(self.now, |at: jiff::Timestamp| at);
        let item = json!({
            "tracking_provider": text("tracking_provider").to_lowercase(),
            "custom_tracking_provider": text("custom_tracking_provider"),
            "custom_tracking_link": text("custom_tracking_link"),
            "tracking_number": number,
            "date_shipped": shipped.as_second().to_string(),
            "tracking_id": id,
        });
        items.push(item.clone());
        self.put_trackings(order, &items);
        if plugin == Plugin::Ast && text("status_shipped") == "1" {
            let completed = Map::from_iter([("status".to_owned(), json!("completed"))]);
            self.update_order(order, &completed)?;
        }
        let location = format!("orders/{order}/shipment-trackings/{id}");
        let doc = self.tracking_doc(plugin, order, &item);
        Ok(Answer::created_in(plugin.namespace(), doc, location))
    }

    /// AST's reading of the id that is posted to: a number first, as people
    /// enter it.
    fn numbered(&self, id: u64) -> u64 {
        let number = id.to_string();
        self.orders.values().find(|order| order.number == number).map_or(id, |order| order.id)
    }

    /// `GET providers`: carriers by country, each with the format of its links.
    pub(crate) fn list_carriers() -> Doc {
        let all = CARRIERS.iter().map(|(name, _, format)| ((*name).to_owned(), json!(format)));
        obj! { "Germany" => Value::Object(all.collect()) }
    }

    /// `DELETE`; answers with what was deleted.
    pub(crate) fn delete_tracking(&mut self, plugin: Plugin, order: u64, id: &str) -> ApiResult<Doc> {
        let doc = self.get_tracking(plugin, order, id)?;
        let mut items = items(self.orders.get(&order).ok_or_else(no_order)?);
        items.retain(|item| item["tracking_id"] != json!(id));
        self.put_trackings(order, &items);
        Ok(doc)
    }

    /// Metadata alone: with order tables it moves the date and fires nothing.
    fn put_trackings(&mut self, order: u64, items: &[Value]) {
        let (now, hpos) = (self.now, self.config.hpos);
        if let Some(order) = self.orders.get_mut(&order) {
            let entry = json!([{ "key": ITEMS, "value": items }]);
            meta::apply(&mut self.ids, &mut order.meta, Some(&entry));
            if hpos {
                order.modified = now;
            }
        }
    }

    fn tracking_doc(&self, plugin: Plugin, order: u64, item: &Value) -> Doc {
        let text = |key: &str| item[key].as_str().unwrap_or_default();
        let number = text("tracking_number");
        let known = CARRIERS.iter().find(|(_, slug, _)| *slug == text("tracking_provider"));
        let (carrier, link) = match (text("custom_tracking_provider"), known) {
            ("", Some((name, _, format))) => (*name, format.replace("%1$s", number)),
            ("", None) => ("", String::new()),
            (custom, _) => (custom, text("custom_tracking_link").replace("%1$s", number)),
        };
        let second = text("date_shipped").parse().ok();
        let at = second.and_then(|second| jiff::Timestamp::from_second(second).ok());
        let date = at.map(|at| crate::dates::gmt(at)[..10].to_owned());
        let base = format!("{}/wp-json/{}/orders/{order}", self.site, plugin.namespace());
        obj! {
            "tracking_id" => text("tracking_id"),
            "tracking_provider" => carrier,
            "tracking_link" => link,
            "tracking_number" => number,
            "date_shipped" => date.unwrap_or_default(),
            "_links" => json!({
                "self": [{ "href": format!("{base}/shipment-trackings/{}", text("tracking_id")) }],
                "collection": [{ "href": format!("{base}/shipment-trackings") }],
                "up": [{ "href": base }],
            }),
        }
    }
}

/// The entries; whatever else somebody wrote under the key is none.
fn items(order: &Order) -> Vec<Value> {
    let kept = order.meta.iter().find(|m| m.key == ITEMS).map(|m| &m.value);
    kept.and_then(Value::as_array).cloned().unwrap_or_default()
}
