//! One run of one function: its clock, and what will befall its process.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::faults::FaultClass;
use crate::stage::{Side, Stage, Strike, lock};

tokio::task_local! {
    static CURRENT: Arc<Invocation>;
}

/// What can befall a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doom {
    /// It is gone from one instant to the next.
    Crash,
    /// It hangs until it is killed.
    Hang,
    /// It sleeps past its lease and goes on as if nothing had been.
    Freeze,
    /// It panics.
    Panic,
}

impl Doom {
    /// The doom that a fault class is, if it is one.
    pub fn of(class: FaultClass) -> Option<Self> {
        match class {
            FaultClass::L1 => Some(Self::Crash),
            FaultClass::L2 => Some(Self::Hang),
            FaultClass::L3 => Some(Self::Freeze),
            FaultClass::L4 => Some(Self::Panic),
            _ => None,
        }
    }

    /// The classes that are one.
    pub const CLASSES: [FaultClass; 4] = [FaultClass::L1, FaultClass::L2, FaultClass::L3, FaultClass::L4];
}

/// The text of the panics we make.
pub(crate) const PANIC: &str = "a panic of the simulator's";
/// Machines differ from true time by at most this; the domain allows 5 s
/// between two of them.
const SKEW_MS: i64 = 2_400;
/// Not a method of an ERP.
const PIECE: &str = "piece of work";
/// A process dies within so many calls, if at all.
const CALLS: u32 = 40;

/// One run of one function.
#[derive(Debug)]
pub struct Invocation {
    name: String,
    skew_ms: AtomicI64,
    jump: Option<(u32, i64)>,
    calls: AtomicU32,
    strike: Option<(u32, Strike)>,
    killed: Notify,
    /// Calls to the ERP by order and method, and pieces of work by order.
    made: Mutex<Vec<(String, &'static str)>>,
}

impl Invocation {
    /// Draws what will befall a run. `freezes`: whether it may outlive its
    /// time limit.
    pub fn draw(name: String, stage: &Stage, freezes: bool) -> Arc<Self> {
        let strike = Doom::CLASSES.into_iter().filter(|class| freezes || *class != FaultClass::L3).find_map(
            // A run has many calls, each of which could be its last.
            |class| {
                let rate = stage.rate(class) * 4;
                let (chance, call, side) =
                    stage.draw(|dice| (dice.u32(0..10_000), dice.u32(0..CALLS), dice.bool()));
                let side = if side { Side::Before } else { Side::After };
                (chance < rate).then_some((call, Strike { class, side }))
            },
        );
        let skew_ms =
            if stage.strikes(FaultClass::C1) { stage.draw(|dice| dice.i64(-SKEW_MS..=SKEW_MS)) } else { 0 };
        let jump = stage.strikes(FaultClass::C2).then(|| stage.draw(|dice| (dice.u32(0..10), -SKEW_MS)));
        Arc::new(Self {
            name,
            skew_ms: AtomicI64::new(skew_ms),
            jump,
            calls: AtomicU32::new(0),
            strike,
            killed: Notify::new(),
            made: Mutex::default(),
        })
    }

    /// Lambda's request id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `work` as this invocation until its end, or its death: `None`.
    pub async fn run<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> Option<T> {
        CURRENT
            .scope(Arc::clone(self), async {
                tokio::select! {
                    biased;
                    () = self.killed.notified() => None,
                    done = work => Some(done),
                }
            })
            .await
    }

    /// Whether it was drawn to freeze and go on.
    pub fn will_freeze(&self) -> bool {
        self.strike.is_some_and(|(_, strike)| strike.class == FaultClass::L3)
    }

    /// Counts a call; says what befalls the process there.
    pub(crate) fn next_call(&self) -> Option<Strike> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some((_, to)) = self.jump.filter(|(at, _)| *at == call) {
            self.skew_ms.store(to, Ordering::Relaxed);
        }
        self.strike.filter(|(at, _)| *at == call).map(|(_, strike)| strike)
    }

    /// Notes a call to the ERP for an order; how often it was made before.
    pub(crate) fn made_before(&self, order: &str, method: &'static str) -> usize {
        let before = self.made(order, method);
        lock(&self.made).push((order.to_owned(), method));
        before
    }

    /// A message about an order is being worked on.
    pub(crate) fn begin_piece(&self, order: &str) {
        lock(&self.made).push((order.to_owned(), PIECE));
    }

    /// Messages about an order that this run worked on.
    pub(crate) fn pieces(&self, order: &str) -> usize {
        self.made(order, PIECE)
    }

    fn made(&self, order: &str, method: &str) -> usize {
        lock(&self.made).iter().filter(|known| known.0 == order && known.1 == method).count()
    }

    /// It happens. Returns only from a freeze.
    pub(crate) async fn meet(&self, doom: Doom, stage: &Stage) {
        match doom {
            Doom::Crash => {
                self.killed.notify_one();
                std::future::pending::<()>().await;
            }
            Doom::Hang => sleep(Duration::from_secs(90)).await,
            Doom::Freeze => {
                let seconds = stage.draw(|dice| dice.u64(120..500));
                sleep(Duration::from_secs(seconds)).await;
                stage.log(|| format!("{} thaws", self.name));
            }
            Doom::Panic => std::panic::panic_any(PANIC),
        }
    }
}

/// The invocation that is running, if one is.
pub fn current() -> Option<Arc<Invocation>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Its name, for the history.
pub fn name() -> String {
    current().map_or_else(|| "observer".to_owned(), |invocation| invocation.name.clone())
}

/// How far its clock is from true time.
pub fn skew() -> SignedDuration {
    let ms = CURRENT.try_with(|invocation| invocation.skew_ms.load(Ordering::Relaxed)).unwrap_or(0);
    SignedDuration::from_millis(ms)
}
