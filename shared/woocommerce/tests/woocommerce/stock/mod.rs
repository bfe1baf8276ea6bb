//! The stock side: products and sales as they are read, quantities as they
//! are written.

mod adjust;
mod read;
mod recordings;
mod sales;
mod samples;

use rust_decimal::Decimal;
use serde_json::Value;
use weir_domain::ports::{Adjusted, Adjustment, Change, Managed, ShopProduct, ShopSale};

fn by(id: u64, delta: &str) -> Adjustment {
    Adjustment { id, parent: None, change: Change::By(delta.parse().unwrap()) }
}

fn to(id: u64, quantity: &str) -> Adjustment {
    Adjustment { id, parent: None, change: Change::To(quantity.parse().unwrap()) }
}

fn decimal(number: &Value) -> Option<Decimal> {
    number.is_number().then(|| number.to_string().parse().unwrap())
}

/// `601 "LAMP-1" 12, backorders`.
fn shown(product: &ShopProduct) -> String {
    let parent = product.parent.map(|parent| format!("{parent}/")).unwrap_or_default();
    let quantity = product.quantity.map_or_else(|| "?".to_owned(), |quantity| quantity.to_string());
    let stock = match product.managed {
        Managed::Yes => quantity,
        Managed::No => format!("not managed {quantity}"),
        Managed::AtParent => format!("the parent's {quantity}"),
    };
    let backorders = if product.backorders { ", backorders" } else { "" };
    format!("{parent}{} {:?} {stock}{backorders}", product.id, product.sku)
}

fn shown_echo(adjusted: &Adjusted) -> String {
    match adjusted {
        Adjusted::Now(product) => shown(product),
        Adjusted::Refused { code, status } => format!("refused: {code} ({status})"),
        Adjusted::Impossible => "impossible".to_owned(),
    }
}

/// `7101 processing: 1 601/0 "LAMP-1" 2 of 2; …`, the reduction first.
fn shown_sale(sale: &ShopSale) -> String {
    let lines = sale.lines.iter().map(|line| {
        let reduced = line.reduced.map_or_else(|| "?".to_owned(), |reduced| reduced.to_string());
        let sku = line.product.sku.as_ref().map(|sku| sku.0.as_str()).unwrap_or_default();
        let product = &line.product;
        format!(
            "{} {}/{} {sku:?} {reduced} of {}",
            line.id, product.product, product.variation, line.quantity
        )
    });
    let lines: Vec<String> = lines.collect();
    let seconds = sale.modified_at.duration_since(sale.placed_at).as_secs();
    format!("{} {} after {seconds} s: {}", sale.order, sale.status, lines.join("; ")).trim_end().to_owned()
}
