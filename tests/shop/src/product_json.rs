//! Products and variations as the API writes them.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::catalogue::{readable_slug, slug};
use crate::doc::{Doc, obj};
use crate::meta;
use crate::model::{Kind, Product};
use crate::money;
use crate::shop::Shop;

/// Who the answer is for: a write is answered in the edit context, which has
/// two fields more and raw texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    View,
    Edit,
}

impl Shop {
    /// A product (or a variation read as one) at `/products/{id}`.
    pub(crate) fn product_doc(&self, p: &Product, context: Context) -> Doc {
        let edit = context == Context::Edit && p.kind != Kind::Variation;
        let is_variation = p.kind == Kind::Variation;
        let mut doc = obj! {
            "id" => p.id,
            "name" => p.name.clone(),
            "slug" => slug(&p.name),
            "permalink" => self.permalink(p),
        };
        self.push_dates(&mut doc, p);
        doc.push("type", kind_name(p.kind));
        for (key, value) in [
            ("status", json!(p.status)),
            ("featured", json!(false)),
            ("catalog_visibility", json!("visible")),
            ("description", json!(description(p, context))),
            ("short_description", json!(p.short_description)),
        ] {
            doc.push(key, value);
        }
        self.push_price(&mut doc, p);
        let sales = if is_variation { json!("0") } else { money::quantity(p.total_sales) };
        doc.push("total_sales", sales);
        push_download(&mut doc, p);
        doc.push("external_url", "");
        doc.push("button_text", "");
        self.push_stock(&mut doc, p, false);
        doc.push("sold_individually", false);
        push_shipping(&mut doc, p);
        doc.push("reviews_allowed", !is_variation);
        doc.push("average_rating", if edit { "0" } else { "0.00" });
        self.push_relations(&mut doc, p);
        doc.push("stock_status", self.stock_status_of(p));
        doc.push("has_options", p.kind == Kind::Variable);
        doc.push("post_password", "");
        if edit {
            doc.push("permalink_template", format!("{}/product/%pagename%/", self.site));
            doc.push("generated_slug", readable_slug(&p.name));
        }
        doc.push("_links", self.product_links(p));
        doc
    }

    /// A variation at `/products/{parent}/variations/{id}`. The parent is the
    /// one of the path: nobody checks that it is the right one.
    pub(crate) fn variation_doc(&self, p: &Product, parent: u64) -> Doc {
        let mut doc = obj! { "id" => p.id };
        self.push_dates(&mut doc, p);
        doc.push("description", description(p, Context::View));
        doc.push("permalink", self.permalink(p));
        self.push_price(&mut doc, p);
        if let Doc::Object(fields) = &mut doc {
            let before_purchasable = fields.len() - 1;
            fields.insert(before_purchasable, ("status".to_owned(), p.status.clone().into()));
        }
        push_download(&mut doc, p);
        self.push_stock(&mut doc, p, true);
        doc.push("weight", p.weight.clone());
        doc.push("dimensions", dimensions(p));
        doc.push("shipping_class", "");
        doc.push("shipping_class_id", 0);
        doc.push("image", Value::Null);
        doc.push("attributes", attributes(p));
        doc.push("menu_order", 0);
        doc.push("meta_data", meta::render(&p.meta));
        let base = format!("{}/wp-json/wc/v3/products/{parent}", self.site);
        doc.push(
            "_links",
            json!({
                "self": [{ "href": format!("{base}/variations/{}", p.id) }],
                "collection": [{ "href": format!("{base}/variations") }],
                "up": [{ "href": base }],
            }),
        );
        doc
    }

    fn push_dates(&self, doc: &mut Doc, p: &Product) {
        let (created, created_gmt) = self.zone.pair(Some(p.created));
        let (modified, modified_gmt) = self.zone.pair(Some(p.modified));
        doc.push("date_created", created);
        doc.push("date_created_gmt", created_gmt);
        doc.push("date_modified", modified);
        doc.push("date_modified_gmt", modified_gmt);
    }

    fn push_price(&self, doc: &mut Doc, p: &Product) {
        let price = self.active_price(p);
        let on_sale = if p.kind == Kind::Variable {
            let ids = self.variations_of(p.id);
            ids.iter().filter_map(|id| self.products.get(id)).any(|v| !v.sale_price.is_empty())
        } else {
            !p.sale_price.is_empty()
        };
        let is_parent = p.kind == Kind::Variable;
        let own = |price: &str| if is_parent { String::new() } else { price.to_owned() };
        doc.push("sku", p.sku.clone());
        doc.push("price", price.clone());
        doc.push("regular_price", own(&p.regular_price));
        doc.push("sale_price", own(&p.sale_price));
        for key in ["date_on_sale_from", "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt"] {
            doc.push(key, Value::Null);
        }
        doc.push("on_sale", on_sale);
        doc.push("purchasable", !price.is_empty() && p.status == "publish");
    }

    fn push_stock(&self, doc: &mut Doc, p: &Product, with_status: bool) {
        let by_parent = !p.manage_stock && self.parent_of(p).is_some_and(|o| o.manage_stock);
        let status = self.stock_status_of(p);
        doc.push("tax_status", p.tax_status.clone());
        doc.push("tax_class", p.tax_class.clone());
        doc.push("manage_stock", if by_parent { json!("parent") } else { json!(p.manage_stock) });
        doc.push("stock_quantity", self.shown_stock(p).map_or(Value::Null, money::quantity));
        if with_status {
            doc.push("stock_status", status.clone());
        }
        doc.push("backorders", p.backorders.clone());
        doc.push("backorders_allowed", p.backorders != "no");
        doc.push("backordered", status == "onbackorder");
        doc.push("low_stock_amount", Value::Null);
    }

    fn push_relations(&self, doc: &mut Doc, p: &Product) {
        let is_variation = p.kind == Kind::Variation;
        let categories = if is_variation {
            json!([])
        } else {
            json!([{ "id": 15, "name": "Uncategorized", "slug": "uncategorized" }])
        };
        let related: Vec<u64> = self
            .products
            .values()
            .filter(|o| !is_variation && o.kind != Kind::Variation && o.id != p.id)
            .map(|o| o.id)
            .take(5)
            .collect();
        for (key, value) in [
            ("rating_count", json!(0)),
            ("upsell_ids", json!([])),
            ("cross_sell_ids", json!([])),
            ("parent_id", json!(p.parent_id)),
            ("purchase_note", json!("")),
            ("categories", categories),
            ("tags", json!([])),
            ("images", json!([])),
        ] {
            doc.push(key, value);
        }
        doc.push("attributes", attributes(p));
        doc.push("default_attributes", json!([]));
        let variations = if p.kind == Kind::Variable { self.variations_of(p.id) } else { Vec::new() };
        doc.push("variations", json!(variations));
        doc.push("grouped_products", json!([]));
        doc.push("menu_order", 0);
        doc.push("price_html", self.price_html(p));
        doc.push("related_ids", json!(related));
        doc.push("meta_data", meta::render(&p.meta));
    }

    /// The price as the theme shows it, without tax.
    fn price_html(&self, p: &Product) -> String {
        if self.active_price(p).is_empty() {
            return String::new();
        }
        let net = money::money(self.net_price(p, Decimal::ONE), self.config.decimals);
        format!(
            "<span class=\"woocommerce-Price-amount amount\"><bdi><span \
             class=\"woocommerce-Price-currencySymbol\">{}</span>{net}</bdi></span>",
            crate::settings::currency_entity(&self.config.currency)
        )
    }

    fn permalink(&self, p: &Product) -> String {
        let Some(parent) = self.parent_of(p) else {
            return format!("{}/product/{}/", self.site, slug(&p.name));
        };
        let options: Vec<String> = p
            .attributes
            .iter()
            .filter_map(|a| {
                let option = a.options.first()?;
                Some(if a.id == 0 {
                    format!("attribute_{}={}", slug(&a.name), crate::paging::percent(option))
                } else {
                    format!("attribute_pa_{}={}", slug(&a.name), slug(option))
                })
            })
            .collect();
        format!("{}/product/{}/?{}", self.site, slug(&parent.name), options.join("&"))
    }

    fn product_links(&self, p: &Product) -> Value {
        let base = format!("{}/wp-json/wc/v3/products", self.site);
        let mut links = json!({
            "self": [{ "href": format!("{base}/{}", p.id) }],
            "collection": [{ "href": base }],
        });
        if p.parent_id != 0 {
            links["up"] = json!([{ "href": format!("{base}/{}", p.parent_id) }]);
        }
        links
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Simple => "simple",
        Kind::Variable => "variable",
        Kind::Variation => "variation",
    }
}

/// Reading wraps texts with a final line break, writing answers them raw.
fn description(p: &Product, context: Context) -> String {
    if context == Context::View && !p.description.is_empty() && p.kind != Kind::Variation {
        return format!("{}\n", p.description);
    }
    p.description.clone()
}

fn push_download(doc: &mut Doc, p: &Product) {
    doc.push("virtual", p.is_virtual);
    doc.push("downloadable", p.downloadable);
    doc.push("downloads", json!([]));
    doc.push("download_limit", -1);
    doc.push("download_expiry", -1);
}

fn push_shipping(doc: &mut Doc, p: &Product) {
    doc.push("weight", p.weight.clone());
    doc.push("dimensions", dimensions(p));
    doc.push("shipping_required", !p.is_virtual);
    doc.push("shipping_taxable", !p.is_virtual && p.tax_status != "none");
    doc.push("shipping_class", "");
    doc.push("shipping_class_id", 0);
}

fn dimensions(p: &Product) -> Doc {
    let [length, width, height] = &p.dimensions;
    obj! { "length" => length.clone(), "width" => width.clone(), "height" => height.clone() }
}

fn attributes(p: &Product) -> Doc {
    p.attributes
        .iter()
        .map(|a| {
            if p.kind == Kind::Variation {
                let option = a.options.first().cloned().unwrap_or_default();
                return obj! { "id" => a.id, "name" => a.name.clone(), "option" => option };
            }
            obj! {
                "id" => a.id,
                "name" => a.name.clone(),
                "position" => 0,
                "visible" => true,
                "variation" => p.kind == Kind::Variable,
                "options" => json!(a.options),
            }
        })
        .collect()
}
