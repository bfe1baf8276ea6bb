//! Which items moved: a [`feed`] over Tryton's moves.
//!
//! A move that is deleted, not cancelled, is not seen: the nightly full pass
//! finds it.
//!
//! [`feed`]: super::super::feed

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;
use weir_domain::ports::ItemPage;

use super::super::Tryton;
use super::super::client::Query;
use super::super::feed::{self, By, Change, Dates, Pass};
use super::MOVE;

/// Moves a call, some 200 bytes each.
const MOVES_PER_CALL: usize = 500;

type Feed = feed::Feed<By>;
type Round = feed::Round<By>;

/// A move, as far as the feed needs it.
#[derive(Debug, Clone, Deserialize)]
struct Move {
    id: u64,
    product: Product,
    #[serde(flatten)]
    dates: Dates,
}

#[derive(Debug, Clone, Deserialize)]
struct Product {
    code: Option<String>,
}

impl From<Move> for Change<Sku> {
    /// A product without a code is nobody's item.
    fn from(one: Move) -> Self {
        let of = one.product.code.into_iter().map(Sku).collect();
        Self { id: one.id, key: one.id, dates: one.dates, of }
    }
}

impl Tryton {
    pub(super) async fn moved_items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        let Some(Ok(feed)) = cursor.map(serde_json::from_str::<Feed>) else {
            let youngest = self.youngest(MOVE, By::Created).await?;
            let youngest = youngest.max(self.youngest(MOVE, By::Written).await?);
            let feed = Feed::anew(youngest, self.client.now(), self.longest_transaction, cursor.is_some());
            return Ok(ItemPage { skus: Vec::new(), next: feed.cursor()?, more: cursor.is_some() });
        };
        let mut pass = Pass::begin(feed, self.client.now(), self.longest_transaction);
        let more = loop {
            let page = self.changes(pass.round()).await?;
            if let Some(more) = pass.take(&page, MOVES_PER_CALL, self.client.now()) {
                break more;
            }
        };
        let (skus, next) = pass.end()?;
        Ok(ItemPage { skus: skus.into_iter().collect(), next, more })
    }

    async fn changes(&self, round: &Round) -> Result<Vec<Change<Sku>>, CallError> {
        let query = Query {
            domain: domain(round, self.config.company),
            fields: &["product.code", By::Created.field(), By::Written.field()],
            order: round.order(),
            limit: MOVES_PER_CALL,
            context: Value::Null,
        };
        let moves: Vec<Move> = self.client.query(MOVE, &query).await?;
        Ok(moves.into_iter().map(Change::from).collect())
    }
}

fn domain(round: &Round, company: u64) -> Value {
    json!([["company", "=", company], round.rest()])
}
