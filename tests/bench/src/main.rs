//! `make bench`, the stock part: 100,000 items at three locations, 1 % of them
//! changed, beside the way other connectors do it, in one run.
//!
//! What is counted is real: the use cases and DynamoDB expressions that ship,
//! the requests that the adapters make for them, the memory of this process.
//! Time is virtual; each request takes what a request like it took in the
//! recordings (`peers.rs`). The adapters themselves are not run: bodies, their
//! parsing and TLS are in no figure of memory.
#![expect(clippy::print_stdout, reason = "a command prints its report")]

mod count;
mod peers;
mod table;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;

use jiff::SignedDuration;
use tokio::time::Instant;
use weir_domain::ports::{Adjustment, Change, Clock, ShopItem, ShopStock};

use crate::count::{peak_mb, reset_peak, resident_mb};
use crate::peers::{ITEMS, REQUESTS_OF_FIGURES, VARIATIONS, parent, sku};
use crate::world::World;

/// 1 % of the items.
const CHANGED: usize = ITEMS / 100;
/// Orders that the shop took meanwhile, of other items.
const ORDERS: u64 = 150;
/// What a function may have.
const MEMORY_MB: f64 = 256.0;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(bench()),
        Err(error) => unreachable!("a runtime without any device: {error}"),
    }
}

/// Bounds that were broken.
#[derive(Default)]
struct Report {
    broken: Vec<String>,
}

impl Report {
    fn bound(&mut self, what: &str, is: u64, at_most: u64) {
        let verdict = if is <= at_most { "" } else { "  TOO MANY" };
        println!("  {what:<46} {is:>8}   at most {at_most}{verdict}");
        if is > at_most {
            self.broken.push(what.to_owned());
        }
    }
}

async fn bench() -> ExitCode {
    let world = World::new();
    let mut report = Report::default();
    println!("stock: {ITEMS} items ({VARIATIONS} variations of {} products), 3 locations", VARIATIONS / 10);
    first(&world).await;
    changed(&world, &mut report).await;
    night(&world, &mut report).await;
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Everything for the first time: where the others start from.
async fn first(world: &World) {
    let began = Instant::now();
    let synced = world.full("a").await;
    world.publish().await;
    println!("\nfirst pass: {} items in {} s", synced.items, began.elapsed().as_secs());
    forget(world);
}

fn forget(world: &World) -> [u64; 5] {
    let World { erp, shop, stock, .. } = world;
    [erp.requests.take(), shop.reads.take(), shop.writes.take(), stock.reads.take(), stock.writes.take()]
}

/// 1 % changed in the ERP while the shop sold.
#[expect(clippy::float_arithmetic, reason = "megabytes for people")]
async fn changed(world: &World, report: &mut Report) {
    let mut dice = fastrand::Rng::with_seed(7);
    let changed = dice.choose_multiple(0..ITEMS, CHANGED);
    for item in &changed {
        world.erp.change(*item, dice.u16(51..200));
    }
    let unchanged = (0..ITEMS).filter(|item| !changed.contains(item));
    for (order, item) in (1..=ORDERS).zip(unchanged) {
        // One a second, the last one now.
        let ago = SignedDuration::from_secs((ORDERS - order).try_into().unwrap_or_default());
        world.shop.sell(item, order, world.clock.now() - ago);
    }
    reset_peak();
    let before = resident_mb();
    let began = Instant::now();
    let synced = world.moved().await;
    let written = world.publish().await;
    let seconds = began.elapsed();
    let [erp, reads, writes, table_reads, table_writes] = forget(world);
    let per_product = per_product(&changed);
    println!(
        "\n{CHANGED} items changed, {ORDERS} orders: {written} quantities written in {} s",
        seconds.as_secs()
    );
    let pages = synced.pages as u64;
    let feed = pages + (CHANGED / 500 + 1) as u64;
    report.bound("ERP requests (the feed, figures of its pages)", erp, feed + REQUESTS_OF_FIGURES * pages);
    report.bound("shop reads", reads, CHANGED.div_ceil(100) as u64 + ORDERS.div_ceil(100));
    report.bound("shop writes", writes, per_product);
    report.bound("DynamoDB writes", table_writes, 5 * CHANGED as u64 + 4 * ORDERS);
    println!("  {:<46} {table_reads:>8}", "DynamoDB reads");
    let memory = peak_mb() - before;
    println!("  {:<46} {memory:>8.1}   at most {MEMORY_MB} MB", "memory beside the stand-ins and bodies, MB");
    if memory > MEMORY_MB {
        report.broken.push("memory".to_owned());
    }
    for item in &changed {
        assert_eq!(world.shop.shown(*item), world.erp.available(*item), "item {item}");
    }
    one_by_one(world, &changed, seconds, writes + reads).await;
}

/// Σ over products ⌈changed ÷ 100⌉, simple products together.
fn per_product(changed: &[usize]) -> u64 {
    let mut groups: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    for item in changed {
        *groups.entry(parent(*item)).or_default() += 1;
    }
    groups.values().map(|count| count.div_ceil(100) as u64).sum()
}

/// As other connectors do it: each item is read and written by itself, as an
/// absolute number.
async fn one_by_one(world: &World, changed: &[usize], ours: std::time::Duration, our_requests: u64) {
    let began = Instant::now();
    for item in changed {
        let found = world.shop.products(&[ShopItem::Sku(sku(*item).0)]).await.unwrap_or_default();
        let to = world.erp.available(*item);
        for product in found {
            let change = Adjustment { id: product.id, parent: product.parent, change: Change::To(to) };
            world.shop.adjust(&[change]).await.unwrap_or_default();
        }
    }
    let theirs = began.elapsed();
    let requests = world.shop.reads.take() + world.shop.writes.take();
    println!("one by one, the same items: {requests} requests to the shop in {} s", theirs.as_secs());
    let times = |theirs: u128, ours: u128| theirs * 10 / ours.max(1);
    let (faster, fewer) =
        (times(theirs.as_millis(), ours.as_millis()), times(requests.into(), our_requests.into()));
    println!(
        "  ratio: {}.{} × faster, {}.{} × fewer requests",
        faster / 10,
        faster % 10,
        fewer / 10,
        fewer % 10
    );
}

/// The nightly pass when nothing changed.
async fn night(world: &World, report: &mut Report) {
    let next = SignedDuration::from_hours(24);
    tokio::time::advance(std::time::Duration::try_from(next).unwrap_or_default()).await;
    world.publish().await;
    forget(world);
    let synced = world.full("a").await;
    let [erp, _, _, _, stored] = forget(world);
    let written = world.publish().await;
    let [_, reads, writes, _, table_writes] = forget(world);
    println!("\nnightly pass, nothing changed: {} items, {written} quantities written", synced.items);
    let pages = synced.pages as u64;
    report.bound("ERP requests (a page of items, its figures)", erp, (1 + REQUESTS_OF_FIGURES) * pages);
    report.bound("positions written", stored, 0);
    // Each message lists what was sold since the last one.
    let messages = (ITEMS / 1_000) as u64;
    report.bound("shop reads", reads, (ITEMS / 100) as u64 + messages + ORDERS.div_ceil(100));
    report.bound("shop writes", writes, 0);
    // What was sold is shown otherwise, and each message moves the watermark.
    report.bound("DynamoDB writes", table_writes, 2 * ORDERS + messages);
}
