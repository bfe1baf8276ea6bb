//! Units that a shop shows and nobody has: how each came about, and how many
//! of them were sold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

/// How a shop came to show a unit that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// We wrote it, and nothing that happened since the facts were read
    /// explains it. The only one that breaks a promise.
    OurWrite,
    /// Another store on the pool sold it, and we have not told this one yet.
    AnotherStore,
    /// It was there, or shown, when a customer began to pay, and was sold
    /// elsewhere or lost before they had.
    InCheckout,
    /// A sale inside the shop's own request was overwritten by it, or an order
    /// that was edited did not say yet what it took.
    ShopRequest,
    /// Counted less, damaged, sold at a till, moved out of the pool.
    ErpShrank,
    /// People in the ERP cancelled a sale that the shop still wants.
    ErpCancelled,
    /// A sale was cancelled or made smaller in the ERP between our two reads
    /// of it, while the shop kept its units taken.
    CancelledWhileRead,
    /// The shop put it back, by hand, for a cancellation or for a refund,
    /// and the ERP has not.
    ShopRaised,
    /// Another connector's way of writing.
    Baseline,
}

impl Cause {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::OurWrite,
        Self::AnotherStore,
        Self::InCheckout,
        Self::ShopRequest,
        Self::ErpShrank,
        Self::ErpCancelled,
        Self::CancelledWhileRead,
        Self::ShopRaised,
        Self::Baseline,
    ];

    /// For people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::OurWrite => "our write",
            Self::AnotherStore => "another store of the pool sold it first",
            Self::InCheckout => "sold elsewhere or lost while the customer was paying",
            Self::ShopRequest => "inside one of the shop's own requests",
            Self::ErpShrank => "the ERP has less: count, damage, till, an order booked as it was",
            Self::ErpCancelled => "cancelled by people in the ERP and wanted in the shop",
            Self::CancelledWhileRead => "cancelled in the ERP between two of our reads",
            Self::ShopRaised => "put back in the shop and not in the ERP",
            Self::Baseline => "an absolute write",
        }
    }
}

/// The excess of one item in one shop, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Excess(Vec<Shown>);

/// Units that are shown and not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) cause: Cause,
    pub(super) since: Timestamp,
    pub(super) units: Decimal,
}

impl Excess {
    /// Now it is this much; what is new came by `cause`. Gives back what is
    /// shown no more.
    pub(super) fn settle(&mut self, units: Decimal, cause: Cause, now: Timestamp) -> Vec<Shown> {
        let known: Decimal = self.0.iter().map(|shown| shown.units).sum();
        if units > known {
            self.0.push(Shown { cause, since: now, units: units - known });
            return Vec::new();
        }
        self.take(known - units)
    }

    /// Takes units away, the oldest first.
    pub(super) fn take(&mut self, mut units: Decimal) -> Vec<Shown> {
        let mut taken = Vec::new();
        for shown in &mut self.0 {
            let part = units.min(shown.units);
            shown.units -= part;
            units -= part;
            if part > Decimal::ZERO {
                taken.push(Shown { units: part, ..*shown });
            }
        }
        self.0.retain(|shown| shown.units > Decimal::ZERO);
        taken
    }
}

/// What was sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sold {
    /// Units.
    pub units: u64,
    /// Units among them that were not there, by how the shop came to show
    /// them.
    pub oversold: BTreeMap<Cause, u64>,
    /// Raises of a quantity by us.
    pub raises: u64,
    /// Those of them after which the shop showed more than the formula says
    /// of the facts at that time, each explained by what had happened since
    /// they were read.
    pub late_raises: u64,
    /// Units that are kept back when all is quiet, for orders that were deleted
    /// for good and of whose end nobody can know.
    pub kept_back: u64,
    /// For how many seconds, rounded up, units stood in a shop that were not
    /// there, by cause: those that nobody bought.
    pub stood: BTreeMap<(Cause, u64), u64>,
}

impl Sold {
    /// Oversold units in all.
    pub fn oversold(&self) -> u64 {
        self.oversold.values().sum()
    }

    /// By one cause.
    pub fn by(&self, cause: Cause) -> u64 {
        self.oversold.get(&cause).copied().unwrap_or_default()
    }

    /// Adds another seed's.
    pub fn add(&mut self, other: &Self) {
        self.units += other.units;
        self.raises += other.raises;
        self.late_raises += other.late_raises;
        self.kept_back += other.kept_back;
        for (cause, units) in &other.oversold {
            *self.oversold.entry(*cause).or_default() += units;
        }
        for (stood, units) in &other.stood {
            *self.stood.entry(*stood).or_default() += units;
        }
    }

    /// Units of one cause that were shown and that nobody bought.
    pub fn stood_at_all(&self, cause: Cause) -> u64 {
        self.stood.range((cause, 0)..=(cause, u64::MAX)).map(|(_, units)| units).sum()
    }

    /// For how many seconds units of one cause stood, on average. `None` if
    /// there were none.
    pub fn stood_on_average(&self, cause: Cause) -> Option<u64> {
        let of_cause = self.stood.range((cause, 0)..=(cause, u64::MAX));
        let seconds: u64 = of_cause.map(|((_, seconds), units)| seconds * units).sum();
        seconds.checked_div(self.stood_at_all(cause))
    }

    /// Within so many seconds this share of the units of one cause was shown
    /// no more, in thousandths. `None` if there were none.
    pub fn stood(&self, cause: Cause, per_1000: u64) -> Option<u64> {
        let mut of_cause = self.stood.range((cause, 0)..=(cause, u64::MAX));
        let all = self.stood_at_all(cause);
        let mut so_far = 0;
        of_cause.find_map(|((_, seconds), units)| {
            so_far += units;
            (so_far * 1_000 >= all * per_1000).then_some(*seconds)
        })
    }
}
