//! In-flight lines: sales that the ERP's figure may not contain yet. They are
//! rows of their own, summed when needed: no hot counter.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{Generation, ItemKey, LineKey};
use crate::order::OrderStatus;
use crate::record::DocumentAxis;

/// One order line that is, or may be, on its way into the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// What was sold.
    pub item: ItemKey,
    /// Where.
    pub line: LineKey,
    /// R: what the shop took off its own stock for it.
    pub reduced: Option<Reduction>,
    /// L: what our ledger is confirming or has confirmed in the ERP, until its
    /// cancellation is proved.
    pub confirming: Decimal,
    /// The life of the order that `confirming` is about, which the ERP is
    /// asked for.
    pub generation: Option<Generation>,
    /// A person wrote R off: it counts as nothing while the order's date of
    /// change, by the shop, is this or before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_off: Option<Timestamp>,
}

impl InFlight {
    /// max(R, L): what is sold for certain, in one way or the other.
    pub fn sold(&self) -> Decimal {
        self.reduced().max(self.confirming)
    }

    /// R, as far as it counts.
    pub fn reduced(&self) -> Decimal {
        self.reduced.as_ref().map_or(Decimal::ZERO, |reduction| self.counted(reduction))
    }

    /// R of a read of this line, as far as it counts: nothing where a person
    /// wrote it off and the order has not changed since.
    pub fn counted(&self, read: &Reduction) -> Decimal {
        if self.is_written_off(read) { Decimal::ZERO } else { read.quantity }
    }

    fn is_written_off(&self, read: &Reduction) -> bool {
        self.written_off.is_some_and(|as_of| read.modified_at <= as_of)
    }

    /// Whether the row is where a person's word stands: without it the next
    /// read of the order would count again what they wrote off.
    fn is_word_of_a_person(&self) -> bool {
        let stands = |read: &Reduction| read.quantity > Decimal::ZERO && self.is_written_off(read);
        self.reduced.as_ref().is_some_and(stands)
    }

    /// The design's rule: it leaves when the ERP's figure contains all of it,
    /// or when neither side wants it any more. The figure contains it for good
    /// only while its sales order lives: `confirming` is L, as whoever knows it
    /// best says. And it leaves only some time after its last news: who read
    /// the shop before them would bring it back as it was, and who is about to
    /// cancel it in the ERP wants it to be there. What a person wrote off
    /// stays, for as long as the shop says it.
    pub fn leaves(&self, included: Decimal, confirming: Decimal, now: Timestamp) -> bool {
        let contained = self.sold() <= included.min(confirming);
        let silent_since = self.reduced.as_ref().map(|reduction| reduction.read_at);
        let silent = silent_since.is_none_or(|since| since + SLOWEST_READER < now);
        silent && !self.is_word_of_a_person() && (contained || self.sold() <= Decimal::ZERO)
    }
}

/// Whoever read an order has written by then what it means for stock, and done
/// in the ERP what was to be done, or is dead.
pub const SLOWEST_READER: SignedDuration = SignedDuration::from_mins(15);

/// What a read of the order said about a line's R.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// Units; never negative.
    pub quantity: Decimal,
    /// Whether the shop said so.
    pub told: Told,
    /// The order's date of change, by the shop …
    pub modified_at: Timestamp,
    /// … and just before the read began, by us. Both together order reads.
    pub read_at: Timestamp,
    /// When the order was placed, by the shop.
    pub placed_at: Timestamp,
}

impl Reduction {
    /// Whether this read is at least as new as another one.
    pub fn is_news_to(&self, known: &Self) -> bool {
        (self.modified_at, self.read_at) >= (known.modified_at, known.read_at)
    }
}

/// Where R comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The shop said it, or the order's status takes no stock.
    Said,
    /// The shop did not say it although the order's status takes stock: it may
    /// be about to. The full quantity is counted until a second read.
    Assumed {
        /// When it was first missing.
        since: Timestamp,
    },
    /// The second read missed it, too: the product's stock is not managed.
    Absent,
}

/// Whether an order is in flight at all: from the cut-over on, or once it has
/// a sales order of ours. Of an older one that was booked by others the ERP's
/// figure is free already, and will never say by how much.
pub fn counts(placed_at: Timestamp, cut_over: Option<Timestamp>, document: DocumentAxis) -> bool {
    document != DocumentAxis::None || cut_over.is_none_or(|cut_over| placed_at >= cut_over)
}

/// A second read proves something only when the shop's request that may have
/// been under way at the first has ended: after this, or after the shop's
/// longest request, if that is longer.
pub const SECOND_READ_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// R of a line, read at `read_at`. `before` is what an earlier read said;
/// `longest_request` is the shop's.
pub fn reduction(
    status: &OrderStatus,
    quantity: Decimal,
    said: Option<Decimal>,
    before: Option<Told>,
    read_at: Timestamp,
    longest_request: SignedDuration,
) -> (Decimal, Told) {
    if let Some(reduced) = said {
        return (reduced.max(Decimal::ZERO), Told::Said);
    }
    if !takes_stock(status) {
        return (Decimal::ZERO, Told::Said);
    }
    match before {
        Some(Told::Absent) => (Decimal::ZERO, Told::Absent),
        Some(Told::Assumed { since }) if read_at >= since + SECOND_READ_AFTER.max(longest_request) => {
            (Decimal::ZERO, Told::Absent)
        }
        Some(assumed @ Told::Assumed { .. }) => (quantity.max(Decimal::ZERO), assumed),
        Some(Told::Said) | None => (quantity.max(Decimal::ZERO), Told::Assumed { since: read_at }),
    }
}

/// Statuses at which WooCommerce has taken an order's units off its stock.
/// A plugin's own status comes after one of these.
fn takes_stock(status: &OrderStatus) -> bool {
    use OrderStatus::{Completed, Custom, OnHold, Processing};
    matches!(status, OnHold | Processing | Completed | Custom(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{OrderId, OrderKey, Sku};

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_the_shop_does_not_say_is_counted_in_full_until_a_second_read() {
        let two = Decimal::TWO;
        let read =
            |before, second| reduction(&OrderStatus::Processing, two, None, before, at(second), MINUTE);
        let (first, assumed) = read(None, 0);
        assert_eq!((first, assumed), (two, Told::Assumed { since: at(0) }));
        assert_eq!(read(Some(assumed), 59), (two, assumed), "the shop may still be at it");
        let (second, absent) = read(Some(assumed), 60);
        assert_eq!((second, absent), (Decimal::ZERO, Told::Absent));
        assert_eq!(read(Some(absent), 90).0, Decimal::ZERO);
    }

    #[test]
    fn a_second_read_waits_for_the_shops_longest_request() {
        let assumed = Told::Assumed { since: at(0) };
        let read = |second| {
            let slow = SignedDuration::from_secs(300);
            reduction(&OrderStatus::Processing, Decimal::TWO, None, Some(assumed), at(second), slow).1
        };
        assert_eq!((read(299), read(300)), (assumed, Told::Absent));
    }

    #[test]
    fn an_order_counts_from_the_cut_over_on_or_with_a_sales_order_of_ours() {
        use DocumentAxis::{Cancelled, Closed, InErp, None as Nothing, Pushing};
        assert!(counts(at(0), Some(at(0)), Nothing) && counts(at(0), None, Nothing));
        assert!(!counts(at(-1), Some(at(0)), Nothing));
        assert!([Pushing, InErp, Closed, Cancelled].iter().all(|has| counts(at(-1), Some(at(0)), *has)));
    }

    /// A line of an order changed and read at 0, of which nothing is confirmed.
    fn line(units: i64) -> InFlight {
        InFlight {
            item: ItemKey { entity: "acme".parse().unwrap(), sku: Sku("MUG-L".into()) },
            line: LineKey { order: OrderKey { store: "main".parse().unwrap(), order: OrderId(1) }, line: 1 },
            reduced: Some(Reduction {
                quantity: units.into(),
                told: Told::Said,
                modified_at: at(0),
                read_at: at(0),
                placed_at: at(0),
            }),
            confirming: Decimal::ZERO,
            generation: None,
            written_off: None,
        }
    }

    #[test]
    fn a_line_leaves_when_it_is_contained_for_good_and_silent() {
        let leaves = |units, included: i64, confirming: i64, second| {
            line(units).leaves(included.into(), confirming.into(), at(second))
        };
        assert!(leaves(2, 2, 2, 901) && leaves(0, 0, 0, 901));
        assert!(!leaves(2, 2, 2, 900), "whoever read it before its last news may still write");
        assert!(!leaves(2, 1, 2, 901) && !leaves(2, 0, 0, 901));
        assert!(!leaves(2, 2, 0, 901), "cancelled in the ERP, whose figure will follow");
    }

    #[test]
    fn what_was_written_off_counts_again_when_the_order_changes() {
        let mut written_off = InFlight { written_off: Some(at(0)), ..line(2) };
        assert_eq!((written_off.reduced(), written_off.sold()), (Decimal::ZERO, Decimal::ZERO));
        written_off.confirming = Decimal::ONE;
        assert_eq!(written_off.sold(), Decimal::ONE, "what the ERP is told counts");
        let changed = Reduction { modified_at: at(1), ..line(2).reduced.unwrap() };
        assert_eq!(written_off.counted(&changed), Decimal::TWO);
        written_off.reduced = Some(changed);
        assert_eq!((written_off.reduced(), written_off.sold()), (Decimal::TWO, Decimal::TWO));
    }

    #[test]
    fn what_was_written_off_stays_while_the_shop_says_it() {
        let leaves = |line: &InFlight| line.leaves(Decimal::ZERO, Decimal::ZERO, at(9_999));
        assert!(!leaves(&InFlight { written_off: Some(at(0)), ..line(2) }));
        assert!(leaves(&InFlight { written_off: Some(at(0)), ..line(0) }), "the shop took it back itself");
        let booked = InFlight { written_off: Some(at(0)), confirming: Decimal::TWO, ..line(2) };
        assert!(!booked.leaves(Decimal::TWO, Decimal::TWO, at(9_999)), "contained, and yet a word to keep");
        let overtaken = InFlight { written_off: Some(at(-1)), ..line(2) };
        assert!(overtaken.leaves(Decimal::TWO, Decimal::TWO, at(9_999)), "it changed, and is contained");
    }

    #[test]
    fn a_line_that_says_nothing_of_it_was_not_written_off() {
        let json = serde_json::to_value(line(2)).unwrap();
        assert!(json.get("written_off").is_none(), "{json}");
        assert_eq!(serde_json::from_value::<InFlight>(json).unwrap(), line(2));
    }

    #[test]
    fn what_the_shop_says_counts_whatever_the_status() {
        let read = |status| reduction(&status, Decimal::TWO, Some(Decimal::ONE), None, at(0), MINUTE);
        for status in [OrderStatus::Failed, OrderStatus::Refunded, OrderStatus::Trash, OrderStatus::Pending] {
            assert_eq!(read(status), (Decimal::ONE, Told::Said));
        }
        let cancelled = reduction(&OrderStatus::Cancelled, Decimal::TWO, None, None, at(0), MINUTE);
        assert_eq!(cancelled, (Decimal::ZERO, Told::Said));
    }
}
