//! Writing a product: the same for single requests and batch items, because
//! batch items arrive here unchecked.

use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult};
use crate::meta;
use crate::model::{Attribute, Kind, Product};
use crate::money;
use crate::shop::Shop;
use crate::validate;

impl Shop {
    /// Applies the fields of a request to a product and saves it.
    pub(crate) fn write_product(&mut self, id: u64, body: &Map<String, Value>) -> ApiResult<()> {
        self.check_sku(id, body)?;
        let attributes = body.get("attributes").map(|given| self.attributes_from(given));
        let floats = self.config.decimal_quantities;
        let now = self.now;
        let Some(product) = self.products.get_mut(&id) else {
            return Err(ApiError::invalid_id(404, "woocommerce_rest_product_invalid_id"));
        };
        write_texts(product, body);
        write_prices(product, body);
        write_stock(product, body, floats);
        if let Some(attributes) = attributes {
            product.attributes = attributes;
        }
        meta::apply(&mut self.ids, &mut product.meta, body.get("meta_data"));
        product.modified = now;
        self.settle(id);
        Ok(())
    }

    fn check_sku(&self, id: u64, body: &Map<String, Value>) -> ApiResult<()> {
        let Some(sku) = body.get("sku").and_then(Value::as_str).filter(|s| !s.is_empty()) else {
            return Ok(());
        };
        match self.product_by_sku(sku).filter(|p| p.id != id) {
            None => Ok(()),
            Some(other) => Err(ApiError::new(400, "product_invalid_sku", "Invalid or duplicated SKU.")
                .with("resource_id", other.id)
                .with("unique_sku", format!("{sku}-1"))),
        }
    }

    /// Attributes of a product (`options`) or of a variation (`option`).
    fn attributes_from(&self, given: &Value) -> Vec<Attribute> {
        let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
        given
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let id = validate::id(entry.get("id")).unwrap_or(0);
                let name = self.attribute_name(id).map(str::to_owned).or_else(|| text(entry, "name"))?;
                let many = entry
                    .get("options")
                    .and_then(Value::as_array)
                    .map(|options| options.iter().filter_map(validate::text).collect::<Vec<_>>());
                let options = many.or_else(|| text(entry, "option").map(|o| vec![o]));
                Some(self.attribute(id, &name, options.unwrap_or_default()))
            })
            .collect()
    }
}

fn write_texts(product: &mut Product, body: &Map<String, Value>) {
    let fields: [(&str, &mut String); 10] = [
        ("name", &mut product.name),
        ("status", &mut product.status),
        ("sku", &mut product.sku),
        ("tax_class", &mut product.tax_class),
        ("tax_status", &mut product.tax_status),
        ("description", &mut product.description),
        ("short_description", &mut product.short_description),
        ("weight", &mut product.weight),
        ("backorders", &mut product.backorders),
        ("stock_status", &mut product.stock_status),
    ];
    for (key, field) in fields {
        if let Some(text) = body.get(key).filter(|v| !v.is_null()).and_then(validate::text) {
            *field = text;
        }
    }
    if product.tax_class == "standard" {
        product.tax_class.clear();
    }
    for (key, field) in [("virtual", &mut product.is_virtual), ("downloadable", &mut product.downloadable)] {
        *field = validate::truthy(body.get(key), *field);
    }
    for (key, field) in ["length", "width", "height"].iter().zip(&mut product.dimensions) {
        if let Some(text) = body.get("dimensions").and_then(|d| d.get(key)).and_then(validate::text) {
            *field = text;
        }
    }
    let kind = body.get("type").and_then(Value::as_str);
    match (product.kind, kind) {
        (Kind::Simple, Some("variable")) => product.kind = Kind::Variable,
        (Kind::Variable, Some("simple")) => product.kind = Kind::Simple,
        _ => {}
    }
}

/// Prices are mangled, not refused; on a variable parent they have no effect.
fn write_prices(product: &mut Product, body: &Map<String, Value>) {
    if product.kind == Kind::Variable {
        return;
    }
    for (key, field) in
        [("regular_price", &mut product.regular_price), ("sale_price", &mut product.sale_price)]
    {
        if let Some(text) = body.get(key).filter(|v| !v.is_null()).and_then(validate::text) {
            *field = money::clean_price(&text);
        }
    }
}

/// Absolute quantity first; only without one the undocumented
/// `inventory_delta`. Both are ignored where stock is not managed.
fn write_stock(product: &mut Product, body: &Map<String, Value>, floats: bool) {
    let manage = body.get("manage_stock").filter(|v| *v != &json!("parent"));
    product.manage_stock = validate::truthy(manage, product.manage_stock);
    if !product.manage_stock {
        product.stock = None;
        return;
    }
    let amount = |v: &Value| if floats { money::php_number(v) } else { money::php_int(v) };
    let given = |key: &str| body.get(key).filter(|v| !v.is_null());
    let present = product.stock.unwrap_or_default();
    product.stock = Some(match (given("stock_quantity"), given("inventory_delta")) {
        (Some(quantity), _) => amount(quantity),
        (None, Some(delta)) => present + amount(delta),
        (None, None) => present,
    });
}
