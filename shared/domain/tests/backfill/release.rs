//! Releases of a group of exceptions.

use super::*;

/// Nothing of it is asked by a retry.
struct Nobody;

#[async_trait]
impl ErpConnections for Nobody {
    async fn books(&self, _erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Err(CallError::blocked("not asked here"))
    }

    async fn desk(&self, _erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        Err(CallError::blocked("not asked here"))
    }
}

#[async_trait]
impl WriteOffs for Nobody {
    async fn write_off(&self, _: &ItemKey, _: &LineKey, _: Timestamp) -> Result<bool, LedgerError> {
        Ok(false)
    }
}

/// Orders in exceptions, released.
impl World {
    fn claimed(&self, id: u64) -> weir_domain::ports::Held {
        let hint = sample::hint(&sample::key("main", id), Cause::Webhook, self.now());
        let claim = block_on(self.ledger.claim(&hint, "w", self.now(), seconds(130))).unwrap();
        let Claim::Claimed(held) = claim else { panic!("{claim:?}") };
        *held
    }

    fn leave(&self, id: u64, hold: Hold) {
        let mut claimed = self.claimed(id);
        claimed.record.hold = hold;
        block_on(self.ledger.complete(claimed, &sample::note("left", self.now()))).unwrap();
    }

    fn exception(&self, subject: &str) -> Exception {
        Exception {
            code: "unmapped_item".to_owned(),
            subject: subject.to_owned(),
            detail: "not mapped".to_owned(),
            since: self.now(),
            about: None,
            concern: Concern::Order,
            accepted: None,
        }
    }

    fn fails(&self, id: u64, subject: &str) {
        self.leave(id, Hold::Exception(self.exception(subject)));
    }

    fn release(&self) -> Carried {
        self.release_among(self.ledger.clone()).unwrap()
    }

    fn release_among(&self, open: Arc<dyn OpenOrders>) -> Result<Carried, ReleaseError> {
        let desk = Desk {
            ledger: self.ledger.clone(),
            queue: self.queue.clone(),
            connections: Arc::new(FakeConnections::default()),
            erps: Arc::new(Nobody),
            stock: Arc::new(Nobody),
            stock_queue: Arc::new(FakeStockQueue::default()),
            clock: self.clock.clone(),
            lease: seconds(130),
        };
        let releases = Releases { jobs: self.ledger.clone(), open, desk, clock: self.clock.clone() };
        let owner = format!("run-{}", self.now());
        let run = ReleaseRun { store: &store(), owner: &owner, until: self.now() + seconds(48) };
        let carried = block_on(releases.tick(&run));
        self.clock.advance(seconds(60));
        carried
    }

    fn begin_release(&self, per_minute: u32) {
        let what = JobKind::Release { code: "unmapped_item".to_owned(), subject: "MUG".to_owned() };
        self.begin(&job(what, per_minute, self.now()));
        self.clock.advance(seconds(1));
    }

    /// The orders that go on, worked off by somebody who does nothing.
    fn woken(&self) -> Vec<u64> {
        self.queue.take().iter().map(|hint| hint.order.0).collect()
    }

    fn hold(&self, id: u64) -> Hold {
        block_on(self.ledger.record(&sample::key("main", id))).unwrap().unwrap().hold
    }
}

#[test]
fn a_group_is_released_at_the_pace_in_the_name_of_whoever_began_it() {
    let world = World::new();
    for id in 1..=25 {
        world.fails(id, "MUG");
    }
    world.fails(26, "LAMP");
    world.clock.advance(seconds(60));
    world.begin_release(10);
    let mut sent = Vec::new();
    while world.job().state == JobState::Running {
        sent.push(world.release().sent);
        assert!(sent.len() < 20, "it comes to no end: {sent:?}");
    }
    assert_eq!(sent.iter().sum::<u64>(), 25);
    assert_eq!(
        (&sent[..3], sent.len()),
        (&[10, 10, 5][..], 13),
        "it ends when none came back for ten minutes"
    );
    assert_eq!((world.job().sent, world.woken().len()), (25, 25));
    assert!(matches!(world.hold(26), Hold::Exception(_)), "another group");
    let audit = block_on(world.ledger.audit(&sample::key("main", 3))).unwrap();
    let last = audit.last().unwrap();
    assert_eq!((last.who.as_str(), last.what.as_str()), ("ada@example.com", "retry"));
    assert_eq!(last.why, "the hooks were off");
}

#[test]
fn orders_that_fail_again_are_not_released_for_ever() {
    let world = World::new();
    (1..=5).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(3);
    assert_eq!(world.release().sent, 3);
    // The mapping is still wrong.
    for id in world.woken() {
        world.fails(id, "MUG");
    }
    assert_eq!(world.release().sent, 2);
    let carried: Vec<Carried> = (0..11).map(|_| world.release()).collect();
    let (quiet, done) = (Carried { jobs: 1, ..Carried::default() }, Carried { jobs: 1, sent: 0, done: 1 });
    assert_eq!(carried[..9], [quiet; 9]);
    assert_eq!(carried[9..], [done, Carried::default()]);
}

#[test]
fn one_that_is_worked_on_comes_round_again() {
    let world = World::new();
    (1..=3).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(10);
    // While it is claimed the index does not say what it is in.
    let held = world.claimed(2);
    assert_eq!(world.release().sent, 2);
    block_on(world.ledger.complete(held, &sample::note("left", world.now()))).unwrap();
    let again = world.release();
    assert_eq!((again.sent, world.job().sent), (1, 3));
}

#[test]
fn one_that_waits_in_its_exception_goes_on_too_and_one_that_was_accepted_stays() {
    let world = World::new();
    let due_at = world.now() + SignedDuration::from_hours(72);
    let excepted = Some(Box::new(world.exception("MUG")));
    world.leave(1, Hold::Waiting { reason: WaitReason::Payment, due_at, excepted });
    let by = weir_domain::record::Acceptance {
        by: "ada@example.com".to_owned(),
        at: world.now(),
        reason: "as agreed".to_owned(),
    };
    world.leave(2, Hold::Exception(Exception { accepted: Some(by), ..world.exception("MUG") }));
    world.clock.advance(seconds(60));
    world.begin_release(10);
    assert_eq!(world.release().sent, 1);
    assert_eq!(world.release().sent, 0);
    assert_eq!(world.woken(), [1]);
    assert!(matches!(world.hold(2), Hold::Exception(_)));
}

/// Before what is open in the ledger so many other orders are in exceptions.
struct Crowded {
    ledger: Arc<FakeLedger>,
    others: u64,
    pages: Mutex<u32>,
    slow: Option<Arc<FakeClock>>,
}

impl Crowded {
    fn of(world: &World, others: u64) -> Arc<Self> {
        Arc::new(Self { ledger: world.ledger.clone(), others, pages: Mutex::default(), slow: None })
    }

    fn pages(&self) -> u32 {
        std::mem::take(&mut *self.pages.lock().unwrap())
    }
}

#[async_trait]
impl OpenOrders for Crowded {
    async fn open(
        &self,
        of: &StoreId,
        state: OpenState,
        after: Option<&OpenOrder>,
        limit: usize,
    ) -> Result<Vec<OpenOrder>, LedgerError> {
        *self.pages.lock().unwrap() += 1;
        if let Some(clock) = &self.slow {
            clock.advance(seconds(30));
        }
        if state != OpenState::Exception {
            return self.ledger.open(of, state, after, limit).await;
        }
        let first = |id: u64| Timestamp::UNIX_EPOCH + seconds(i64::try_from(id).unwrap());
        let other = |id: u64| OpenOrder {
            key: sample::key("main", 1_000_000 + id),
            at: first(id),
            peer: None,
            code: Some("unmapped_item".to_owned()),
            subject: Some("LAMP".to_owned()),
        };
        let crowd = (0..self.others).map(other).filter(|it| after.is_none_or(|after| it.at > after.at));
        let mut page: Vec<OpenOrder> = crowd.take(limit).collect();
        if page.len() < limit {
            page.extend(self.ledger.open(of, state, after, limit - page.len()).await?);
        }
        Ok(page)
    }

    async fn count_open(&self, of: &StoreId, state: OpenState, at_most: usize) -> Result<usize, LedgerError> {
        self.ledger.count_open(of, state, at_most).await
    }

    async fn records(&self, orders: &[OrderKey]) -> Result<Vec<OrderRecord>, LedgerError> {
        OpenOrders::records(&*self.ledger, orders).await
    }
}

#[test]
fn a_minute_reads_a_few_pages_and_the_next_goes_on_behind_them() {
    let world = World::new();
    (1..=3).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(2);
    let open = Crowded::of(&world, 12_000);
    let mut minutes = Vec::new();
    while world.job().state == JobState::Running {
        let carried = world.release_among(open.clone()).unwrap();
        minutes.push((carried.sent, open.pages()));
        assert!(minutes.len() < 40, "it comes to no end: {minutes:?}");
    }
    // Thousands of others, the group at the pace, what waits; then whole
    // passes until nothing came back for ten minutes.
    assert_eq!(minutes[..5], [(0, 5), (0, 5), (2, 3), (1, 2), (0, 5)]);
    assert!(minutes.iter().all(|(_, pages)| *pages <= 5), "{minutes:?}");
    assert!(minutes.len() >= 14, "{minutes:?}");
    assert_eq!(world.job().sent, 3);
}

#[test]
fn no_page_is_begun_when_the_time_is_over() {
    let world = World::new();
    world.fails(1, "MUG");
    world.clock.advance(seconds(60));
    world.begin_release(2);
    let open =
        Crowded { slow: Some(world.clock.clone()), ..Arc::into_inner(Crowded::of(&world, 9_000)).unwrap() };
    let open = Arc::new(open);
    world.release_among(open.clone()).unwrap();
    assert_eq!(open.pages(), 2, "of thirty seconds each, in forty-eight");
}

#[test]
fn a_release_that_fails_does_not_stop_the_others() {
    let world = World::new();
    (1..=2).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(10);
    let second = Job { id: "2026-11-28-2".to_owned(), ..world.job() };
    world.begin(&second);
    let down = LedgerError::Unavailable("down".to_owned());
    world.ledger.faults.script(LedgerOp::Open, [Fault::Before(down)]);
    assert!(matches!(world.release_among(world.ledger.clone()), Err(ReleaseError::Ledger(_))));
    assert_eq!(world.woken().len(), 2, "by the other one");
}
