//! Queues and dead letters.

use jiff::Timestamp;
use serde::Serialize;
use weir_domain::hint::Hint;
use weir_domain::ports::{Letter, QueueDepth};
use weir_domain::stock::StockMoved;

use crate::Problem;
use crate::state::App;

/// A queue with some of its dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueuePage {
    /// How much lies in it.
    pub depth: QueueDepth,
    /// At most 10 of them; they stay where they are.
    pub letters: Vec<LetterView>,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterView {
    /// The platform's id of the message.
    pub id: String,
    /// What it says, in one sentence.
    pub says: String,
    /// The order it is about …
    pub order: Option<(String, u64)>,
    /// … or the items: the entity, and at most five codes.
    pub items: Option<(String, Vec<String>)>,
    /// When it was first sent.
    pub sent_at: Timestamp,
    /// Its text: which order or which items to look at, never data.
    pub body: String,
    /// By this it can be deleted, for some minutes.
    pub receipt: String,
}

/// All queues.
pub async fn queues(app: &App) -> Result<Vec<QueueDepth>, Problem> {
    Ok(app.queues.depths().await?)
}

/// One queue.
pub async fn queue(app: &App, name: &str) -> Result<QueuePage, Problem> {
    let depth = known(app, name).await?;
    let letters = app.queues.letters(&depth.queue).await?;
    Ok(QueuePage { depth, letters: letters.into_iter().map(letter_view).collect() })
}

/// A queue of this name.
pub(crate) async fn known(app: &App, name: &str) -> Result<QueueDepth, Problem> {
    let found = app.queues.depths().await?.into_iter().find(|depth| depth.queue == name);
    found.ok_or_else(|| Problem::not_found("There is no such queue."))
}

/// Items of one letter that are named.
const NAMED: usize = 5;

fn letter_view(letter: Letter) -> LetterView {
    let Letter { id, body, sent_at, receipt } = letter;
    let (mut order, mut items) = (None, None);
    let says = if let Ok(hint) = body.parse::<Hint>() {
        order = Some((hint.store.to_string(), hint.order.0));
        format!("Look at order {}.", hint.key())
    } else if let Ok(moved) = serde_json::from_str::<StockMoved>(&body) {
        let named = moved.skus.iter().take(NAMED).map(|sku| sku.0.clone()).collect();
        items = Some((moved.entity.to_string(), named));
        format!("Look at the stock of {} items of {}.", moved.skus.len(), moved.entity)
    } else {
        "This is no message of Weir's: read it, then delete it.".to_owned()
    };
    LetterView { id, says, order, items, sent_at, body, receipt }
}
