//! The formula: what a shop should show, and why.
//!
//! ```text
//! unseen = Σ max(0, max(R, L) − E)
//! n      = ⌊share × (A − unseen)⌋ − safety
//! target = min(cap, n) if n ≥ 0, else min(P, 0)
//!          (with backorders: A − unseen when that is negative)
//! ```

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is known about one line on the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineFacts {
    /// max(R, L), R being the larger of what was known before P and what was
    /// read after it.
    pub sold: Decimal,
    /// The same with the R that was read last: less where the order was
    /// cancelled meanwhile, before P was read or after it.
    pub at_least: Decimal,
    /// E, where the ERP was asked; `None` if its figure may or may not
    /// contain the line.
    pub included: Option<Decimal>,
}

/// What a store's configuration says about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The store's part of the pool, 0 to 1.
    pub share: Decimal,
    /// Units kept back.
    pub safety: Decimal,
    /// The most that is shown.
    pub cap: Option<Decimal>,
    /// The shop may sell what is not there.
    pub backorders: bool,
}

/// Why a shop shows what it shows: "ERP 5 − safety 1 − unseen 1 = 3".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// A.
    pub available: Decimal,
    /// Sold and not in A.
    pub unseen: Decimal,
    /// What the configuration said.
    pub terms: Terms,
    /// What the shop should show.
    pub target: Decimal,
}

/// What the shop should show. `present` is P.
pub fn explain(available: Decimal, unseen: Decimal, terms: Terms, present: Decimal) -> Explanation {
    let left = available - unseen;
    let n = (terms.share * left).floor() - terms.safety;
    let target = if n >= Decimal::ZERO {
        terms.cap.map_or(n, |cap| cap.min(n))
    } else if terms.backorders && left < Decimal::ZERO {
        left
    } else {
        present.min(Decimal::ZERO)
    };
    Explanation { available, unseen, terms, target }
}

/// Σ max(0, max(R, L) − E), a line whose E is not known counted in full.
pub fn unseen(lines: &[LineFacts]) -> Decimal {
    let left = |line: &LineFacts| line.sold - line.included.unwrap_or_default();
    lines.iter().map(|line| left(line).max(Decimal::ZERO)).sum()
}

/// What is unseen in any case: a line whose E is not known taken to be
/// contained, one that was cancelled meanwhile taken to be off.
pub fn surely_unseen(lines: &[LineFacts]) -> Decimal {
    let left = |line: &LineFacts| line.included.map(|included| line.at_least - included);
    lines.iter().filter_map(left).map(|left| left.max(Decimal::ZERO)).sum()
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Terms { share, safety, cap, .. } = &self.terms;
        if *share == Decimal::ONE {
            write!(f, "ERP {}", self.available.normalize())?;
        } else {
            write!(f, "{} of ERP {}", share.normalize(), self.available.normalize())?;
        }
        write!(f, " − unseen {} − safety {}", self.unseen.normalize(), safety.normalize())?;
        if let Some(cap) = cap {
            write!(f, ", at most {}", cap.normalize())?;
        }
        write!(f, " = {}", self.target.normalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(number: &str) -> Decimal {
        number.parse().unwrap()
    }

    fn line(r: i64, l: i64, e: i64) -> LineFacts {
        let sold = Decimal::from(r.max(l));
        LineFacts { sold, at_least: sold, included: Some(Decimal::from(e)) }
    }

    fn plain() -> Terms {
        Terms { share: Decimal::ONE, safety: Decimal::ZERO, cap: None, backorders: false }
    }

    /// (target, delta) of plain terms.
    fn worked(a: i64, lines: &[LineFacts], p: i64) -> (i64, i64) {
        with(a, unseen(lines), plain(), p)
    }

    fn with(a: i64, unseen: Decimal, terms: Terms, p: i64) -> (i64, i64) {
        let target = explain(Decimal::from(a), unseen, terms, Decimal::from(p)).target;
        let target = i64::try_from(target).unwrap();
        (target, target - p)
    }

    #[test]
    fn case_1_an_order_on_its_way_into_the_erp() {
        assert_eq!(worked(10, &[line(2, 0, 0)], 8), (8, 0));
        assert_eq!(worked(10, &[line(2, 2, 0)], 8), (8, 0), "pushed, the reserve lags");
        assert_eq!(worked(8, &[line(2, 2, 2)], 8), (8, 0), "reserved");
    }

    #[test]
    fn case_2_pending_then_on_hold_then_failed() {
        assert_eq!(worked(10, &[line(0, 0, 0)], 10), (10, 0));
        assert_eq!(worked(10, &[line(2, 0, 0)], 8), (8, 0));
    }

    #[test]
    fn case_3_the_shop_cancels_and_the_erp_refuses() {
        assert_eq!(worked(8, &[line(0, 2, 2)], 10), (8, -2));
    }

    #[test]
    fn case_4_the_erp_cancels_first_then_the_shop() {
        assert_eq!(worked(10, &[line(2, 0, 0)], 8), (8, 0));
        assert_eq!(worked(10, &[line(0, 0, 0)], 10), (10, 0));
    }

    #[test]
    fn case_5_shipped_and_one_refunded_with_restock() {
        assert_eq!(worked(8, &[line(1, 0, 2)], 9), (8, -1));
        assert_eq!(worked(9, &[line(1, 0, 2)], 8), (9, 1), "the goods came back");
    }

    #[test]
    fn case_6_two_stores_on_one_pool() {
        assert_eq!(worked(1, &[line(1, 0, 0)], 1), (0, -1), "the other store sold it");
        assert_eq!(worked(1, &[line(1, 0, 0)], 0), (0, 0), "the one that sold it");
    }

    #[test]
    fn case_7_below_zero() {
        assert_eq!(worked(-1, &[], -1), (-1, 0));
        let backorders = Terms { backorders: true, ..plain() };
        assert_eq!(with(-3, Decimal::ZERO, backorders, -3), (-3, 0));
    }

    #[test]
    fn case_8_share_safety_and_cap() {
        let shared = Terms { share: d("0.5"), safety: Decimal::ONE, ..plain() };
        assert_eq!(with(11, d("3"), shared, 5), (3, -2));
        let capped = Terms { cap: Some(d("10")), ..plain() };
        assert_eq!(with(50, d("3"), capped, 7), (10, 3));
    }

    #[test]
    fn a_line_that_may_be_contained_is_counted_unless_asked_otherwise() {
        let lines = [line(2, 0, 0), LineFacts { included: None, ..line(3, 0, 0) }];
        assert_eq!((unseen(&lines), surely_unseen(&lines)), (d("5"), d("2")));
        let cancelled_meanwhile = LineFacts { at_least: Decimal::ZERO, ..line(2, 0, 0) };
        assert_eq!((unseen(&[cancelled_meanwhile]), surely_unseen(&[cancelled_meanwhile])), (d("2"), d("0")));
    }

    #[test]
    fn it_says_why() {
        let terms = Terms { safety: Decimal::ONE, ..plain() };
        let why = explain(d("5"), d("1"), terms, d("9")).to_string();
        assert_eq!(why, "ERP 5 − unseen 1 − safety 1 = 3");
    }
}
