//! What Tryton has booked: sales and credits by the orders they are of.
//!
//! A sale is an order's if its web shop is the store's and its `web_id` one of
//! the order's references. One that is nobody's and carries the order's number
//! as its `reference`, as our own do, was made by hand.

mod document;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedDocument, BookedPage, BookedQuery, ErpBooks};

use super::Tryton;
use super::client::{Query, Unread};
use super::feed::PAGE;
use super::keys::WebKey;
use super::sale::SALE;
use super::wire::{WireInstant, clean};
use document::{BookedSale, booked_fields};

/// Sales a call; with five lines each some 4,000 bytes. Fewer where sales are
/// so large that these are no answer.
const SALES_PER_CALL: usize = 250;

type Booked = BTreeMap<OrderKey, Vec<BookedDocument>>;

#[async_trait]
impl ErpBooks for Tryton {
    async fn booked(&self, orders: &[BookedQuery]) -> Result<Booked, CallError> {
        let mut by_store: BTreeMap<&StoreId, Vec<&BookedQuery>> = BTreeMap::new();
        for query in orders {
            by_store.entry(&query.order.store).or_default().push(query);
        }
        let mut booked = Booked::new();
        for (store, orders) in by_store {
            for orders in orders.chunks(PAGE) {
                self.booked_of(store, orders, &mut booked).await?;
            }
        }
        Ok(booked)
    }

    async fn booked_since(
        &self,
        store: &StoreId,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<BookedPage, CallError> {
        self.made_since(store, since, cursor).await
    }
}

/// The orders of a store that are asked for.
struct Wanted<'a> {
    store: &'a StoreId,
    web_shop: u64,
    orders: &'a [&'a BookedQuery],
}

impl Wanted<'_> {
    /// Everything that may be one of the orders'. A reference is digits, then
    /// a point: nothing in it means anything to `like`.
    fn domain(&self, company: u64, after: u64) -> Value {
        let first: Vec<String> = self.orders.iter().map(|query| query.order.order.to_string()).collect();
        let mut keys = vec![json!("OR"), json!(["web_id", "in", first])];
        keys.extend(first.iter().map(|first| json!(["web_id", "like", format!("{first}.%")])));
        let numbers: Vec<String> = self.orders.iter().map(|query| clean(&query.number)).collect();
        json!([
            ["company", "=", company],
            ["id", ">", after],
            ["OR", [["web_shop", "=", self.web_shop], keys], ["reference", "in", numbers],],
        ])
    }

    /// Adds a sale to what is known of the orders that it is of: of one, by
    /// its key; of each that has its number, if it is nobody's.
    fn take(&self, sale: &BookedSale, rounding: &str, booked: &mut Booked) -> Result<(), CallError> {
        let key = sale.key.document(self.store).filter(|_| sale.key.web_shop == Some(self.web_shop));
        if key.is_none() && !sale.key.could_be(self.web_shop) {
            return Ok(());
        }
        let number = sale.number_of_the_order();
        let is_meant = |query: &&&BookedQuery| match &key {
            Some(key) => query.order == key.order,
            None => clean(&query.number) == number,
        };
        for query in self.orders.iter().filter(is_meant) {
            let document = sale.booked(key.clone(), rounding)?;
            booked.entry(query.order.clone()).or_default().push(document);
        }
        Ok(())
    }
}

impl WebKey {
    /// Whether a sale that is nobody's may have been meant for a web shop.
    fn could_be(&self, web_shop: u64) -> bool {
        self.is_nobodys() && self.web_shop.is_none_or(|own| own == web_shop)
    }
}

impl Tryton {
    /// One store's, at most [`PAGE`]: the question is in one request, and the
    /// answer in as many as it needs.
    async fn booked_of(
        &self,
        store: &StoreId,
        orders: &[&BookedQuery],
        booked: &mut Booked,
    ) -> Result<(), CallError> {
        let wanted = Wanted { store, web_shop: self.web_shop_of(store)?, orders };
        let fields = booked_fields();
        let (mut after, mut limit) = (0, SALES_PER_CALL);
        loop {
            let query = Query {
                domain: wanted.domain(self.config.company, after),
                fields: &fields,
                order: json!([["id", "ASC"]]),
                limit,
                context: Value::Null,
            };
            let sales: Vec<BookedSale> = match self.client.query_in_body(SALE, &query).await {
                Ok(sales) => sales,
                Err(Unread::TooLarge(_)) if limit > 1 => {
                    limit /= 2;
                    continue;
                }
                Err(error) => return Err(error.error()),
            };
            for sale in &sales {
                wanted.take(sale, &self.config.rounding.item, booked)?;
            }
            match sales.last() {
                Some(last) if sales.len() >= limit => after = last.head.id,
                _ => return Ok(()),
            }
        }
    }

    /// A walk by id. `create_date` is when a transaction began, by Tryton's
    /// clock; who asks from a time goes back far enough for both.
    async fn made_since(
        &self,
        store: &StoreId,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<BookedPage, CallError> {
        #[derive(Default, Serialize, Deserialize)]
        struct Walk {
            after: u64,
        }
        #[derive(Deserialize)]
        struct Made {
            id: u64,
            #[serde(flatten)]
            key: WebKey,
        }
        // One that cannot be read begins anew: nothing is left out.
        let Walk { after } = cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default();
        let query = Query {
            domain: json!([
                ["web_shop", "=", self.web_shop_of(store)?],
                ["web_id", "!=", null],
                ["create_date", ">=", WireInstant(since)],
                ["id", ">", after],
            ]),
            fields: &["web_shop", "web_id"],
            order: json!([["id", "ASC"]]),
            limit: PAGE,
            context: Value::Null,
        };
        let found: Vec<Made> = self.client.query(SALE, &query).await?;
        let next = serde_json::to_string(&Walk { after: found.last().map_or(after, |last| last.id) });
        let next = next.map_err(|_| CallError::unknown("the walk's cursor could not be written"))?;
        let mut orders: Vec<OrderKey> =
            found.iter().filter_map(|made| made.key.document(store)).map(|document| document.order).collect();
        orders.sort();
        orders.dedup();
        Ok(BookedPage { orders, next, more: found.len() >= PAGE })
    }
}
