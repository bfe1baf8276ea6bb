//! Who bought, and where it goes. Company and person stay apart, and nothing
//! is corrected but the spelling of an e-mail address.

use weir_domain::Personal;
use weir_domain::config::StoreConfig;
use weir_domain::order::{Address, Customer};

use super::Unreadable;
use super::field::id;
use crate::wire::{Scalar, WireAddress, WireOrder, meta_text};

/// WooCommerce's own key; `yes` or `no`.
const VAT_EXEMPT: &str = "is_vat_exempt";

pub(super) fn customer(store: &StoreConfig, wire: &WireOrder) -> Result<Customer, Unreadable> {
    let email = wire.billing.email.text().trim().to_lowercase();
    let vat_id = store.vat_id_key.as_ref().and_then(|key| meta_text(&wire.meta_data, key));
    let exempt = meta_text(&wire.meta_data, VAT_EXEMPT);
    Ok(Customer {
        id: Some(id(&"customer_id", &wire.customer_id)?).filter(|id| *id != 0),
        email: Some(email).filter(|email| !email.is_empty()).map(Personal::new),
        vat_id: vat_id.map(|vat_id| Personal::new(vat_id.trim().to_owned())),
        vat_exempt: exempt.as_deref() == Some("yes"),
    })
}

pub(super) fn address(wire: &WireAddress) -> Address {
    let personal = |field: &Scalar| Personal::new(field.text());
    Address {
        first_name: personal(&wire.first_name),
        last_name: personal(&wire.last_name),
        company: personal(&wire.company),
        line_1: personal(&wire.address_1),
        line_2: personal(&wire.address_2),
        city: personal(&wire.city),
        postcode: personal(&wire.postcode),
        state: wire.state.text(),
        country: wire.country.text(),
        phone: personal(&wire.phone),
    }
}

/// An order without anything to deliver has an address of empty fields.
pub(super) fn delivery(wire: &WireAddress) -> Option<Address> {
    let fields = [
        &wire.first_name,
        &wire.last_name,
        &wire.company,
        &wire.address_1,
        &wire.address_2,
        &wire.city,
        &wire.postcode,
        &wire.state,
        &wire.country,
        &wire.phone,
    ];
    let blank = fields.iter().all(|field| field.text().trim().is_empty());
    (!blank).then(|| address(wire))
}
