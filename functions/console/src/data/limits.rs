//! How much one page or answer reads at most.

/// Open orders of one state, on one page.
pub const ORDERS: usize = 100;
/// Open orders are counted up to this.
pub const COUNTED: usize = 1_000;
/// Exceptions of one store that are grouped: so many index rows, in pages of
/// [`COUNTED`].
pub const GROUPED: usize = 5_000;
/// Orders named in one group.
pub const EXAMPLES: usize = 5;
/// Groups that are described: one batch of records.
pub const GROUPS: usize = 100;
/// Stale items on one page, each read whole.
pub const STALE: usize = 25;
/// Stale items are counted up to this.
pub const STALE_COUNTED: usize = 1_000;
/// Nights of one store.
pub const REPORTS: usize = 14;
/// Jobs of one store, beside those that run.
pub const JOBS: usize = 20;
/// Jobs of one store that run at once.
pub const RUNNING: usize = 20;
/// Actions on one page.
pub const ACTIONS: usize = 100;
/// Lines in flight of one item that are shown.
pub const LINES: usize = 100;
/// Messages that wait in one queue while all is well, at most.
pub const CROWD: u64 = 5_000;
/// Entries of an order's audit that are shown, the newest ones.
pub const TIMELINE: usize = 200;
/// Dead letters that one press sends again.
pub const REDRIVEN: usize = 100;
/// Orders a minute of a backfill or a release, at most …
pub const PACE: u32 = 300;
/// … and where nobody says.
pub const USUAL_PACE: u32 = 60;
