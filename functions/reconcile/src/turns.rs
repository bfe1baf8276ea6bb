//! Whose turn it is, and until when.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use weir_woocommerce::client::TIMEOUT;

/// Stores that are served at the same time. While fewer shops hang than this,
/// all others are served as if none did.
const AT_ONCE: usize = 8;
/// Of the time that is left, the part in which pages may still be begun …
const WORKING_PART: (i32, i32) = (4, 5);
/// … and of that the day's: a shop that hangs leaves the rest to the nights of
/// the others.
const DAYS_PART: (i32, i32) = (1, 2);

/// Until when something may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// By the day's duties.
    pub(crate) day: Timestamp,
    /// At all: a call to a shop that is begun before it ends, whatever the
    /// shop does, before the function is ended.
    pub(crate) until: Timestamp,
}

impl Times {
    pub(crate) fn of(now: Timestamp, deadline: Timestamp) -> Self {
        let longest_call = SignedDuration::try_from(TIMEOUT).unwrap_or(SignedDuration::MAX);
        let left = deadline.duration_since(now).max(SignedDuration::ZERO);
        let working = left * WORKING_PART.0 / WORKING_PART.1;
        let working = working.min(left.saturating_sub(longest_call)).max(SignedDuration::ZERO);
        Self { day: now + working * DAYS_PART.0 / DAYS_PART.1, until: now + working }
    }
}

/// Does something for each, several at the same time; what came of each, in
/// their order.
pub(crate) async fn side_by_side<S, T>(all: &[S], duty: impl AsyncFn(&S) -> T) -> Vec<T> {
    let duty = &duty;
    let numbered = |(number, one)| async move { (number, duty(one).await) };
    let mut waiting = all.iter().enumerate().map(numbered);
    let mut under_way: FuturesUnordered<_> = waiting.by_ref().take(AT_ONCE).collect();
    let mut done = Vec::with_capacity(all.len());
    while let Some(one) = under_way.next().await {
        done.push(one);
        under_way.extend(waiting.next());
    }
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, came)| came).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn shops_that_hang_keep_no_other_store_waiting() {
        let stores: Vec<usize> = (0..40).collect();
        let served = RefCell::new(Vec::new());
        let all = side_by_side(&stores, async |store| match store {
            0 | 1 | 7 | 20 => pending().await,
            _ => served.borrow_mut().push(*store),
        });
        let mut all = std::pin::pin!(all);
        for _ in 0..100 {
            assert!(futures::poll!(all.as_mut()).is_pending());
        }
        assert_eq!(served.borrow().len(), 36, "{served:?}");
    }

    #[tokio::test]
    async fn not_all_are_served_at_once_and_what_came_of_them_is_in_their_order() {
        let stores: Vec<usize> = (0..30).collect();
        let (now, most) = (Cell::new(0), Cell::new(0));
        let came = side_by_side(&stores, async |store| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            for _ in 0..30 - store {
                tokio::task::yield_now().await;
            }
            now.set(now.get() - 1);
            *store
        })
        .await;
        assert_eq!((came, most.get()), (stores, AT_ONCE));
    }

    #[test]
    fn a_shop_that_hangs_leaves_time_for_the_night_and_for_the_end() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let deadline = now + SignedDuration::from_secs(60);
        let times = Times::of(now, deadline);
        let call = SignedDuration::try_from(TIMEOUT).unwrap();
        assert!(now + call <= times.day, "a call of the day that hangs");
        assert!(times.day < times.until && times.until + call <= deadline);
        let over = Times::of(now, now - call);
        assert_eq!(over, Times { day: now, until: now });
    }
}
