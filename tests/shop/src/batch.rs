//! Batch endpoints: at most 100 items, none checked, an error for each item
//! that fails and 200 for the whole.

use serde_json::{Map, Value, json};

use crate::api::Answer;
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::shop::Shop;
use crate::validate;

/// Most items of one batch, over create, update and delete together.
const MAX_ITEMS: usize = 100;

/// What a batch is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    Orders,
    Products,
    /// Variations of this parent.
    Variations(u64),
}

/// Runs a batch; the answer has one list for each that was asked for.
pub(crate) fn run(shop: &mut Shop, of: Of, body: &Map<String, Value>) -> ApiResult<Doc> {
    let items = |key: &str| body.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (creates, updates, deletes) = (items("create"), items("update"), items("delete"));
    if creates.len() + updates.len() + deletes.len() > MAX_ITEMS {
        return Err(ApiError::new(
            413,
            "woocommerce_rest_request_entity_too_large",
            format!("Unable to accept more than {MAX_ITEMS} items for this request."),
        ));
    }
    let mut fields: Vec<(String, Doc)> = Vec::new();
    let mut add = |key: &str, results: Vec<Doc>| {
        if !results.is_empty() {
            fields.push((key.to_owned(), Doc::List(results)));
        }
    };
    add("create", creates.iter().map(|item| create(shop, of, item)).collect());
    add("update", updates.iter().map(|item| update(shop, of, item)).collect());
    add("delete", deletes.iter().map(|item| delete(shop, of, item)).collect());
    // PHP writes an empty array where there is no key.
    Ok(if fields.is_empty() { Doc::List(Vec::new()) } else { Doc::Object(fields) })
}

fn object(item: &Value) -> Map<String, Value> {
    item.as_object().cloned().unwrap_or_default()
}

fn failed(id: Value, error: &ApiError) -> Doc {
    let mut data = error.extra.clone();
    data.insert("status".to_owned(), json!(error.status));
    obj! {
        "id" => id,
        "error" => json!({ "code": error.code, "message": error.message, "data": data }),
    }
}

fn create(shop: &mut Shop, of: Of, item: &Value) -> Doc {
    let body = object(item);
    let result = match of {
        Of::Orders => shop.create_order(&body, "rest-api"),
        Of::Products => shop.create_product(&body),
        Of::Variations(parent) => shop.create_variation(parent, &body),
    };
    match result {
        Ok(Answer { doc, .. }) => doc,
        Err(error) => failed(json!(0), &error),
    }
}

fn update(shop: &mut Shop, of: Of, item: &Value) -> Doc {
    let body = object(item);
    let given = body.get("id").cloned().unwrap_or(Value::Null);
    let result = match (of, validate::id(Some(&given))) {
        (Of::Orders, Some(id)) => shop.update_order(id, &body),
        (Of::Products, Some(id)) => shop.update_product(id, &body),
        (Of::Variations(parent), Some(id)) => shop.update_variation_unchecked(parent, id, &body),
        (Of::Orders, None) => Err(ApiError::invalid_id(400, "woocommerce_rest_shop_order_invalid_id")),
        (Of::Products, None) => Err(ApiError::invalid_id(400, "woocommerce_rest_product_invalid_id")),
        (Of::Variations(_), None) => {
            Err(ApiError::invalid_id(404, "woocommerce_rest_product_variation_invalid_id"))
        }
    };
    result.unwrap_or_else(|error| failed(given, &error))
}

/// Deleting in a batch is for good.
fn delete(shop: &mut Shop, of: Of, item: &Value) -> Doc {
    let id = validate::id(Some(item)).unwrap_or(0);
    let result = match of {
        Of::Orders => shop.delete_order(id, true),
        Of::Products => shop.delete_product(id, true),
        Of::Variations(parent) => shop.delete_variation(parent, id),
    };
    result.unwrap_or_else(|error| failed(item.clone(), &error))
}
