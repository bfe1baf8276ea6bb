//! Every call of a life × {before, after} × every fault that can strike there.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::customers::Life;
use crate::erp::Kind;
use crate::faults::FaultClass;
use crate::invocation::Doom;
use crate::run::{Play, play};
use crate::stage::{Drill, Port, Side, Strike, lock};

/// One crash point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Of which ERP.
    pub kind: Kind,
    /// In which life.
    pub life: Life,
    /// At which call, and what.
    pub drill: Drill,
}

/// What the drills came to.
#[derive(Debug, Default)]
pub struct Drilled {
    /// Points there are.
    pub points: usize,
    /// Points at which the fault struck and every promise held.
    pub held: usize,
    /// Points at which one broke, or nothing struck.
    pub broken: Vec<(Point, String)>,
}

/// Every point of these kinds and lives; `stride` 1 is all of them.
pub fn points(kinds: &[Kind], lives: &[Life], stride: usize) -> Vec<Point> {
    let of_life = |kind: Kind, life: Life| {
        let calm = play(&Play { recording: true, drill: Some((kind, life, None)), ..Play::seed(1) });
        assert!(calm.violations.is_empty(), "{kind:?} {life:?}: {:?}", calm.violations);
        let calls = (0..).zip(calm.ports);
        calls.flat_map(move |(call, port)| {
            strikes(port).into_iter().map(move |strike| Point { kind, life, drill: Drill { call, strike } })
        })
    };
    let all = kinds.iter().flat_map(|kind| lives.iter().map(move |life| (*kind, *life)));
    all.flat_map(|(kind, life)| of_life(kind, life)).step_by(stride).collect()
}

/// What can strike a call to a port.
fn strikes(port: Port) -> Vec<Strike> {
    let dooms = Doom::CLASSES
        .into_iter()
        .flat_map(|class| [Side::Before, Side::After].map(|side| Strike { class, side }));
    // Sleeping between the last look at the clock and the write is a commit
    // beyond the promised bounds: reported elsewhere, not claimed.
    let writes = matches!(port, Port::Erp | Port::ShopAdjust);
    let too_late = |strike: &Strike| writes && strike.class == FaultClass::L3 && strike.side == Side::Before;
    dooms.filter(|strike| !too_late(strike)).chain(port.strikes().iter().copied()).collect()
}

/// Plays each point.
pub fn drill(points: &[Point], threads: usize) -> Drilled {
    let next = AtomicUsize::new(0);
    let drilled = Mutex::new(Drilled { points: points.len(), ..Drilled::default() });
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let broken = broken(point);
                    let mut drilled = lock(&drilled);
                    match broken {
                        None => drilled.held += 1,
                        Some(why) => drilled.broken.push((*point, why)),
                    }
                }
            });
        }
    });
    std::mem::take(&mut lock(&drilled))
}

fn broken(point: &Point) -> Option<String> {
    let outcome = play(&Play { drill: Some((point.kind, point.life, Some(point.drill))), ..Play::seed(1) });
    if outcome.coverage.count(point.drill.strike.class) == 0 {
        return Some("nothing struck".to_owned());
    }
    outcome.violations.first().map(|violation| format!("{}: {}", violation.invariant, violation.what))
}
