//! Units that a shop shows and nobody has: how each came about, and how many
//! of them were sold.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// How a shop came to show a unit that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// We wrote it, and nothing that happened since the facts were read
    /// explains it. The only one that breaks a promise.
    OurWrite,
    /// Another store on the pool sold it, and we have not told this one yet.
    AnotherStore,
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
    pub const ALL: [Self; 8] = [
        Self::OurWrite,
        Self::AnotherStore,
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
pub struct Excess(Vec<(Cause, Decimal)>);

impl Excess {
    /// Now it is this much; what is new came by `cause`.
    pub(super) fn settle(&mut self, units: Decimal, cause: Cause) {
        let known: Decimal = self.0.iter().map(|(_, units)| units).sum();
        if units > known {
            self.0.push((cause, units - known));
            return;
        }
        let _gone = self.take(known - units);
    }

    /// Takes units away, the oldest first, and says how they came about.
    pub(super) fn take(&mut self, mut units: Decimal) -> Vec<(Cause, Decimal)> {
        let mut taken = Vec::new();
        for (cause, left) in &mut self.0 {
            let part = units.min(*left);
            *left -= part;
            units -= part;
            if part > Decimal::ZERO {
                taken.push((*cause, part));
            }
        }
        self.0.retain(|(_, left)| *left > Decimal::ZERO);
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
        for (cause, units) in &other.oversold {
            *self.oversold.entry(*cause).or_default() += units;
        }
    }
}
