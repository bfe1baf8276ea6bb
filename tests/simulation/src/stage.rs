//! One seed's stage: chance, virtual time, what went wrong and what was seen.
//! Every call that a function makes to the outside passes [`Stage::call`],
//! which is where time passes, others get their turn, and faults strike.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use weir_domain::ports::Clock;
use weir_testkit::sample;

use crate::faults::{Coverage, FaultClass, Swarm};
use crate::invocation::{self, Doom};

/// On which side of its effect a fault strikes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Nothing happened.
    Before,
    /// It happened, and the caller does not hear of it.
    After,
}

/// One fault at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strike {
    /// What goes wrong.
    pub class: FaultClass,
    /// When.
    pub side: Side,
}

/// Whom a call is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Port {
    Table,
    Queue,
    Shop,
    Erp,
    Secrets,
    /// Quantities of a shop are read.
    ShopStock,
    /// Something of a shop is changed.
    ShopAdjust,
    /// Figures or deliveries of an ERP are read.
    ErpStock,
}

impl Port {
    /// The faults of an answer that this port knows, each with the sides on
    /// which it makes a difference.
    pub fn strikes(self) -> &'static [Strike] {
        use FaultClass as F;
        use Side::{After, Before};
        const fn at(class: FaultClass, side: Side) -> Strike {
            Strike { class, side }
        }
        match self {
            Self::Table => const { &[at(F::D1, Before), at(F::D3, After), at(F::D5, Before)] },
            Self::Queue => const { &[at(F::Q8, Before), at(F::Q8, After)] },
            Self::Shop | Self::ShopStock => const { &[at(F::W6, Before), at(F::W9, Before)] },
            Self::Secrets => const { &[at(F::L5, Before)] },
            Self::ShopAdjust => {
                const {
                    &[
                        at(F::W6, Before),
                        at(F::W9, Before),
                        at(F::K1, Before),
                        at(F::K1, After),
                        at(F::K2, After),
                    ]
                }
            }
            Self::ErpStock => {
                const {
                    &[
                        at(F::E1, Before),
                        at(F::E4, Before),
                        at(F::E5, Before),
                        at(F::E6, Before),
                        at(F::E10, Before),
                    ]
                }
            }
            Self::Erp => {
                const {
                    &[
                        at(F::E1, Before),
                        at(F::E2, After),
                        at(F::E3, After),
                        at(F::E4, Before),
                        at(F::E5, Before),
                        at(F::E5, After),
                        at(F::E6, Before),
                        at(F::E6, After),
                        at(F::E7, Before),
                        at(F::E7, After),
                        at(F::E10, Before),
                    ]
                }
            }
        }
    }
}

/// One fault at one numbered call: a crash point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drill {
    /// Counts the calls of all functions from 0.
    pub call: u64,
    /// What happens there.
    pub strike: Strike,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `I1` and so on.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// One seed's stage.
#[derive(Debug)]
pub struct Stage {
    /// How often each class was met.
    pub coverage: Coverage,
    dice: Mutex<fastrand::Rng>,
    swarm: Swarm,
    /// Nothing is left to chance: fixed pauses, at most one fault.
    calm: bool,
    drill: Option<Drill>,
    healed: AtomicBool,
    calls: AtomicU64,
    ports: Mutex<Vec<Port>>,
    history: Option<Mutex<Vec<String>>>,
    violations: Mutex<Vec<Violation>>,
    began: Instant,
}

/// Locks what only this thread touches; a panic is a fault we inject.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// A stage on which chance decides.
    pub fn new(seed: u64, recording: bool) -> Arc<Self> {
        let mut dice = fastrand::Rng::with_seed(seed);
        let swarm = Swarm::draw(&mut dice, &mut fastrand::Rng::with_seed(!seed));
        Arc::new(Self { dice: Mutex::new(dice), swarm, ..Self::empty(recording) })
    }

    /// A stage on which chance decides and nothing goes wrong.
    pub fn fair(seed: u64, recording: bool) -> Arc<Self> {
        let dice = Mutex::new(fastrand::Rng::with_seed(seed));
        Arc::new(Self { dice, ..Self::empty(recording) })
    }

    /// A calm stage with at most one fault.
    pub fn calm(seed: u64, drill: Option<Drill>, recording: bool) -> Arc<Self> {
        let dice = Mutex::new(fastrand::Rng::with_seed(seed));
        Arc::new(Self { dice, calm: true, drill, ..Self::empty(recording) })
    }

    fn empty(recording: bool) -> Self {
        Self {
            coverage: Coverage::default(),
            dice: Mutex::new(fastrand::Rng::with_seed(0)),
            swarm: Swarm::calm(),
            calm: false,
            drill: None,
            healed: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            ports: Mutex::default(),
            history: recording.then(Mutex::default),
            violations: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// Draws with the seed's dice.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut lock(&self.dice))
    }

    /// Whether a fault strikes at this chance; counted if so.
    pub fn strikes(&self, class: FaultClass) -> bool {
        let strikes = self.would_strike(class);
        if strikes {
            self.coverage.met(class);
        }
        strikes
    }

    fn would_strike(&self, class: FaultClass) -> bool {
        let rate = self.rate(class);
        rate > 0 && self.draw(|dice| dice.u32(0..10_000)) < rate
    }

    /// Strikes per 10,000 chances now.
    pub fn rate(&self, class: FaultClass) -> u32 {
        if self.is_healed() { 0 } else { self.swarm.rate(class) }
    }

    /// From now on nothing goes wrong any more.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
        self.log(|| "everything heals".to_owned());
    }

    /// Whether the faults are over.
    pub fn is_healed(&self) -> bool {
        self.healed.load(Ordering::Relaxed)
    }

    /// Whether nothing is left to chance.
    pub fn is_calm(&self) -> bool {
        self.calm
    }

    /// The one scripted fault, if this is a drill.
    pub fn drill(&self) -> Option<Drill> {
        self.drill
    }

    /// How often these classes were met together.
    pub fn met(&self, classes: &[FaultClass]) -> u64 {
        classes.iter().map(|class| self.coverage.count(*class)).sum()
    }

    /// The ports of the functions' calls so far, in order.
    pub fn ports(&self) -> Vec<Port> {
        lock(&self.ports).clone()
    }

    /// True time.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        sample::saturday() + elapsed
    }

    /// Adds a line to the history, if one is kept.
    pub fn log(&self, line: impl FnOnce() -> String) {
        if let Some(history) = &self.history {
            let elapsed = self.began.elapsed();
            let (minutes, seconds, ms) =
                (elapsed.as_secs() / 60, elapsed.as_secs() % 60, elapsed.subsec_millis());
            lock(history).push(format!("{minutes:>4}:{seconds:02}.{ms:03}  {}", line()));
        }
    }

    /// The history so far.
    pub fn history(&self) -> Vec<String> {
        self.history.as_ref().map(|history| lock(history).clone()).unwrap_or_default()
    }

    /// A promise was broken.
    pub fn violate(&self, invariant: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.log(|| format!("VIOLATION of {invariant}: {what}"));
        lock(&self.violations).push(Violation { invariant, what });
    }

    /// The promises broken so far.
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.violations).clone()
    }

    /// One call of a function to `port`. `effect` happens at one instant
    /// between two points at which others run; a fault of the answer is made
    /// by `fail`. Outside of an invocation it simply happens.
    pub async fn call<T, E>(
        &self,
        port: Port,
        name: &str,
        fail: impl Fn(FaultClass) -> E,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let strike = self.next_strike(port);
        self.reach(name, strike, Side::Before).await;
        if let Some(class) = self.answer_lost(name, strike, Side::Before) {
            return Err(fail(class));
        }
        let answer = effect();
        self.reach(name, strike, Side::After).await;
        match self.answer_lost(name, strike, Side::After) {
            Some(class) => Err(fail(class)),
            None => answer,
        }
    }

    /// The fault of an answer, if this is its side.
    pub fn answer_lost(&self, name: &str, strike: Option<Strike>, side: Side) -> Option<FaultClass> {
        let class = strike.filter(|strike| strike.side == side && Doom::of(strike.class).is_none())?.class;
        self.coverage.met(class);
        self.log(|| format!("{} {name}: {class} {side:?}", invocation::name()));
        Some(class)
    }

    /// What strikes the next call of the present invocation.
    pub fn next_strike(&self, port: Port) -> Option<Strike> {
        let invocation = invocation::current()?;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(drill) = self.drill {
            return (drill.call == call).then_some(drill.strike);
        }
        if self.is_recording_ports() {
            lock(&self.ports).push(port);
        }
        let of_process = invocation.next_call().filter(|_| !self.is_healed());
        of_process.or_else(|| {
            let strikes = port.strikes().iter();
            strikes.copied().find(|strike| self.would_strike(strike.class))
        })
    }

    fn is_recording_ports(&self) -> bool {
        self.history.is_some()
    }

    /// A point between two instants of an invocation: time passes, and what
    /// can happen to a process happens here.
    pub async fn reach(&self, name: &str, strike: Option<Strike>, side: Side) {
        let Some(invocation) = invocation::current() else { return };
        sleep(self.latency()).await;
        let Some(strike) = strike.filter(|strike| strike.side == side) else { return };
        let Some(doom) = Doom::of(strike.class) else { return };
        self.coverage.met(strike.class);
        self.log(|| format!("{} {name}: {} {side:?}", invocation.name(), strike.class));
        invocation.meet(doom, self).await;
    }

    /// Mostly milliseconds, now and then seconds.
    fn latency(&self) -> Duration {
        if self.calm {
            return Duration::from_millis(10);
        }
        let ms = self.draw(|dice| match dice.u32(0..100) {
            0 => dice.u64(1_000..6_000),
            1..10 => dice.u64(100..1_000),
            _ => dice.u64(1..60),
        });
        Duration::from_millis(ms)
    }
}

/// The clock of whichever machine runs the present invocation.
#[derive(Debug)]
pub struct StageClock(pub Arc<Stage>);

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        self.0.now() + invocation::skew()
    }

    fn steady(&self) -> SignedDuration {
        SignedDuration::try_from(self.0.began.elapsed()).unwrap_or_default()
    }
}
