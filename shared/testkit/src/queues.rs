use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::ports::{Letter, QueueDepth, QueueError, Queues};

use crate::fault::Faults;
use crate::lock;

/// As the real ones: no answer has more letters …
const LETTERS: usize = 10;
/// … and no more of one is shown.
const SHOWN_BYTES: usize = 2_048;

/// What queues can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the port")]
pub enum QueuesOp {
    Depths,
    Letters,
    Redrive,
    DeleteLetter,
}

/// The queues of the stack with their dead letters, as people see them. Nobody
/// works at them: what is sent stays until it is taken.
#[derive(Debug)]
pub struct FakeQueues {
    /// What goes wrong.
    pub faults: Faults<QueuesOp, QueueError>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queues: Vec<Place>,
    /// Letters so far.
    counter: u64,
    /// Letters that somebody looks at.
    hidden: BTreeSet<String>,
}

#[derive(Debug)]
struct Place {
    name: String,
    has_queue: bool,
    waiting: Vec<String>,
    in_flight: u64,
    dead: Vec<Dead>,
}

#[derive(Debug)]
struct Dead {
    id: String,
    body: String,
    sent_at: Timestamp,
}

impl Default for FakeQueues {
    /// `orders`, `stock` and `fulfilment`, and `ticks`, which has only dead
    /// letters. All are empty.
    fn default() -> Self {
        Self::new(&[("orders", true), ("stock", true), ("fulfilment", true), ("ticks", false)])
    }
}

impl FakeQueues {
    /// Queues by name, and whether there is a queue at all.
    pub fn new(queues: &[(&str, bool)]) -> Self {
        let place = |(name, has_queue): &(&str, bool)| Place {
            name: (*name).to_owned(),
            has_queue: *has_queue,
            waiting: Vec::new(),
            in_flight: 0,
            dead: Vec::new(),
        };
        let state = State { queues: queues.iter().map(place).collect(), ..State::default() };
        Self { faults: Faults::default(), state: Mutex::new(state) }
    }

    /// A letter dies.
    pub fn put_dead(&self, queue: &str, body: &str, sent_at: Timestamp) {
        let mut state = lock(&self.state);
        state.counter += 1;
        let id = format!("letter-{}", state.counter);
        state.place(queue).expect("a known queue").dead.push(Dead { id, body: body.to_owned(), sent_at });
    }

    /// Somebody looks at the letters of these ids, or stops looking at any.
    pub fn hide(&self, ids: &[&str]) {
        lock(&self.state).hidden = ids.iter().map(|id| (*id).to_owned()).collect();
    }

    /// So many messages wait, of these texts, and so many are at work.
    pub fn fill(&self, queue: &str, waiting: &[&str], in_flight: u64) {
        let mut state = lock(&self.state);
        let place = state.place(queue).expect("a known queue");
        place.waiting.extend(waiting.iter().map(|body| (*body).to_owned()));
        place.in_flight = in_flight;
    }

    /// Takes what waits out of a queue, oldest first.
    pub fn take(&self, queue: &str) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).place(queue).expect("a known queue").waiting)
    }
}

impl State {
    fn place(&mut self, queue: &str) -> Result<&mut Place, QueueError> {
        let found = self.queues.iter_mut().find(|place| place.name == queue);
        found.ok_or_else(|| QueueError("there is no queue of that name".to_owned()))
    }
}

#[async_trait]
impl Queues for FakeQueues {
    async fn depths(&self) -> Result<Vec<QueueDepth>, QueueError> {
        self.faults.strike(QueuesOp::Depths, || {
            let count = |some: usize| u64::try_from(some).unwrap_or(u64::MAX);
            let depth = |place: &Place| QueueDepth {
                queue: place.name.clone(),
                waiting: count(place.waiting.len()),
                in_flight: place.in_flight,
                dead: count(place.dead.len()),
            };
            Ok(lock(&self.state).queues.iter().map(depth).collect())
        })
    }

    async fn letters(&self, queue: &str) -> Result<Vec<Letter>, QueueError> {
        self.faults.strike(QueuesOp::Letters, || {
            let mut state = lock(&self.state);
            let hidden = state.hidden.clone();
            let letter = |dead: &Dead| Letter {
                id: dead.id.clone(),
                body: dead.body[..dead.body.floor_char_boundary(SHOWN_BYTES)].to_owned(),
                sent_at: dead.sent_at,
            };
            let seen = state.place(queue)?.dead.iter().filter(|dead| !hidden.contains(&dead.id));
            Ok(seen.take(LETTERS).map(letter).collect())
        })
    }

    async fn redrive(&self, queue: &str, limit: usize) -> Result<usize, QueueError> {
        self.faults.strike(QueuesOp::Redrive, || {
            let mut state = lock(&self.state);
            let place = state.place(queue)?;
            if !place.has_queue {
                return Ok(0);
            }
            let sent = limit.min(place.dead.len());
            place.waiting.extend(place.dead.drain(..sent).map(|dead| dead.body));
            Ok(sent)
        })
    }

    async fn delete_letter(&self, queue: &str, id: &str) -> Result<bool, QueueError> {
        self.faults.strike(QueuesOp::DeleteLetter, || {
            let mut state = lock(&self.state);
            let is_hidden = state.hidden.contains(id);
            let dead = &mut state.place(queue)?.dead;
            let before = dead.len();
            dead.retain(|dead| is_hidden || dead.id != id);
            Ok(dead.len() < before)
        })
    }
}
