//! Realistic orders on demand, of many kinds, the same ones for the same seed.

use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult};
use crate::model::{Kind as ProductKind, Product};
use crate::shop::Shop;
use crate::wire::{Reply, Request};

/// Kinds of orders that can be asked for.
pub(crate) const KINDS: [&str; 27] = [
    "card",
    "customer",
    "cod",
    "bank_transfer",
    "authorised",
    "pending",
    "failed",
    "draft",
    "variation",
    "many_lines",
    "coupon",
    "coupon_fixed",
    "fee",
    "negative_fee",
    "pickup",
    "no_shipping",
    "tax_exclusive",
    "usd",
    "export",
    "vat_exempt",
    "reduced_rate",
    "zero_total",
    "gift_card",
    "gift_card_meta",
    "gift_card_fee",
    "unmapped_sku",
    "custom_line",
];

const PEOPLE: [(&str, &str, &str, &str, &str); 6] = [
    ("Ada", "Brandt", "Hafenstr. 5", "20457", "Hamburg"),
    ("Jörg", "Kästner", "Lange Gasse 12", "93047", "Regensburg"),
    ("Mira", "O’Hara", "Am Markt 3", "18055", "Rostock"),
    ("Łucja", "Weiß", "Ring 88", "50667", "Köln"),
    ("Tomás", "Nuñez", "Seeweg 1", "88131", "Lindau"),
    ("Ines", "Petersen", "Deichstr. 40", "25813", "Husum"),
];

/// A small deterministic generator (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let sides = u64::try_from(sides.max(1)).unwrap_or(1);
        usize::try_from((z ^ (z >> 31)) % sides).unwrap_or(0)
    }
}

/// `POST /_control/orders/place`: `{"count": n, "kinds": [..], "seed": s}`;
/// kinds are taken in turn.
pub(crate) fn place(shop: &mut Shop, body: &Map<String, Value>) -> Result<Value, String> {
    let count = body.get("count").and_then(Value::as_u64).unwrap_or(1);
    let seed = body.get("seed").and_then(Value::as_u64).unwrap_or(shop.config.seed);
    let kinds: Vec<&str> = match body.get("kinds").and_then(Value::as_array) {
        Some(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        None => vec!["card"],
    };
    if let Some(wrong) = kinds.iter().find(|kind| !KINDS.contains(kind)) {
        return Err(format!("no kind \"{wrong}\"; there are: {}", KINDS.join(", ")));
    }
    if kinds.is_empty() || count > 100_000 {
        return Err("at least one kind, at most 100000 orders".to_owned());
    }
    let mut placed = Vec::new();
    for (n, kind) in (0..count).zip(kinds.iter().cycle()) {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(n));
        placed.push(shop.place_one(kind, &mut dice).map_err(|e| format!("{kind}: {}", e.message))?);
    }
    Ok(json!({ "orders": placed }))
}

impl Shop {
    fn place_one(&mut self, kind: &str, dice: &mut Dice) -> ApiResult<Value> {
        let body = self.order_body(kind, dice)?;
        let typed_with_tax = self.config.prices_include_tax;
        if matches!(kind, "tax_exclusive" | "usd") {
            self.config.prices_include_tax = false;
        }
        let via = if kind == "draft" { "store-api" } else { "checkout" };
        let created = self.create_order(&body, via);
        self.config.prices_include_tax = typed_with_tax;
        let doc = created?.doc;
        let id = match doc.get("id") {
            Some(crate::doc::Doc::Value(id)) => id.as_u64().unwrap_or(0),
            _ => 0,
        };
        Ok(self.brief(id).map_or(Value::Null, |mut brief| {
            brief["kind"] = json!(kind);
            brief
        }))
    }

    /// An order in a few words, for tables.
    pub(crate) fn brief(&self, id: u64) -> Option<Value> {
        let order = self.orders.get(&id)?;
        let skus: Vec<&str> = order
            .lines
            .iter()
            .filter_map(|l| self.products.get(&l.item_id()))
            .map(|p| p.sku.as_str())
            .collect();
        Some(json!({
            "id": id,
            "number": order.number,
            "status": order.status,
            "currency": order.currency,
            "total": crate::money::money(order.totals.total, self.config.decimals),
            "total_tax": crate::money::money(order.totals.cart_tax + order.totals.shipping_tax, self.config.decimals),
            "paid": order.paid.is_some(),
            "payment_method": order.payment_method,
            "skus": skus,
            "refunds": order.refunds.len(),
            "date_created_gmt": crate::dates::gmt(order.created),
            "date_modified_gmt": crate::dates::gmt(order.modified),
        }))
    }

    fn order_body(&mut self, kind: &str, dice: &mut Dice) -> ApiResult<Map<String, Value>> {
        let person = dice.roll(PEOPLE.len());
        let address = address_of(kind, person, dice);
        let card = format!("pi_{}", self.key_word(&format!("payment {}", self.ids.post), 24));
        let mut body = json!({
            "billing": address,
            "shipping": address,
            "line_items": self.lines_of(kind, dice),
            "shipping_lines": [{
                "method_id": "flat_rate", "instance_id": "1", "method_title": "Parcel", "total": "4.12",
            }],
            "payment_method": "stripe",
            "payment_method_title": "Credit card",
            "set_paid": true,
            "transaction_id": card,
            "meta_data": [{ "key": "is_vat_exempt", "value": "no" }],
        });
        for (key, value) in particulars(kind) {
            body[key] = value;
        }
        if body["set_paid"] == json!(false) {
            body["transaction_id"] = json!("");
        }
        if kind == "customer" {
            body["customer_id"] = json!(self.regular(person)?);
        }
        Ok(body.as_object().cloned().unwrap_or_default())
    }

    /// The account of a person, made when first needed.
    fn regular(&mut self, person: usize) -> ApiResult<u64> {
        let email = email_of(person);
        if let Some(known) = self.customers.values().find(|c| c.email == email) {
            return Ok(known.id);
        }
        let (first, last, ..) = PEOPLE[person];
        let body = json!({ "email": email, "first_name": first, "last_name": last });
        self.create_customer(&body.as_object().cloned().unwrap_or_default())?;
        Ok(self.ids.user - 1)
    }

    fn lines_of(&self, kind: &str, dice: &mut Dice) -> Value {
        let sells = |p: &&Product| {
            p.kind != ProductKind::Variable
                && p.status == "publish"
                && !self.config.unmapped_skus.contains(&p.sku)
                && crate::money::clean_price(&self.active_price(p))
                    .parse::<rust_decimal::Decimal>()
                    .is_ok_and(|price| price > rust_decimal::Decimal::ZERO)
        };
        let mut stocked: Vec<&Product> = self.products.values().filter(sells).collect();
        let fits = |p: &&Product| match kind {
            "variation" => p.kind == ProductKind::Variation,
            "reduced_rate" => p.tax_class == "reduced-rate",
            _ => true,
        };
        if stocked.iter().any(fits) {
            stocked.retain(fits);
        }
        let by_price = |wanted: &dyn Fn(&Product) -> bool| {
            self.products.values().find(|p| wanted(p)).map_or(0, |p| p.id)
        };
        match kind {
            "zero_total" => {
                let free = by_price(&|p| p.regular_price == "0" || p.regular_price == "0.00");
                return json!([{ "product_id": free, "quantity": 1 }]);
            }
            "unmapped_sku" => {
                let stray = by_price(&|p| self.config.unmapped_skus.contains(&p.sku));
                return json!([{ "product_id": stray, "quantity": 1 }]);
            }
            _ => {}
        }
        let count = if kind == "many_lines" { 12 } else { 1 + dice.roll(3) };
        let mut lines = Vec::new();
        for _ in 0..count.min(stocked.len()) {
            let product = stocked.remove(dice.roll(stocked.len()));
            let quantity = 1 + dice.roll(3);
            let mut line = json!({ "product_id": product.id, "quantity": quantity });
            if product.kind == ProductKind::Variation {
                line = json!({
                    "product_id": product.parent_id, "variation_id": product.id, "quantity": quantity,
                });
            }
            if kind == "custom_line" && lines.is_empty() {
                line["name"] = json!("Made to measure");
                line["subtotal"] = json!("12.00");
                line["total"] = json!("10.00");
            }
            lines.push(line);
        }
        json!(lines)
    }
}

fn email_of(person: usize) -> String {
    format!("customer{person}@example.com")
}

fn address_of(kind: &str, person: usize, dice: &mut Dice) -> Value {
    let (first, last, street, postcode, city) = PEOPLE[person];
    let guest = format!("guest{}@example.com", dice.roll(10_000));
    let email = if kind == "customer" { email_of(person) } else { guest };
    let mut address = json!({
        "first_name": first, "last_name": last, "company": "", "address_1": street, "address_2": "",
        "city": city, "state": "", "postcode": postcode, "country": "DE", "email": email,
        "phone": "+49 40 5550123",
    });
    let abroad: &[(&str, &str)] = match kind {
        "usd" => &[("city", "Los Angeles"), ("state", "CA"), ("postcode", "90001"), ("country", "US")],
        "export" => &[("city", "Bern"), ("postcode", "3011"), ("country", "CH")],
        "vat_exempt" => {
            &[("city", "Wien"), ("postcode", "1010"), ("country", "AT"), ("company", "Donau Handel GmbH")]
        }
        _ => &[],
    };
    for (key, value) in abroad {
        address[*key] = json!(value);
    }
    address
}

/// What sets a kind apart from an order paid by card.
fn particulars(kind: &str) -> Vec<(&'static str, Value)> {
    let unpaid = ("set_paid", json!(false));
    let method =
        |id: &str, title: &str| [("payment_method", json!(id)), ("payment_method_title", json!(title))];
    let mut fields = match kind {
        "cod" => vec![unpaid, ("status", json!("processing"))],
        "bank_transfer" => vec![unpaid, ("status", json!("on-hold"))],
        "authorised" => vec![
            unpaid,
            ("status", json!("on-hold")),
            ("meta_data", json!([{ "key": "_stripe_charge_captured", "value": "no" }])),
        ],
        "pending" => vec![unpaid],
        "failed" => vec![unpaid, ("status", json!("failed"))],
        "draft" => vec![unpaid, ("status", json!("checkout-draft"))],
        "coupon" => vec![("coupon_lines", json!([{ "code": "autumn10" }]))],
        "coupon_fixed" => vec![("coupon_lines", json!([{ "code": "minus5" }]))],
        "fee" => vec![("fee_lines", json!([{ "name": "Small order fee", "total": "3.00" }]))],
        "negative_fee" => {
            vec![("fee_lines", json!([{ "name": "Loyalty", "total": "-1.50", "tax_status": "none" }]))]
        }
        "pickup" => vec![(
            "shipping_lines",
            json!([{ "method_id": "local_pickup", "method_title": "Pick-up", "total": "0.00" }]),
        )],
        "no_shipping" => vec![("shipping_lines", json!([]))],
        "usd" => vec![("currency", json!("USD"))],
        "vat_exempt" => vec![(
            "meta_data",
            json!([
                { "key": "is_vat_exempt", "value": "yes" },
                { "key": "_billing_vat_number", "value": "ATU00000024" },
            ]),
        )],
        "zero_total" => vec![unpaid, ("status", json!("processing")), ("shipping_lines", json!([]))],
        "gift_card" => vec![("gift_cards", json!([{ "code": "GIFT-7K2M", "amount": "5.00" }]))],
        "gift_card_meta" => vec![(
            "meta_data",
            json!([{ "key": "_ywgc_applied_gift_cards", "value": { "GIFT-9Q4T": "5.00" } }]),
        )],
        "gift_card_fee" => vec![(
            "fee_lines",
            json!([{
                "name": "Gift card GIFT-3X8P", "total": "-5.00", "tax_status": "none", "_tender": true,
            }]),
        )],
        _ => vec![],
    };
    match kind {
        "cod" => fields.extend(method("cod", "Cash on delivery")),
        "bank_transfer" => fields.extend(method("bacs", "Direct bank transfer")),
        "usd" => fields.extend(method("paypal", "PayPal")),
        "draft" | "zero_total" => fields.extend(method("", "")),
        _ => {}
    }
    fields
}

/// `POST /_control/orders`: an order as a checkout would make it, the body as
/// for the REST API. With `in_stock=1` a real one's last look: 409 where there
/// are fewer units than wanted.
pub(crate) fn checkout(shop: &mut Shop, request: &Request, body: &Map<String, Value>) -> Reply {
    let via = request.param("created_via").unwrap_or("checkout").to_owned();
    if request.param("in_stock") == Some("1") && !is_in_stock(shop, body) {
        let sold_out = "Sorry, we do not have enough of this in stock to fulfil your order.";
        return Reply::from(ApiError::new(409, "woocommerce_rest_cart_product_no_stock", sold_out));
    }
    match shop.create_order(body, &via) {
        Ok(answer) => Reply::json(201, &answer.doc),
        Err(error) => Reply::from(error),
    }
}

/// Whether every line can be had, by what the shop shows now.
fn is_in_stock(shop: &Shop, body: &Map<String, Value>) -> bool {
    let lines = body.get("line_items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    lines.iter().all(|line| {
        let number = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or_default();
        let id = if number("variation_id") == 0 { number("product_id") } else { number("variation_id") };
        let Some(product) = shop.products.get(&id) else { return false };
        let shown = shop.shown_stock(product);
        product.backorders != "no" || shown.is_none_or(|shown| shown >= number("quantity").into())
    })
}
