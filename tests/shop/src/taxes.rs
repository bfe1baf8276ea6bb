//! `/coupons` and `/taxes`: enough to set a shop up.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::Answer;
use crate::config::{CouponConfig, TaxRateConfig};
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::events::Event;
use crate::model::{Coupon, TaxRate};
use crate::money::{self, money};
use crate::shop::Shop;
use crate::validate;
use crate::wire::Request;

fn no_coupon() -> ApiError {
    ApiError::invalid_id(404, "woocommerce_rest_shop_coupon_invalid_id")
}

impl Shop {
    /// `POST /taxes`.
    pub(crate) fn create_tax(&mut self, body: &Map<String, Value>) -> Answer {
        let text = |key: &str| body.get(key).and_then(validate::text).unwrap_or_default();
        let class = text("class");
        let rate = TaxRate {
            id: self.ids.rate(),
            of: TaxRateConfig {
                country: text("country").to_uppercase(),
                state: text("state").to_uppercase(),
                rate: body.get("rate").and_then(money::amount).unwrap_or_default(),
                name: text("name"),
                class: if class == "standard" { String::new() } else { class },
                priority: text("priority").parse().unwrap_or(1),
                compound: validate::truthy(body.get("compound"), false),
                shipping: validate::truthy(body.get("shipping"), true),
            },
        };
        let doc = self.tax_doc(&rate);
        let location = format!("taxes/{}", rate.id);
        self.rates.push(rate);
        Answer::created(doc, location)
    }

    /// `GET /taxes`.
    pub(crate) fn list_taxes(&self) -> Doc {
        self.rates.iter().map(|r| self.tax_doc(r)).collect()
    }

    fn tax_doc(&self, r: &TaxRate) -> Doc {
        let base = format!("{}/wp-json/wc/v3/taxes", self.site);
        let class = if r.of.class.is_empty() { "standard" } else { &r.of.class };
        obj! {
            "id" => r.id,
            "country" => r.of.country.clone(),
            "state" => r.of.state.clone(),
            "postcode" => "",
            "city" => "",
            "rate" => money(r.of.rate, 4),
            "name" => r.of.name.clone(),
            "priority" => r.of.priority,
            "compound" => r.of.compound,
            "shipping" => r.of.shipping,
            "order" => 0,
            "class" => class,
            "postcodes" => json!([]),
            "cities" => json!([]),
            "_links" => json!({
                "self": [{ "href": format!("{base}/{}", r.id) }],
                "collection": [{ "href": base }],
            }),
        }
    }

    /// `POST /coupons`.
    pub(crate) fn create_coupon(&mut self, body: &Map<String, Value>) -> ApiResult<Answer> {
        let text = |key: &str| body.get(key).and_then(validate::text).unwrap_or_default();
        let code = text("code").to_lowercase();
        if code.is_empty() {
            return Err(ApiError::new(400, "rest_missing_callback_param", "Missing parameter(s): code")
                .with("params", json!(["code"])));
        }
        if self.coupons.values().any(|c| c.of.code == code) {
            let message = "The coupon code already exists";
            return Err(ApiError::new(400, "woocommerce_rest_coupon_code_already_exists", message));
        }
        let kind = text("discount_type");
        let coupon = Coupon {
            id: self.ids.post(),
            of: CouponConfig {
                code,
                discount_type: if kind.is_empty() { "fixed_cart".to_owned() } else { kind },
                amount: body.get("amount").and_then(money::amount).unwrap_or_default(),
            },
            created: self.now,
            usage_count: 0,
        };
        let (id, doc) = (coupon.id, self.coupon_doc(&coupon));
        self.coupons.insert(id, coupon);
        self.fire(Event::CouponCreated, id);
        Ok(Answer::created(doc, format!("coupons/{id}")))
    }

    /// `GET /coupons`, also by `code`.
    pub(crate) fn list_coupons(&self, request: &Request) -> Doc {
        let code = request.param("code").map(str::to_lowercase);
        let fits = |c: &&Coupon| code.as_ref().is_none_or(|code| &c.of.code == code);
        self.coupons.values().filter(fits).map(|c| self.coupon_doc(c)).collect()
    }

    /// `GET` of one coupon.
    pub(crate) fn get_coupon(&self, id: u64) -> ApiResult<Doc> {
        self.coupons.get(&id).map(|c| self.coupon_doc(c)).ok_or_else(no_coupon)
    }

    /// `DELETE`. Moving one to the trash works, fires two events and answers
    /// that it cannot be done.
    pub(crate) fn delete_coupon(&mut self, id: u64, force: bool) -> ApiResult<Doc> {
        let coupon = self.coupons.remove(&id).ok_or_else(no_coupon)?;
        if force {
            return Ok(self.coupon_doc(&coupon));
        }
        self.fire_trashed_post(id, None);
        let message = "The shop_coupon cannot be deleted.";
        Err(ApiError::new(500, "woocommerce_rest_cannot_delete", message))
    }

    /// A coupon as the API and the webhooks write it.
    pub(crate) fn coupon_doc(&self, c: &Coupon) -> Doc {
        let (created, created_gmt) = self.zone.pair(Some(c.created));
        let zero = || money(Decimal::ZERO, self.config.decimals);
        let base = format!("{}/wp-json/wc/v3/coupons", self.site);
        obj! {
            "id" => c.id,
            "code" => c.of.code.clone(),
            "amount" => money(c.of.amount, self.config.decimals),
            "status" => "publish",
            "date_created" => created.clone(),
            "date_created_gmt" => created_gmt.clone(),
            "date_modified" => created,
            "date_modified_gmt" => created_gmt,
            "discount_type" => c.of.discount_type.clone(),
            "description" => "",
            "date_expires" => Value::Null,
            "date_expires_gmt" => Value::Null,
            "usage_count" => c.usage_count,
            "individual_use" => false,
            "product_ids" => json!([]),
            "excluded_product_ids" => json!([]),
            "usage_limit" => Value::Null,
            "usage_limit_per_user" => Value::Null,
            "limit_usage_to_x_items" => Value::Null,
            "free_shipping" => false,
            "product_categories" => json!([]),
            "excluded_product_categories" => json!([]),
            "exclude_sale_items" => false,
            "minimum_amount" => zero(),
            "maximum_amount" => zero(),
            "email_restrictions" => json!([]),
            "used_by" => json!([]),
            "meta_data" => json!([]),
            "_links" => json!({
                "self": [{ "href": format!("{base}/{}", c.id) }],
                "collection": [{ "href": base }],
            }),
        }
    }
}
