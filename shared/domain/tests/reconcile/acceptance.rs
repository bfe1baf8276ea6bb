//! At least thirty kinds of injected difference: each is found, and put right
//! or given to people with a reason; a second pass finds nothing new.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::reconcile::Report;
use weir_testkit::{announce, sample};

use crate::injections::{Ends, Injection, all};
use crate::world::{World, differences};
use crate::{stock, webhooks};

/// Whether it ended as it should.
fn ended(world: &World, id: u64, injection: &Injection) -> Result<(), String> {
    let key = sample::key("main", id);
    match injection.ends {
        Ends::Agreed => world.agree(&key),
        Ends::Parked(code) => {
            let record = world.record(&key);
            let exception = record.exception().ok_or("it is no exception")?;
            let told = exception.code == code && !exception.detail.is_empty();
            if told { Ok(()) } else { Err(format!("{}: {}", exception.code, exception.detail)) }
        }
    }
}

fn is_clean(report: &Report) -> bool {
    let total = report.total();
    (total.repaired, total.parked) == (0, 0)
}

#[test]
fn each_difference_by_itself_is_found_and_ends() {
    for (id, injection) in all() {
        let world = World::new();
        (injection.prepare)(&world, id);
        world.minutes(20);
        let before = world.pass();
        assert_eq!(before.total().detected, 0, "{}: {:?}", injection.name, differences(&before));
        (injection.inject)(&world, id);
        let report = world.pass();
        let kinds: Vec<&str> = differences(&report).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [injection.kind], "{}: {:?}", injection.name, report.examples);
        let total = report.total();
        assert_eq!((total.detected, total.known), (1, 0), "{}", injection.name);
        assert_eq!(ended(&world, id, injection), Ok(()), "{}", injection.name);
        let second = world.pass();
        assert!(is_clean(&second), "{}: {:?}", injection.name, second.examples);
        assert_eq!(ended(&world, id, injection), Ok(()), "{}, a night later", injection.name);
    }
}

#[test]
fn all_differences_together_are_found_and_end_and_a_second_pass_is_clean() {
    let world = World::new();
    all().for_each(|(id, injection)| (injection.prepare)(&world, id));
    world.minutes(20);
    assert_eq!(world.pass().total().detected, 0);
    all().for_each(|(id, injection)| (injection.inject)(&world, id));
    let report = world.pass();
    let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
    all().for_each(|(_, injection)| *expected.entry(injection.kind).or_default() += 1);
    let detected = report.differences.iter().map(|(kind, tally)| (kind.as_str(), tally.detected));
    assert_eq!(detected.collect::<BTreeMap<_, _>>(), expected, "{:?}", report.examples);
    let subjects: BTreeSet<&str> = report.examples.iter().map(|it| it.subject.as_str()).collect();
    let silent = all().filter(|(id, _)| !subjects.contains(format!("main/{id}").as_str()));
    assert_eq!(silent.map(|(_, injection)| injection.name).collect::<Vec<_>>(), Vec::<&str>::new());
    for (id, injection) in all() {
        assert_eq!(ended(&world, id, injection), Ok(()), "{}", injection.name);
    }
    let second = world.pass();
    assert!(is_clean(&second), "{:?}", second.examples);
    let (stock, hooks) = (stock::all_together(), webhooks::all_together());
    let repaired = all().filter(|(_, injection)| injection.ends == Ends::Agreed).count();
    let (orders, parked) = (all().count(), all().count() - repaired);
    announce(&format!(
        "injected={} detected={} repaired={} parked={}",
        orders + stock.injected + hooks.injected,
        usize::try_from(report.total().detected).unwrap() + stock.detected + hooks.detected,
        repaired + stock.repaired + hooks.repaired,
        parked + stock.parked + hooks.parked,
    ));
    assert!(orders + stock.injected + hooks.injected >= 30);
}
