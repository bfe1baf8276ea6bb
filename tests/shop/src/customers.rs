//! `/customers`, as far as orders need them.

use serde_json::{Map, Value, json};

use crate::api::{Answer, filtered};
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::events::Event;
use crate::meta;
use crate::model::{Address, BILLING_FIELDS, Customer, SHIPPING_FIELDS};
use crate::order_json::address;
use crate::order_write::write_address;
use crate::paging::{ListArgs, Row, refuse};
use crate::shop::Shop;
use crate::sign::hex_id;
use crate::validate::{self, Kind as Type, Table};
use crate::wire::{Reply, Request};

/// Arguments of a write.
pub(crate) const CUSTOMER: Table<'static> = &[
    ("email", Type::Email),
    ("first_name", Type::Str),
    ("last_name", Type::Str),
    ("username", Type::Str),
    ("password", Type::Str),
    ("billing", Type::Object(&[("email", Type::Email)])),
    ("shipping", Type::Object(&[])),
    ("meta_data", Type::Items(&[])),
];

fn not_found(status: u16) -> ApiError {
    ApiError::new(status, "woocommerce_rest_invalid_id", "Invalid resource ID.")
}

impl Shop {
    /// `POST`. Fires `customer.created` and `customer.updated`.
    pub(crate) fn create_customer(&mut self, body: &Map<String, Value>) -> ApiResult<Answer> {
        let email = body.get("email").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        if email.is_empty() {
            return Err(ApiError::new(400, "rest_missing_callback_param", "Missing parameter(s): email")
                .with("params", json!(["email"])));
        }
        if self.customers.values().any(|c| c.email == email) {
            let message = "An account is already registered with your email address. \
                           <a href=\"#\" class=\"showlogin\">Please log in.</a>";
            return Err(ApiError::new(400, "registration-error-email-exists", message));
        }
        let id = self.ids.user();
        let username = email.split('@').next().unwrap_or_default().to_owned();
        let mut customer = Customer {
            id,
            created: self.now,
            modified: self.now,
            email,
            first_name: String::new(),
            last_name: String::new(),
            username,
            billing: Address::new(),
            shipping: Address::new(),
            is_paying: false,
            meta: Vec::new(),
        };
        self.write_customer(&mut customer, body);
        let doc = self.customer_doc(&customer);
        self.customers.insert(id, customer);
        self.fire(Event::CustomerCreated, id);
        self.fire(Event::CustomerUpdated, id);
        Ok(Answer::created(doc, format!("customers/{id}")))
    }

    fn write_customer(&mut self, customer: &mut Customer, body: &Map<String, Value>) {
        for (key, field) in [
            ("first_name", &mut customer.first_name),
            ("last_name", &mut customer.last_name),
            ("username", &mut customer.username),
        ] {
            if let Some(text) = body.get(key).and_then(validate::text) {
                *field = text;
            }
        }
        write_address(&mut customer.billing, &BILLING_FIELDS, body.get("billing"));
        write_address(&mut customer.shipping, &SHIPPING_FIELDS, body.get("shipping"));
        meta::apply(&mut self.ids, &mut customer.meta, body.get("meta_data"));
    }

    /// `PUT`.
    pub(crate) fn update_customer(&mut self, id: u64, body: &Map<String, Value>) -> ApiResult<Doc> {
        let mut customer = self.customers.get(&id).cloned().ok_or_else(|| not_found(400))?;
        if let Some(email) = body.get("email").and_then(Value::as_str) {
            customer.email = email.to_lowercase();
        }
        self.write_customer(&mut customer, body);
        customer.modified = self.now;
        let doc = self.customer_doc(&customer);
        self.customers.insert(id, customer);
        self.fire(Event::CustomerUpdated, id);
        Ok(doc)
    }

    /// `GET` of one.
    pub(crate) fn get_customer(&self, id: u64) -> ApiResult<Doc> {
        self.customers.get(&id).map(|c| self.customer_doc(c)).ok_or_else(|| not_found(404))
    }

    /// `GET` of all, also by `email`.
    pub(crate) fn list_customers(&self, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let orderings = ["id", "include", "name", "registered_date"];
        let args = ListArgs::parse(request, self.zone, &orderings, &mut faults);
        refuse(&faults)?;
        let email = request.param("email").map(str::to_lowercase);
        let rows = self
            .customers
            .values()
            .filter(|c| email.as_ref().is_none_or(|e| &c.email == e))
            .filter(|c| args.search.as_ref().is_none_or(|s| c.email.contains(s)))
            .map(|c| Row { id: c.id, created: c.created, modified: c.modified })
            .collect();
        let (ids, total) = args.cut(rows, self.zone);
        let items = ids.iter().filter_map(|id| self.customers.get(id));
        let items = items.map(|c| filtered(request, self.customer_doc(c), false));
        Ok(args.reply(&self.site, request, &items.collect(), total, &[]))
    }

    /// `DELETE`, only with `force`.
    pub(crate) fn delete_customer(&mut self, id: u64, force: bool) -> ApiResult<Doc> {
        if !force {
            let message = "Customers do not support trashing.";
            return Err(ApiError::new(501, "woocommerce_rest_trash_not_supported", message));
        }
        let doc = self.get_customer(id).map_err(|_| not_found(400))?;
        self.fire(Event::CustomerDeleted, id);
        self.customers.remove(&id);
        Ok(doc)
    }

    /// An order of that customer was paid.
    pub(crate) fn customer_paid(&mut self, id: u64) {
        let now = self.now;
        if let Some(customer) = self.customers.get_mut(&id) {
            customer.is_paying = true;
            customer.modified = now;
            self.fire(Event::CustomerUpdated, id);
        }
    }

    /// A customer as the API and the webhooks write it.
    pub(crate) fn customer_doc(&self, c: &Customer) -> Doc {
        let (created, created_gmt) = self.zone.pair(Some(c.created));
        let (modified, modified_gmt) = self.zone.pair(Some(c.modified));
        let picture = hex_id(0, &c.email, 32);
        let base = format!("{}/wp-json/wc/v3/customers", self.site);
        obj! {
            "id" => c.id,
            "date_created" => created,
            "date_created_gmt" => created_gmt,
            "date_modified" => modified,
            "date_modified_gmt" => modified_gmt,
            "email" => c.email.clone(),
            "first_name" => c.first_name.clone(),
            "last_name" => c.last_name.clone(),
            "role" => "customer",
            "username" => c.username.clone(),
            "billing" => address(&c.billing, &BILLING_FIELDS),
            "shipping" => address(&c.shipping, &SHIPPING_FIELDS),
            "is_paying_customer" => c.is_paying,
            "avatar_url" => format!("https://secure.gravatar.com/avatar/{picture}?s=96&d=mm&r=g"),
            "meta_data" => meta::render(&c.meta),
            "_links" => json!({
                "self": [{ "href": format!("{base}/{}", c.id) }],
                "collection": [{ "href": base }],
            }),
        }
    }
}
