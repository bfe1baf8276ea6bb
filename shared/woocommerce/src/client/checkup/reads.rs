//! One read for each fact.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;
use weir_domain::doctor::{Fact, Gateway, Sample, ShippingMethod, TaxRate, Unread};
use weir_domain::order::OrderStatus;
use weir_domain::ports::Webhook;
use weir_http::is_json;

use super::super::{Answer, PAGE, ShopClient, effect};
use crate::checkup::{self, NotRead, System};
use crate::webhooks::webhooks;

/// Pages of tax rates that are read: there are tables for every postcode.
const TAX_PAGES: u32 = 3;
/// Zones whose ways to ship are asked for, one request each.
const ZONES: usize = 50;

impl From<NotRead> for Unread {
    fn from(error: NotRead) -> Self {
        Self::Failed(error.to_string())
    }
}

/// How many there are in all, by the listing's header.
pub(super) fn total(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-wp-total")?.to_str().ok()?.trim().parse().ok()
}

/// What kept an answer from being read.
fn refused(status: StatusCode, Answer { headers, body }: &Answer) -> Option<Unread> {
    let code = effect::refusal(headers, body);
    match (status.as_u16(), is_json(headers)) {
        (200, true) => None,
        (401 | 403, true) => Some(Unread::Refused),
        // An unknown route, or a group of settings that a shop does not have.
        (404, true) if !code.is_empty() => Some(Unread::NotThere),
        (status, true) => Some(Unread::Failed(format!("status {status}"))),
        (status, false) => Some(Unread::Failed(format!("status {status} without JSON: a cache or firewall"))),
    }
}

impl ShopClient {
    /// One page of a listing, with the fields that are read.
    pub(super) fn page(&self, path: &[&str], page: u32, fields: &str) -> Url {
        let mut url = self.url(path);
        url.query_pairs_mut()
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string())
            .append_pair("_fields", fields);
        url
    }

    /// An answer that is what was asked for, as far as its status says.
    pub(super) async fn ask(&self, url: Url) -> Fact<Answer> {
        let (status, answer) = self.fetch(url).await.map_err(|error| Unread::Failed(error.to_string()))?;
        refused(status, &answer).map_or(Ok(answer), Err)
    }

    pub(super) async fn system(&self) -> Fact<System> {
        let mut url = self.url(&["system_status"]);
        // Of the environment only this: the rest makes the shop call others.
        url.query_pairs_mut().append_pair("_fields", "environment.version,settings");
        Ok(checkup::system(&self.ask(url).await?.body)?)
    }

    pub(super) async fn prices_include_tax(&self) -> Fact<bool> {
        let answer = self.ask(self.url(&["settings", "tax", "woocommerce_prices_include_tax"])).await?;
        Ok(checkup::setting(&answer.body)? == "yes")
    }

    pub(super) async fn statuses(&self) -> Fact<BTreeSet<OrderStatus>> {
        let described = self.described().await;
        let (status, answer) = described.map_err(|failure| Unread::Failed(failure.to_string()))?;
        refused(status, &answer).map_or(Ok(()), Err)?;
        Ok(checkup::statuses(&answer.body)?)
    }

    pub(super) async fn gateways(&self) -> Fact<Vec<Gateway>> {
        let mut url = self.url(&["payment_gateways"]);
        // Beside these an answer has the gateways' settings, keys among them.
        url.query_pairs_mut().append_pair("_fields", "id,enabled");
        Ok(checkup::gateways(&self.ask(url).await?.body)?)
    }

    pub(super) async fn shipping(&self) -> Fact<Vec<ShippingMethod>> {
        let zones = checkup::zones(&self.ask(self.url(&["shipping", "zones"])).await?.body)?;
        if zones.len() > ZONES {
            return Err(Unread::Failed(format!("it has {} zones, more than are asked for", zones.len())));
        }
        let mut all = Vec::new();
        for (id, name) in zones {
            let url = self.url(&["shipping", "zones", &id.to_string(), "methods"]);
            all.extend(checkup::methods(&name, &self.ask(url).await?.body)?);
        }
        Ok(all)
    }

    pub(super) async fn tax_rates(&self) -> Fact<Sample<TaxRate>> {
        let (mut seen, mut of) = (Vec::new(), None);
        for page in 1..=TAX_PAGES {
            let answer = self.ask(self.page(&["taxes"], page, "id,country,class,compound")).await?;
            let found = checkup::tax_rates(&answer.body)?;
            of = total(&answer.headers);
            let is_last = found.len() < PAGE;
            seen.extend(found);
            if is_last {
                break;
            }
        }
        Ok(Sample { seen, of })
    }

    pub(super) async fn all_webhooks(&self) -> Fact<Vec<Webhook>> {
        let mut all = Vec::new();
        for page in 1..=TAX_PAGES {
            let fields = "id,name,topic,delivery_url,status";
            let answer = self.ask(self.page(&["webhooks"], page, fields)).await?;
            let found = webhooks(&answer.body).map_err(|error| Unread::Failed(error.to_string()))?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}
