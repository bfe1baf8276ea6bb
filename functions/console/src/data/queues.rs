//! Queues and dead letters.

use futures::future::join_all;
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
    /// Some are missing here: somebody looks at them, and they are hidden for
    /// some seconds.
    pub some_hidden: bool,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterView {
    /// The platform's id of the message: by this it is deleted.
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
}

/// All queues.
pub async fn queues(app: &App) -> Result<Vec<QueueDepth>, Problem> {
    Ok(app.queues.depths().await?)
}

/// All queues; `None` where they do not answer: what does not answer is said
/// so, and hides nothing else.
pub async fn depths(app: &App) -> Option<Vec<QueueDepth>> {
    match app.queues.depths().await {
        Ok(depths) => Some(depths),
        Err(error) => {
            tracing::error!(%error, "the queues' depths cannot be had");
            None
        }
    }
}

/// One queue.
pub async fn queue(app: &App, name: &str) -> Result<QueuePage, Problem> {
    letters(app, known(app, name).await?).await
}

/// The letters of a queue whose depth is known.
pub async fn letters(app: &App, depth: QueueDepth) -> Result<QueuePage, Problem> {
    let found = app.queues.letters(&depth.queue).await?;
    let letters: Vec<LetterView> =
        found.into_iter().map(|letter| letter_view(&depth.queue, letter)).collect();
    let some_hidden = letters.len() < LETTERS && (letters.len() as u64) < depth.dead;
    Ok(QueuePage { depth, letters, some_hidden })
}

/// The letters of every queue that has any, side by side; a queue that does
/// not answer is left out.
pub async fn dead(app: &App, depths: &[QueueDepth]) -> Vec<QueuePage> {
    let some = depths.iter().filter(|depth| depth.dead > 0);
    join_all(some.map(|depth| letters(app, depth.clone()))).await.into_iter().filter_map(Result::ok).collect()
}

/// A queue of this name.
pub(crate) async fn known(app: &App, name: &str) -> Result<QueueDepth, Problem> {
    let found = app.queues.depths().await?.into_iter().find(|depth| depth.queue == name);
    found.ok_or_else(|| Problem::not_found("There is no such queue."))
}

/// Letters of one answer, at most.
const LETTERS: usize = 10;
/// Items of one letter that are named.
const NAMED: usize = 5;
/// The queue without a queue: what its letters tell of is over.
const TICKS: &str = "ticks";

fn letter_view(queue: &str, letter: Letter) -> LetterView {
    let Letter { id, body, sent_at } = letter;
    let (mut order, mut items) = (None, None);
    let says = if queue == TICKS {
        "A run of the schedule failed or was not begun. The next one did its work: read it, then delete it."
            .to_owned()
    } else if let Ok(hint) = body.parse::<Hint>() {
        order = Some((hint.store.to_string(), hint.order.0));
        format!("Look at order {}.", hint.key())
    } else if let Ok(moved) = serde_json::from_str::<StockMoved>(&body) {
        let named = moved.skus.iter().take(NAMED).map(|sku| sku.0.clone()).collect();
        items = Some((moved.entity.to_string(), named));
        format!("Look at the stock of {} items of {}.", moved.skus.len(), moved.entity)
    } else {
        "This is no message of Weir's: read it, then delete it.".to_owned()
    };
    LetterView { id, says, order, items, sent_at, body }
}
