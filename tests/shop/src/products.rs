//! `/products` and `/products/{id}/variations`.

use serde_json::{Map, Value};

use crate::api::{Answer, filtered};
use crate::doc::Doc;
use crate::error::{ApiError, ApiResult, ParamFault};
use crate::events::Event;
use crate::model::{Kind, Product};
use crate::paging::{ListArgs, Row, refuse};
use crate::product_json::Context;
use crate::shop::Shop;
use crate::validate::{Kind as Type, Table};
use crate::wire::{Reply, Request};

const STATUSES: [&str; 7] = ["draft", "pending", "private", "publish", "future", "auto-draft", "trash"];

const ORDERINGS: [&str; 6] = ["date", "id", "include", "title", "slug", "modified"];

/// Arguments of a single write.
pub(crate) const PRODUCT: Table<'static> = &[
    ("name", Type::Str),
    ("type", Type::Enum(&["simple", "grouped", "external", "variable"])),
    ("status", Type::Enum(&STATUSES)),
    ("sku", Type::Str),
    ("regular_price", Type::Str),
    ("sale_price", Type::Str),
    ("virtual", Type::Bool),
    ("downloadable", Type::Bool),
    ("tax_status", Type::Enum(&["taxable", "shipping", "none"])),
    ("tax_class", Type::Str),
    ("manage_stock", Type::Bool),
    ("stock_quantity", Type::Int),
    ("stock_status", Type::Enum(&["instock", "outofstock", "onbackorder"])),
    ("backorders", Type::Enum(&["no", "notify", "yes"])),
    ("weight", Type::Str),
    ("description", Type::Str),
    ("short_description", Type::Str),
    ("meta_data", Type::Items(&[])),
];

fn not_found(status: u16) -> ApiError {
    ApiError::invalid_id(status, "woocommerce_rest_product_invalid_id")
}

fn use_variation_route() -> ApiError {
    ApiError::new(
        404,
        "woocommerce_rest_invalid_product_id",
        "To manipulate product variations you should use the \
         /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
    )
}

/// The SKUs of `?sku=`: the parts of the list and the text as a whole. What
/// PHP calls empty is no filter.
fn asked_skus(request: &Request) -> Option<Vec<String>> {
    let text = request.param("sku").filter(|text| !["", "0"].contains(text))?;
    let mut skus: Vec<String> = text.split(',').map(str::to_owned).collect();
    skus.push(text.to_owned());
    Some(skus)
}

impl Shop {
    fn row(p: &Product) -> Row {
        Row { id: p.id, created: p.created, modified: p.modified }
    }

    /// `GET /products`. With `sku` variations are found too.
    pub(crate) fn list_products(&self, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let args = ListArgs::parse(request, self.zone, &ORDERINGS, &mut faults);
        let mut statuses = vec!["any"];
        statuses.extend(STATUSES);
        let status = request.param("status").unwrap_or("any");
        if !statuses.contains(&status) {
            faults.push(ParamFault::not_in_enum("status", "status", &statuses));
        }
        refuse(&faults)?;
        let skus = asked_skus(request);
        let kind = request.param("type");
        let rows = self
            .products
            .values()
            .filter(|p| match &skus {
                Some(skus) => skus.contains(&p.sku),
                None => p.kind != Kind::Variation,
            })
            .filter(|p| if status == "any" { p.status != "trash" } else { p.status == status })
            .filter(|p| match kind {
                Some("simple") => p.kind == Kind::Simple,
                Some("variable") => p.kind == Kind::Variable,
                Some("variation") => p.kind == Kind::Variation,
                Some(_) => false,
                None => true,
            })
            .filter(|p| args.search.as_ref().is_none_or(|s| p.name.to_lowercase().contains(s)))
            .map(Self::row)
            .collect();
        let (ids, total) = args.cut(rows, self.zone);
        let items = ids.iter().filter_map(|id| self.products.get(id));
        let items = items.map(|p| filtered(request, self.product_doc(p, Context::View), false));
        Ok(args.reply(&self.site, request, &items.collect(), total, &[]))
    }

    /// `GET /products/{id}`: variations can be read here.
    pub(crate) fn get_product(&self, id: u64) -> ApiResult<Doc> {
        let product = self.products.get(&id).ok_or_else(|| not_found(404))?;
        Ok(self.product_doc(product, Context::View))
    }

    /// `POST /products`.
    pub(crate) fn create_product(&mut self, body: &Map<String, Value>) -> ApiResult<Answer> {
        let id = self.ids.post;
        self.products.insert(id, self.blank_product(id, None));
        if let Err(error) = self.write_product(id, body) {
            self.products.remove(&id);
            return Err(error);
        }
        self.ids.post = id + 1;
        self.fire(Event::ProductCreated, id);
        Ok(Answer::created(self.written_product(id)?, format!("products/{id}")))
    }

    fn written_product(&self, id: u64) -> ApiResult<Doc> {
        let product = self.products.get(&id).ok_or_else(|| not_found(404))?;
        Ok(self.product_doc(product, Context::Edit))
    }

    /// `PUT /products/{id}`: writing a variation here is refused.
    pub(crate) fn update_product(&mut self, id: u64, body: &Map<String, Value>) -> ApiResult<Doc> {
        match self.products.get(&id).map(|p| p.kind) {
            None => return Err(not_found(400)),
            Some(Kind::Variation) => return Err(use_variation_route()),
            Some(_) => {}
        }
        self.write_product(id, body)?;
        self.fire(Event::ProductUpdated, id);
        self.written_product(id)
    }

    /// `DELETE /products/{id}`: to the trash, or for good (which fires
    /// nothing). The answer shows the state before.
    pub(crate) fn delete_product(&mut self, id: u64, force: bool) -> ApiResult<Doc> {
        match self.products.get(&id).map(|p| p.kind) {
            None => return Err(not_found(404)),
            Some(Kind::Variation) => return Err(use_variation_route()),
            Some(_) => {}
        }
        let before = self.written_product(id)?;
        if force {
            self.products.remove(&id);
            for variation in self.variations_of(id) {
                self.products.remove(&variation);
            }
            return Ok(before);
        }
        let now = self.now;
        let Some(product) = self.products.get_mut(&id).filter(|p| p.status != "trash") else {
            let message = "The product has already been deleted.";
            return Err(ApiError::new(410, "woocommerce_rest_already_trashed", message));
        };
        "trash".clone_into(&mut product.status);
        product.modified = now;
        self.fire_trashed_post(id, None);
        Ok(before)
    }

    /// `GET /products/{parent}/variations`.
    pub(crate) fn list_variations(&self, parent: u64, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let args = ListArgs::parse(request, self.zone, &ORDERINGS, &mut faults);
        refuse(&faults)?;
        let sku = request.param("sku");
        let rows = self
            .variations_of(parent)
            .iter()
            .filter_map(|id| self.products.get(id))
            .filter(|p| sku.is_none_or(|sku| p.sku == sku))
            .map(Self::row)
            .collect();
        let (ids, total) = args.cut(rows, self.zone);
        let items = ids
            .iter()
            .filter_map(|id| self.products.get(id))
            .map(|p| filtered(request, self.variation_doc(p, parent), false));
        Ok(args.reply(&self.site, request, &items.collect(), total, &[]))
    }

    /// `GET /products/{parent}/variations/{id}`.
    pub(crate) fn get_variation(&self, parent: u64, id: u64) -> ApiResult<Doc> {
        let missing = || ApiError::invalid_id(404, "woocommerce_rest_product_variation_invalid_id");
        let product = self.products.get(&id).ok_or_else(missing)?;
        if product.kind != Kind::Variation || product.parent_id != parent {
            return Err(missing());
        }
        Ok(self.variation_doc(product, parent))
    }

    /// `POST /products/{parent}/variations`.
    pub(crate) fn create_variation(&mut self, parent: u64, body: &Map<String, Value>) -> ApiResult<Answer> {
        if !self.products.contains_key(&parent) {
            return Err(not_found(404));
        }
        let id = self.ids.post;
        self.products.insert(id, self.blank_product(id, Some(parent)));
        if let Err(error) = self.write_product(id, body) {
            self.products.remove(&id);
            return Err(error);
        }
        self.ids.post = id + 1;
        self.fire(Event::ProductCreated, id);
        let location = format!("products/{parent}/variations/{id}");
        Ok(Answer::created(self.written_variation(parent, id)?, location))
    }

    fn written_variation(&self, parent: u64, id: u64) -> ApiResult<Doc> {
        let product = self.products.get(&id).ok_or_else(|| not_found(404))?;
        Ok(self.variation_doc(product, parent))
    }

    /// `PUT /products/{parent}/variations/{id}`: here the parent is checked.
    pub(crate) fn update_variation(
        &mut self,
        parent: u64,
        id: u64,
        body: &Map<String, Value>,
    ) -> ApiResult<Doc> {
        match self.products.get(&id) {
            None => {
                let code = "woocommerce_rest_product_variation_invalid_id";
                return Err(ApiError::invalid_id(404, code));
            }
            Some(p) if p.parent_id != parent => {
                let message = "Parent product does not match current variation.";
                return Err(ApiError::new(403, "woocommerce_rest_cannot_edit", message));
            }
            Some(_) => {}
        }
        self.update_variation_unchecked(parent, id, body)
    }

    /// As a batch item: whatever product the id names is written, and becomes
    /// a child of the parent in the path.
    pub(crate) fn update_variation_unchecked(
        &mut self,
        parent: u64,
        id: u64,
        body: &Map<String, Value>,
    ) -> ApiResult<Doc> {
        let Some(product) = self.products.get_mut(&id) else {
            let code = "woocommerce_rest_product_variation_invalid_id";
            return Err(ApiError::invalid_id(404, code));
        };
        product.parent_id = parent;
        self.write_product(id, body)?;
        self.fire(Event::ProductUpdated, id);
        self.written_variation(parent, id)
    }

    /// `DELETE /products/{parent}/variations/{id}`.
    pub(crate) fn delete_variation(&mut self, parent: u64, id: u64) -> ApiResult<Doc> {
        self.get_variation(parent, id)?;
        let before = self.written_variation(parent, id)?;
        self.products.remove(&id);
        Ok(before)
    }
}
