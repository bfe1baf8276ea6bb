//! Coupons: how a discount is spread over the lines, cent by cent.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::json;

use crate::config::CouponConfig;
use crate::error::{ApiError, ApiResult};
use crate::model::{CouponLine, Order};
use crate::money;
use crate::shop::Shop;
use crate::tax;
use crate::totals::Rounding;

/// A line seen by the discount: in minor units, with tax where prices are.
struct Item {
    line: usize,
    /// Unrounded price of the whole line in minor units.
    price: Decimal,
    quantity: Decimal,
    /// Taken off so far, in whole minor units.
    off: Decimal,
}

impl Item {
    fn left(&self) -> Decimal {
        (money::round(self.price, 0) - self.off).max(Decimal::ZERO)
    }
}

impl Shop {
    /// Replaces the coupons of an order by these codes and spreads their
    /// discounts anew, from the undiscounted lines.
    pub(crate) fn apply_coupons(&mut self, order: &mut Order, codes: &[String]) -> ApiResult<()> {
        let mut coupons = Vec::new();
        for code in codes {
            coupons.push(self.coupon_config(code)?);
        }
        for line in &mut order.lines {
            line.total = line.subtotal;
        }
        let kept = std::mem::take(&mut order.coupons);
        // Taxes of the undiscounted lines are what prices with tax are made of.
        self.calculate(order);
        let rounding = self.rounding();
        let mut items = items_of(order, rounding);
        for coupon in coupons {
            let before: Vec<Decimal> = items.iter().map(|i| i.off).collect();
            spread(&coupon, &mut items, rounding);
            let line = self.coupon_line(&coupon, order, &items, &before, &kept, rounding);
            order.coupons.push(line);
        }
        self.take_off(order, &items, rounding);
        self.calculate(order);
        Ok(())
    }

    fn coupon_config(&self, code: &str) -> ApiResult<CouponConfig> {
        let wanted = code.to_lowercase();
        self.coupons.values().find(|c| c.of.code == wanted).map(|c| c.of.clone()).ok_or_else(|| {
            let message = format!("Coupon \"{wanted}\" does not exist!");
            ApiError::new(400, "woocommerce_rest_invalid_coupon", message)
        })
    }

    /// What of a line's discount is net: all of it where prices are net.
    fn net_of(&self, order: &Order, line: usize, off: Decimal) -> (Decimal, Vec<Decimal>) {
        let (country, state) = self.tax_place(&order.billing, &order.shipping);
        let rates = self.rates_for(&country, &state, &order.lines[line].tax_class);
        if !order.prices_include_tax {
            return (off, tax::on_top(off, &rates).iter().map(|t| t.total).collect());
        }
        let taxes: Vec<Decimal> = tax::inside(off, &rates).iter().map(|t| t.total).collect();
        (off - taxes.iter().sum::<Decimal>(), taxes)
    }

    fn coupon_line(
        &mut self,
        coupon: &CouponConfig,
        order: &Order,
        items: &[Item],
        before: &[Decimal],
        kept: &[CouponLine],
        rounding: Rounding,
    ) -> CouponLine {
        let mut gross = Decimal::ZERO;
        let mut tax = Decimal::ZERO;
        for (item, before) in items.iter().zip(before) {
            let off = to_money(item.off - before, rounding);
            let (_, taxes) = self.net_of(order, item.line, off);
            gross += off;
            tax += taxes.iter().map(|t| rounding.line_tax(*t)).sum::<Decimal>();
        }
        let discount = if order.prices_include_tax { gross - tax } else { gross };
        let code = coupon.code.clone();
        if let Some(line) = kept.iter().find(|l| l.code == code) {
            return CouponLine { discount, discount_tax: tax, ..line.clone() };
        }
        let data = self.coupon_data(coupon);
        let meta = vec![self.new_meta("coupon_data", data)];
        CouponLine { id: self.ids.item(), code, discount, discount_tax: tax, meta }
    }

    /// Writes the discounts into the lines' totals.
    fn take_off(&self, order: &mut Order, items: &[Item], rounding: Rounding) {
        for item in items {
            let (net, _) = self.net_of(order, item.line, to_money(item.off, rounding));
            let line = &mut order.lines[item.line];
            line.total = money::stored((line.total - net).max(Decimal::ZERO));
        }
    }

    /// The copy of the coupon that its line carries.
    fn coupon_data(&self, coupon: &CouponConfig) -> serde_json::Value {
        let known = self.coupons.values().find(|c| c.of.code == coupon.code);
        let created = self.zone.php_object(known.map_or(self.now, |c| c.created));
        json!({
            "id": known.map_or(0, |c| c.id),
            "code": coupon.code,
            "amount": money::plain(coupon.amount),
            "status": "publish",
            "date_created": created,
            "date_modified": created,
            "date_expires": null,
            "discount_type": coupon.discount_type,
            "description": "",
            "usage_count": known.map_or(0, |c| c.usage_count),
            "individual_use": false,
            "product_ids": [],
            "excluded_product_ids": [],
            "usage_limit": 0,
            "usage_limit_per_user": 0,
            "limit_usage_to_x_items": null,
            "free_shipping": false,
            "product_categories": [],
            "excluded_product_categories": [],
            "exclude_sale_items": false,
            "minimum_amount": "",
            "maximum_amount": "",
            "email_restrictions": [],
            "virtual": false,
            "meta_data": [],
        })
    }
}

fn minor(rounding: Rounding) -> Decimal {
    Decimal::from(10u64.pow(rounding.places))
}

fn to_money(off: Decimal, rounding: Rounding) -> Decimal {
    off / minor(rounding)
}

/// Lines by falling price: the dearest takes the odd cents.
fn items_of(order: &Order, rounding: Rounding) -> Vec<Item> {
    let mut items: Vec<Item> = order
        .lines
        .iter()
        .enumerate()
        .map(|(line, l)| {
            let tax: Decimal = if order.prices_include_tax {
                let taxes = l.taxes.iter().filter_map(|t| t.subtotal);
                taxes.map(|t| rounding.line_tax(t)).sum()
            } else {
                Decimal::ZERO
            };
            let price = (l.subtotal + tax) * minor(rounding);
            Item { line, price, quantity: l.quantity, off: Decimal::ZERO }
        })
        .collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.price * item.quantity));
    items
}

fn spread(coupon: &CouponConfig, items: &mut [Item], rounding: Rounding) {
    let amount = coupon.amount * minor(rounding);
    match coupon.discount_type.as_str() {
        "percent" => percent(coupon.amount / Decimal::ONE_HUNDRED, items),
        "fixed_product" => {
            fixed_product(amount, items);
        }
        _ => fixed_cart(amount, items),
    }
}

fn percent(share: Decimal, items: &mut [Item]) {
    let all: Decimal = items.iter().map(|i| i.price - i.off).sum();
    let mut given = Decimal::ZERO;
    for item in items.iter_mut() {
        let off = (item.left() * share).floor();
        item.off += off;
        given += off;
    }
    remainder(money::round(all * share, 0) - given, items);
}

fn fixed_product(each: Decimal, items: &mut [Item]) -> Decimal {
    let mut given = Decimal::ZERO;
    for item in items.iter_mut() {
        let off = (each * item.quantity).min(item.left());
        item.off += off;
        given += off;
    }
    given
}

fn fixed_cart(amount: Decimal, items: &mut [Item]) {
    let pieces: Decimal = items.iter().filter(|i| i.left() > Decimal::ZERO).map(|i| i.quantity).sum();
    if pieces <= Decimal::ZERO || amount <= Decimal::ZERO {
        return;
    }
    let each = (amount / pieces).floor();
    if each > Decimal::ZERO {
        let given = fixed_product(each, items);
        if given > Decimal::ZERO && given < amount {
            fixed_cart(amount - given, items);
        }
    } else {
        remainder(amount, items);
    }
}

/// Gives the odd minor units away, one for each piece, from the first line on.
fn remainder(amount: Decimal, items: &mut [Item]) {
    let mut rest = amount.to_u64().unwrap_or(0);
    for item in items.iter_mut() {
        let pieces = item.quantity.to_u64().unwrap_or(0);
        for _ in 0..pieces {
            if rest == 0 {
                return;
            }
            if item.left() >= Decimal::ONE {
                item.off += Decimal::ONE;
                rest -= 1;
            }
        }
    }
}
