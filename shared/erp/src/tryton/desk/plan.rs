//! What [`create`](weir_domain::ports::Erp::create) and
//! [`confirm`](weir_domain::ports::Erp::confirm) would send. It is made by the
//! same look-ups and of the same records as they send; nothing is written.
//!
//! What only Tryton's answers decide is not in it: a second attempt without an
//! e-mail address, a VAT type, a phone or a state that Tryton refuses, and the
//! lines that make sums exact, which depend on what Tryton makes of the sale.

use serde_json::Value;
use weir_domain::outcome::CallError;
use weir_domain::ports::PlannedRequest;
use weir_domain::sales::SalesOrder;

use super::super::Tryton;
use super::super::address::{ADDRESS, ADDRESS_FIELDS, Postal, WireAddress};
use super::super::client::{Client, Write};
use super::super::party::{Buyer, PARTY, party_fields};
use super::super::sale::{Named, SALE, record, sale_fields};
use super::super::wire::Ref;
use super::super::workflow::buttons;
use super::mask::masked;

const NEW_PARTY: Ref = Ref::Made("(id of the party above)");
const NEW_INVOICE_ADDRESS: Ref = Ref::Made("(id of the invoice address above)");
const NEW_DELIVERY_ADDRESS: Ref = Ref::Made("(id of the delivery address above)");
const NEW_SALE: Ref = Ref::Made("(id of the sale above)");

/// Requests, in the order in which they would be sent.
struct Plan<'a> {
    client: &'a Client,
    requests: Vec<PlannedRequest>,
}

impl Plan<'_> {
    fn create(&mut self, model: &str, record: &Value, fields: &[&str]) {
        self.add(Write::create(model, &masked(record), fields));
    }

    fn add(&mut self, write: Write<'_>) {
        self.requests.push(self.client.planned(write));
    }
}

impl Tryton {
    pub(super) async fn planned_requests(
        &self,
        order: &SalesOrder,
    ) -> Result<Vec<PlannedRequest>, CallError> {
        let mut plan = Plan { client: &self.client, requests: Vec::new() };
        let web_shop = self.web_shop(&order.key)?;
        let lines = self.lines(order).await?;
        let named = self.plan_named(order, &mut plan).await?;
        let header = self.header_of(order, &named).await?;
        plan.create(SALE, &record(order, web_shop, header, &lines), &sale_fields());
        for button in buttons(order.release) {
            plan.add(Write::press(SALE, NEW_SALE, button, &sale_fields()));
        }
        Ok(plan.requests)
    }

    /// The records that the header names, and what makes those that are not
    /// there.
    async fn plan_named(&self, order: &SalesOrder, plan: &mut Plan<'_>) -> Result<Named, CallError> {
        let currency = self.lookups.currency(&self.client, order.totals.currency).await?;
        let (party, known) = self.plan_party(order, plan).await?;
        let billing = Postal::of(&order.billing);
        let delivery = Postal::of(&order.delivery);
        let (invoice, says_both) = if let Some(id) = stored(&known, &billing) {
            (id, false)
        } else {
            let has_state = self.plan_address(party, &billing, plan).await?;
            (NEW_INVOICE_ADDRESS, billing.is_said_by(&delivery, has_state))
        };
        let shipment = match stored(&known, &delivery) {
            Some(id) => id,
            None if says_both => invoice,
            None => {
                self.plan_address(party, &delivery, plan).await?;
                NEW_DELIVERY_ADDRESS
            }
        };
        Ok(Named { currency, party, invoice, shipment })
    }

    /// Who buys, with the addresses that Tryton knows.
    async fn plan_party(
        &self,
        order: &SalesOrder,
        plan: &mut Plan<'_>,
    ) -> Result<(Ref, Vec<WireAddress>), CallError> {
        let buyer = Buyer::of(order);
        let known = match &order.origin {
            Some(origin) => Some(self.buyer_of(origin).await?),
            None => self.known_party(&buyer).await?,
        };
        if let Some(party) = known {
            return Ok((Ref::Is(party.id), party.addresses));
        }
        if let Some(record) = buyer.records().first() {
            plan.create(PARTY, record, &party_fields());
        }
        Ok((NEW_PARTY, Vec::new()))
    }

    /// Whether it names a state that Tryton knows.
    async fn plan_address(
        &self,
        party: Ref,
        postal: &Postal,
        plan: &mut Plan<'_>,
    ) -> Result<bool, CallError> {
        let (record, _) = self.address_records(party, postal).await?;
        plan.create(ADDRESS, &record, &ADDRESS_FIELDS);
        Ok(!record["subdivision"].is_null())
    }
}

fn stored(known: &[WireAddress], postal: &Postal) -> Option<Ref> {
    known.iter().find(|address| address.says(postal)).map(|address| Ref::Is(address.id))
}
