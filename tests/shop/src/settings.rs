//! Settings, system status, the API index: what a doctor reads.

use serde_json::{Map, Value, json};

use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::order_json::VERSION;
use crate::shop::Shop;
use crate::validate;

/// Currencies the shop knows.
pub(crate) const CURRENCIES: [&str; 163] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD",
    "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTC", "BTN", "BWP", "BYR", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLP", "CNY", "COP", "CRC", "CUC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB",
    "EUR", "FJD", "FKP", "GBP", "GEL", "GGP", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK",
    "HTG", "HUF", "IDR", "ILS", "IMP", "INR", "IQD", "IRR", "IRT", "ISK", "JEP", "JMD", "JOD", "JPY", "KES",
    "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD",
    "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PRB", "PYG", "QAR", "RON",
    "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLL", "SOS", "SRD", "SSP", "STN",
    "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU",
    "UZS", "VEF", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
];

/// Sign of a currency as text.
pub(crate) fn currency_symbol(code: &str) -> &str {
    match code {
        "EUR" => "€",
        "USD" | "AUD" | "CAD" | "NZD" | "MXN" | "SGD" | "HKD" => "$",
        "GBP" => "£",
        "JPY" | "CNY" => "¥",
        "PLN" => "zł",
        "CZK" => "Kč",
        "SEK" | "NOK" => "kr",
        "DKK" => "kr.",
        "HUF" => "Ft",
        other => other,
    }
}

/// Sign of a currency as HTML.
pub(crate) fn currency_entity(code: &str) -> &str {
    match currency_symbol(code) {
        "€" => "&euro;",
        "$" => "&#36;",
        "£" => "&pound;",
        "¥" => "&yen;",
        other => other,
    }
}

/// Group, id, label, type and default of the settings that can be read.
const SETTINGS: [(&str, &str, &str, &str, &str); 8] = [
    ("general", "woocommerce_currency", "Currency", "select", "USD"),
    ("general", "woocommerce_price_num_decimals", "Number of decimals", "number", "2"),
    ("general", "woocommerce_calc_taxes", "Enable taxes", "checkbox", "no"),
    ("general", "woocommerce_default_country", "Country / State", "select", "US:CA"),
    ("general", "woocommerce_price_thousand_sep", "Thousand separator", "text", ","),
    ("general", "woocommerce_price_decimal_sep", "Decimal separator", "text", "."),
    ("tax", "woocommerce_prices_include_tax", "Prices entered with tax", "radio", "no"),
    ("tax", "woocommerce_tax_round_at_subtotal", "Rounding", "checkbox", "no"),
];

fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

impl Shop {
    /// `GET /settings/{group}/{id}`.
    pub(crate) fn get_setting(&self, group: &str, id: &str) -> ApiResult<Doc> {
        let found = SETTINGS.iter().find(|s| s.0 == group && s.1 == id);
        found
            .map(|s| self.setting_doc(s))
            .ok_or_else(|| ApiError::new(404, "rest_setting_setting_invalid", "Invalid setting."))
    }

    /// `GET /settings/{group}`.
    pub(crate) fn list_settings(&self, group: &str) -> ApiResult<Doc> {
        if !SETTINGS.iter().any(|s| s.0 == group) {
            let message = "Invalid setting group.";
            return Err(ApiError::new(404, "rest_setting_setting_group_invalid", message));
        }
        Ok(SETTINGS.iter().filter(|s| s.0 == group).map(|s| self.setting_doc(s)).collect())
    }

    /// `PUT /settings/{group}/{id}`.
    pub(crate) fn put_setting(&mut self, group: &str, id: &str, body: &Map<String, Value>) -> ApiResult<Doc> {
        let value = body.get("value").and_then(validate::text).unwrap_or_default();
        let bad = || ApiError::new(400, "rest_setting_value_invalid", "An invalid setting value was passed.");
        match id {
            "woocommerce_currency" if CURRENCIES.contains(&value.as_str()) => {
                self.config.currency = value;
            }
            "woocommerce_price_num_decimals" => {
                self.config.decimals = value.parse().ok().filter(|d| *d <= 6).ok_or_else(bad)?;
            }
            "woocommerce_prices_include_tax" if matches!(value.as_str(), "yes" | "no") => {
                self.config.prices_include_tax = value == "yes";
            }
            "woocommerce_tax_round_at_subtotal" if matches!(value.as_str(), "yes" | "no") => {
                self.config.round_at_subtotal = value == "yes";
            }
            _ => return Err(bad()),
        }
        self.get_setting(group, id)
    }

    fn setting_value(&self, id: &str) -> String {
        match id {
            "woocommerce_currency" => self.config.currency.clone(),
            "woocommerce_price_num_decimals" => self.config.decimals.to_string(),
            "woocommerce_calc_taxes" => yes_no(!self.rates.is_empty()),
            "woocommerce_default_country" => self.config.base_country.clone(),
            "woocommerce_price_thousand_sep" => ",".to_owned(),
            "woocommerce_price_decimal_sep" => ".".to_owned(),
            "woocommerce_prices_include_tax" => yes_no(self.config.prices_include_tax),
            _ => yes_no(self.config.round_at_subtotal),
        }
    }

    fn setting_doc(&self, setting: &(&str, &str, &str, &str, &str)) -> Doc {
        let (group, id, label, kind, default) = *setting;
        let description = match id {
            "woocommerce_currency" => {
                "This controls what currency prices are listed at in the catalog and which \
                 currency gateways will take payments in."
            }
            "woocommerce_price_num_decimals" => {
                "This sets the number of decimal points shown in displayed prices."
            }
            _ => "",
        };
        let mut doc = obj! {
            "id" => id,
            "label" => label,
            "description" => description,
            "type" => kind,
            "default" => default,
        };
        match id {
            "woocommerce_currency" => {
                let label = |code: &&str| format!("{code} ({})", currency_entity(code));
                let options: Map<String, Value> =
                    CURRENCIES.iter().map(|c| ((*c).to_owned(), json!(label(c)))).collect();
                doc.push("options", options);
            }
            "woocommerce_prices_include_tax" => doc.push(
                "options",
                json!({
                    "yes": "Yes, I will enter prices inclusive of tax",
                    "no": "No, I will enter prices exclusive of tax",
                }),
            ),
            _ => {}
        }
        let base = format!("{}/wp-json/wc/v3/settings/{group}", self.site);
        let tip = if id == "woocommerce_prices_include_tax" {
            "This option is important as it will affect how you input prices. Changing it will \
             not update existing products."
        } else {
            description
        };
        doc.push("tip", tip);
        doc.push("value", self.setting_value(id));
        doc.push("group_id", group);
        doc.push(
            "_links",
            json!({
                "self": [{ "href": format!("{base}/{id}") }],
                "collection": [{ "href": base }],
            }),
        );
        doc
    }

    /// `GET /system_status`.
    pub(crate) fn system_status(&self) -> Doc {
        let store = "Automattic\\WooCommerce\\Internal\\DataStores\\Orders\\OrdersTableDataStore";
        let kinds = json!({
            "external": "external", "grouped": "grouped", "simple": "simple", "variable": "variable",
        });
        let terms: Map<String, Value> = [
            "exclude-from-catalog",
            "exclude-from-search",
            "featured",
            "outofstock",
            "rated-1",
            "rated-2",
            "rated-3",
            "rated-4",
            "rated-5",
        ]
        .iter()
        .map(|term| ((*term).to_owned(), json!(term)))
        .collect();
        obj! {
            "environment" => json!({
                "home_url": self.site,
                "site_url": self.site,
                "version": VERSION,
                "wp_version": "6.4.1",
                "php_version": "8.2.36",
                "secure_connection": self.config.tls_seen,
            }),
            "settings" => json!({
                "api_enabled": false,
                "force_ssl": false,
                "currency": self.config.currency,
                "currency_symbol": currency_entity(&self.config.currency),
                "currency_position": "left",
                "thousand_separator": ",",
                "decimal_separator": ".",
                "number_of_decimals": self.config.decimals,
                "geolocation_enabled": false,
                "taxonomies": kinds,
                "product_visibility_terms": terms,
                "woocommerce_com_connected": "no",
                "enforce_approved_download_dirs": true,
                "order_datastore": if self.config.hpos { store } else { "WC_Order_Data_Store_CPT" },
                "HPOS_feature_screen_enabled": true,
                "HPOS_enabled": self.config.hpos,
                "HPOS_sync_enabled": false,
            }),
        }
    }

    /// `GET /wp-json/`: name, zone and what the site can do.
    pub(crate) fn index(&self) -> Doc {
        obj! {
            "name" => "Stand-in shop",
            "description" => "",
            "url" => self.site.clone(),
            "home" => self.site.clone(),
            "gmt_offset" => self.zone.gmt_offset(),
            "timezone_string" => "",
            "namespaces" => json!(["oembed/1.0", "wc/v3", "wp/v2"]),
            "authentication" => json!([]),
            "routes" => json!({}),
        }
    }
}
