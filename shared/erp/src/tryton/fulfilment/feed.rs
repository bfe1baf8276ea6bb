//! Orders of which something may have left, come back or been cancelled: a
//! [`feed`] over the records that say so, as far as they say it now.
//!
//! - sales of ours that were cancelled;
//! - shipments that left, or were cancelled;
//! - packages of shipments that left: their numbers are corrected later;
//! - return sales whose goods are back, or are not after all.
//!
//! What a new order writes is none of it. A return shipment is none either:
//! when the last one is received Tryton writes that into the return sale.
//!
//! [`feed`]: super::super::feed

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::id::OrderKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::ChangedOrders;

use super::super::Tryton;
use super::super::client::{Query, Unread};
use super::super::feed::{self, By, Change, Dates, Pass, Stream};
use super::super::keys::WebKey;
use super::super::sale::SALE;
use super::super::stock::MOVE;
use super::super::wire::Shown;
use super::shipments::{PACKAGE, SHIPMENT, reference};

/// Records a call; a shipment with its moves is some 1,000 bytes. Fewer where
/// shipments are so large that these are no answer.
const RECORDS_PER_CALL: usize = 200;

/// What a round reads, in turn. States change by a write; only a package says
/// something new by being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Sales,
    Shipments,
    NewPackages,
    Packages,
}

impl Stream for Source {
    const FIRST: Self = Self::Sales;

    fn following(self) -> Option<Self> {
        match self {
            Self::Sales => Some(Self::Shipments),
            Self::Shipments => Some(Self::NewPackages),
            Self::NewPackages => Some(Self::Packages),
            Self::Packages => None,
        }
    }

    fn by(self) -> By {
        match self {
            Self::NewPackages => By::Created,
            Self::Sales | Self::Shipments | Self::Packages => By::Written,
        }
    }
}

impl Source {
    fn model(self) -> &'static str {
        match self {
            Self::Sales => SALE,
            Self::Shipments => SHIPMENT,
            Self::NewPackages | Self::Packages => PACKAGE,
        }
    }

    /// Records of several models have the same ids, and may be of one instant.
    fn key(self, id: u64) -> u64 {
        let model = match self {
            Self::Sales => 0,
            Self::Shipments => 1,
            Self::NewPackages | Self::Packages => 2,
        };
        id.saturating_mul(4).saturating_add(model)
    }
}

type Feed = feed::Feed<Source>;
type Round = feed::Round<Source>;

/// A record of any of them, with what says whose it is.
#[derive(Deserialize)]
struct Record<T> {
    id: u64,
    #[serde(flatten)]
    dates: Dates,
    #[serde(flatten)]
    of: T,
}

#[derive(Deserialize)]
struct Sale {
    #[serde(flatten)]
    key: WebKey,
    /// Of a return sale: `sale.sale,17`.
    origin: Option<String>,
}

#[derive(Deserialize)]
struct Shipment {
    #[serde(default)]
    outgoing_moves: Shown<Vec<Move>>,
}

#[derive(Deserialize)]
struct Move {
    #[serde(default)]
    sale: Shown<WebKey>,
}

#[derive(Deserialize)]
struct Package {
    /// E.g. `stock.shipment.out,17`.
    shipment: Option<String>,
}

/// What to read of a shipment to know whose it is.
const SHIPMENT_FIELDS: [&str; 2] = ["outgoing_moves.sale.web_shop", "outgoing_moves.sale.web_id"];

impl Tryton {
    pub(in crate::tryton) async fn orders_changed(
        &self,
        cursor: Option<&str>,
    ) -> Result<ChangedOrders, CallError> {
        let Some(Ok(feed)) = cursor.map(serde_json::from_str::<Feed>) else {
            let youngest = self.youngest_of_all().await?;
            let feed = Feed::anew(youngest, self.client.now(), self.longest_transaction, cursor.is_some());
            return Ok(ChangedOrders { orders: Vec::new(), next: feed.cursor()?, more: cursor.is_some() });
        };
        let mut pass = Pass::begin(feed, self.client.now(), self.longest_transaction);
        let mut limit = RECORDS_PER_CALL;
        let more = loop {
            match self.changed_of(pass.round(), limit).await {
                Ok(page) => {
                    if let Some(more) = pass.take(&page, limit, self.client.now()) {
                        break more;
                    }
                }
                // The same again would be too large for ever.
                Err(Unread::TooLarge(_)) if limit > 1 => limit /= 2,
                Err(unread) => return Err(unread.error()),
            }
        };
        let (orders, next) = pass.end()?;
        Ok(ChangedOrders { orders: orders.into_iter().collect(), next, more })
    }

    async fn youngest_of_all(&self) -> Result<Timestamp, CallError> {
        let mut youngest = Timestamp::UNIX_EPOCH;
        let mut source = Some(Source::FIRST);
        while let Some(one) = source {
            if self.keeps(one).await? {
                youngest = youngest.max(self.youngest(one.model(), one.by()).await?);
            }
            source = one.following();
        }
        Ok(youngest)
    }

    /// Packages are a module's.
    async fn keeps(&self, source: Source) -> Result<bool, CallError> {
        Ok(source.model() != PACKAGE || self.extras().await?.packages)
    }

    async fn changed_of(&self, round: &Round, limit: usize) -> Result<Vec<Change<OrderKey>>, Unread> {
        match round.stream {
            Source::Sales => self.changed_sales(round, limit).await,
            Source::Shipments => self.changed_shipments(round, limit).await,
            source if self.keeps(source).await? => self.changed_packages(round, limit).await,
            Source::NewPackages | Source::Packages => Ok(Vec::new()),
        }
    }

    async fn changed_sales(&self, round: &Round, limit: usize) -> Result<Vec<Change<OrderKey>>, Unread> {
        let shops: BTreeSet<u64> = self.config.web_shops.values().copied().collect();
        let which = json!([
            "OR",
            [["web_shop", "in", shops], ["state", "=", "cancelled"]],
            [
                ["origin", "like", format!("{SALE},%")],
                ["OR", ["web_id", "=", null], ["web_id", "=", ""]],
                ["OR", ["state", "=", "cancelled"], ["shipment_state", "in", ["sent", "exception"]]],
            ],
        ]);
        let fields = ["web_shop", "web_id", "origin"];
        let sales: Vec<Record<Sale>> = self.records(round, limit, &[which], &fields).await?;
        let origin = |sale: &Sale| reference(sale.origin.as_deref()?, SALE);
        let origins: BTreeSet<u64> = sales.iter().filter_map(|sale| origin(&sale.of)).collect();
        let origins = self.sales_by_id(&origins).await?;
        let change = |sale: Record<Sale>| {
            let origin = origin(&sale.of).and_then(|origin| origins.get(&origin));
            let keys = [Some(&sale.of.key), origin].into_iter().flatten();
            let of = keys.flat_map(|key| key.orders(&self.config)).collect();
            sale.change(round.stream, of)
        };
        Ok(sales.into_iter().map(change).collect())
    }

    async fn sales_by_id(&self, ids: &BTreeSet<u64>) -> Result<BTreeMap<u64, WebKey>, CallError> {
        #[derive(Deserialize)]
        struct Found {
            id: u64,
            #[serde(flatten)]
            key: WebKey,
        }
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let domain = json!([["id", "in", ids]]);
        let found: Vec<Found> = self.client.search(SALE, &domain, &["web_shop", "web_id"], ids.len()).await?;
        Ok(found.into_iter().map(|found| (found.id, found.key)).collect())
    }

    async fn changed_shipments(&self, round: &Round, limit: usize) -> Result<Vec<Change<OrderKey>>, Unread> {
        let which = json!(["state", "in", ["shipped", "done", "cancelled"]]);
        let shipments: Vec<Record<Shipment>> = self.records(round, limit, &[which], &SHIPMENT_FIELDS).await?;
        shipments
            .into_iter()
            .map(|shipment| {
                let of = self.orders_of(&shipment.of)?;
                Ok(shipment.change(round.stream, of))
            })
            .collect()
    }

    async fn changed_packages(&self, round: &Round, limit: usize) -> Result<Vec<Change<OrderKey>>, Unread> {
        let packages: Vec<Record<Package>> = self.records(round, limit, &[], &["shipment"]).await?;
        let shipment = |package: &Package| reference(package.shipment.as_deref()?, SHIPMENT);
        let ids: BTreeSet<u64> = packages.iter().filter_map(|package| shipment(&package.of)).collect();
        let gone = self.gone(&ids).await?;
        let change = |package: Record<Package>| {
            let of = shipment(&package.of).and_then(|shipment| gone.get(&shipment)).cloned();
            package.change(round.stream, of.unwrap_or_default())
        };
        Ok(packages.into_iter().map(change).collect())
    }

    /// The orders of those of these shipments that have left. A package before
    /// that is none of the customer's business.
    async fn gone(&self, ids: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<OrderKey>>, Unread> {
        #[derive(Deserialize)]
        struct Found {
            id: u64,
            #[serde(flatten)]
            shipment: Shipment,
        }
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let query = Query {
            domain: json!([["id", "in", ids], ["state", "in", ["shipped", "done"]]]),
            fields: &SHIPMENT_FIELDS,
            order: Value::Null,
            limit: ids.len(),
            context: Value::Null,
        };
        let found: Vec<Found> = self.client.query_fitting(SHIPMENT, &query).await?;
        found.iter().map(|found| Ok((found.id, self.orders_of(&found.shipment)?))).collect()
    }

    /// Whose goods are in a shipment.
    fn orders_of(&self, shipment: &Shipment) -> Result<Vec<OrderKey>, CallError> {
        let mut orders = BTreeSet::new();
        for one in shipment.outgoing_moves.all(MOVE)? {
            if let Some(sale) = one.sale.of(SALE)? {
                orders.extend(sale.orders(&self.config));
            }
        }
        Ok(orders.into_iter().collect())
    }

    async fn records<T: DeserializeOwned>(
        &self,
        round: &Round,
        limit: usize,
        which: &[Value],
        fields: &[&str],
    ) -> Result<Vec<Record<T>>, Unread> {
        let mut domain = vec![json!(["company", "=", self.config.company]), round.rest()];
        domain.extend_from_slice(which);
        let fields = [fields, &[By::Created.field(), By::Written.field()]].concat();
        let query = Query {
            domain: domain.into(),
            fields: &fields,
            order: round.order(),
            limit,
            context: Value::Null,
        };
        self.client.query_fitting(round.stream.model(), &query).await
    }
}

impl<T> Record<T> {
    fn change(self, source: Source, of: Vec<OrderKey>) -> Change<OrderKey> {
        Change { id: self.id, key: source.key(self.id), dates: self.dates, of }
    }
}
