//! The shelves: finding products, their prices and their attributes.

use std::fmt::Write;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::config::{ConfigError, ProductConfig};
use crate::model::{Attribute, Kind, Meta, Product};
use crate::money;
use crate::shop::Shop;

impl Shop {
    /// Puts a configured product (and its variations) on the shelf.
    pub(crate) fn shelve(&mut self, given: &ProductConfig, parent: Option<u64>) -> Result<u64, ConfigError> {
        let id = given.id.unwrap_or(self.ids.post);
        self.ids.post = self.ids.post.max(id + 1);
        if self.products.contains_key(&id) {
            return Err(ConfigError::Value(format!("catalogue: id {id} is used twice")));
        }
        if !given.sku.is_empty() && self.product_by_sku(&given.sku).is_some() {
            return Err(ConfigError::Value(format!("catalogue: SKU {} is used twice", given.sku)));
        }
        let mut product = self.blank_product(id, parent);
        if !given.variations.is_empty() {
            product.kind = Kind::Variable;
        }
        product.name.clone_from(&given.name);
        product.sku.clone_from(&given.sku);
        product.regular_price.clone_from(&given.price);
        product.sale_price.clone_from(&given.sale_price);
        product.tax_class.clone_from(&given.tax_class);
        product.manage_stock = given.manage_stock;
        product.stock = given.manage_stock.then_some(given.stock);
        product.is_virtual = given.is_virtual;
        if !given.backorders.is_empty() {
            product.backorders.clone_from(&given.backorders);
        }
        product.attributes =
            given.attributes.iter().map(|(name, options)| self.attribute(0, name, options.clone())).collect();
        self.products.insert(id, product);
        self.settle(id);
        for variation in &given.variations {
            self.shelve(variation, Some(id))?;
        }
        Ok(id)
    }

    /// A product with the shop's defaults.
    pub(crate) fn blank_product(&self, id: u64, parent: Option<u64>) -> Product {
        Product {
            id,
            kind: if parent.is_some() { Kind::Variation } else { Kind::Simple },
            parent_id: parent.unwrap_or(0),
            name: String::new(),
            status: "publish".to_owned(),
            created: self.now,
            modified: self.now,
            sku: String::new(),
            regular_price: String::new(),
            sale_price: String::new(),
            tax_class: String::new(),
            tax_status: "taxable".to_owned(),
            manage_stock: false,
            stock: None,
            stock_status: "instock".to_owned(),
            backorders: "no".to_owned(),
            is_virtual: false,
            downloadable: false,
            description: String::new(),
            short_description: String::new(),
            weight: String::new(),
            dimensions: Default::default(),
            attributes: Vec::new(),
            meta: Vec::new(),
            total_sales: Decimal::ZERO,
        }
    }

    /// An attribute; the options of a global one come sorted, as its terms do.
    pub(crate) fn attribute(&self, id: u64, name: &str, mut options: Vec<String>) -> Attribute {
        let id = if id == 0 { self.attribute_id(name) } else { id };
        if id != 0 {
            options.sort();
        }
        Attribute { id, name: name.to_owned(), options }
    }

    /// Id of a global attribute; 0 if it is the product's own.
    pub(crate) fn attribute_id(&self, name: &str) -> u64 {
        let at = self.config.attributes.iter().position(|a| a == name);
        at.and_then(|i| u64::try_from(i + 1).ok()).unwrap_or(0)
    }

    /// Name of a global attribute.
    pub(crate) fn attribute_name(&self, id: u64) -> Option<&str> {
        let index = usize::try_from(id.checked_sub(1)?).ok()?;
        self.config.attributes.get(index).map(String::as_str)
    }

    /// Finds a product or variation that is not in the trash.
    pub(crate) fn product_by_sku(&self, sku: &str) -> Option<&Product> {
        self.products.values().find(|p| p.sku == sku && p.status != "trash")
    }

    /// Ids of the variations of a product, in order.
    pub(crate) fn variations_of(&self, id: u64) -> Vec<u64> {
        self.products
            .values()
            .filter(|p| p.kind == Kind::Variation && p.parent_id == id)
            .map(|p| p.id)
            .collect()
    }

    /// Brings name, sale price and stock status of a product into line, as
    /// saving it does.
    pub(crate) fn settle(&mut self, id: u64) {
        let Some(product) = self.products.get(&id) else { return };
        let name = self.variation_name(product);
        let status = self.stock_status_of(product);
        let Some(product) = self.products.get_mut(&id) else { return };
        if let Some(name) = name {
            product.name = name;
        }
        let (regular, sale) = (decimal(&product.regular_price), decimal(&product.sale_price));
        if sale.is_some() && sale >= regular {
            product.sale_price.clear();
        }
        product.stock_status = status;
    }

    fn variation_name(&self, product: &Product) -> Option<String> {
        if product.kind != Kind::Variation {
            return None;
        }
        let parent = self.products.get(&product.parent_id)?;
        let options: Vec<&str> =
            product.attributes.iter().filter_map(|a| a.options.first()).map(String::as_str).collect();
        Some(if options.is_empty() {
            parent.name.clone()
        } else {
            format!("{} - {}", parent.name, options.join(", "))
        })
    }

    /// The price a product sells at, as typed; of a variable product the
    /// lowest of its variations. Empty: not for sale.
    pub(crate) fn active_price(&self, product: &Product) -> String {
        if product.kind == Kind::Variable {
            return self
                .variations_of(product.id)
                .iter()
                .filter_map(|id| self.products.get(id))
                .map(|v| self.active_price(v))
                .filter_map(|p| decimal(&p).map(|d| (d, p)))
                .min_by_key(|(amount, _)| *amount)
                .map(|(_, price)| price)
                .unwrap_or_default();
        }
        if product.sale_price.is_empty() { product.regular_price.clone() } else { product.sale_price.clone() }
    }

    /// What `quantity` of a product costs without tax. Tax-inclusive prices
    /// contain the tax of the shop's own country.
    pub(crate) fn net_price(&self, product: &Product, quantity: Decimal) -> Decimal {
        let price = decimal(&self.active_price(product)).unwrap_or_default();
        let gross = price * quantity;
        if !self.config.prices_include_tax || product.tax_status != "taxable" {
            return money::stored(gross);
        }
        let rates = self.rates_for(&self.config.base_country, "", &product.tax_class);
        let inside: Decimal = crate::tax::inside(gross, &rates).iter().map(|t| t.total).sum();
        money::stored(gross - inside)
    }

    /// The entries a variation leaves in the line that sells it.
    pub(crate) fn attribute_meta(&mut self, id: u64) -> Vec<Meta> {
        let Some(product) = self.products.get(&id).filter(|p| p.kind == Kind::Variation) else {
            return Vec::new();
        };
        let pairs: Vec<(String, String)> = product
            .attributes
            .iter()
            .filter_map(|a| {
                let option = a.options.first()?;
                Some(if a.id == 0 {
                    (slug(&a.name), option.clone())
                } else {
                    (format!("pa_{}", slug(&a.name)), slug(option))
                })
            })
            .collect();
        pairs.into_iter().map(|(key, value)| self.new_meta(&key, json!(value))).collect()
    }

    /// How a line's metadata is shown to people.
    pub(crate) fn display_meta(&self, meta: &Meta) -> (String, Value) {
        let plain = (meta.key.clone(), meta.value.clone());
        let Some(text) = meta.value.as_str() else { return plain };
        let named = |name: &str, taxonomy: bool| {
            let key = if taxonomy { format!("pa_{}", slug(name)) } else { slug(name) };
            key == meta.key
        };
        if let Some(name) = self.config.attributes.iter().find(|n| named(n, true)) {
            let option = self
                .products
                .values()
                .flat_map(|p| &p.attributes)
                .filter(|a| &a.name == name)
                .flat_map(|a| &a.options)
                .find(|o| slug(o) == text);
            return (name.clone(), option.map_or_else(|| json!(text), |o| json!(o)));
        }
        let own =
            self.products.values().flat_map(|p| &p.attributes).find(|a| a.id == 0 && named(&a.name, false));
        own.map_or(plain, |a| (a.name.clone(), meta.value.clone()))
    }
}

fn decimal(price: &str) -> Option<Decimal> {
    price.parse().ok()
}

/// WordPress's slug, near enough, with other scripts percent-encoded.
pub(crate) fn slug(name: &str) -> String {
    let mut out = String::new();
    for byte in readable_slug(name).bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// The slug before encoding: lower case, accents off, dashes between words.
pub(crate) fn readable_slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.replace("&amp;", "").to_lowercase().chars() {
        let plain = match c {
            'ä' | 'à' | 'á' | 'â' => 'a',
            'ö' | 'ô' | 'ó' => 'o',
            'ü' | 'û' | 'ú' => 'u',
            'ß' => 's',
            'é' | 'è' | 'ê' => 'e',
            other => other,
        };
        if plain.is_alphanumeric() {
            out.push(plain);
        } else if matches!(plain, ' ' | '-' | '/' | '_') && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}
