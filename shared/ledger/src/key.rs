//! Keys of the table.

use weir_domain::circuit::Peer;
use weir_domain::id::{OrderId, OrderKey, StoreId};
use weir_domain::mapping::MappingKey;

use crate::item::{Item, s};

/// `sk` of an order's record.
pub(crate) const RECORD: &str = "RECORD";
/// `sk` of circuits and schedules.
pub(crate) const STATE: &str = "STATE";
/// `sk` of a mapping.
pub(crate) const TARGET: &str = "TARGET";
/// What every audit entry's `sk` begins with.
pub(crate) const AUDIT: &str = "AUDIT#";

/// A partition key holds 2,048 bytes; a longer name is never stored.
const LONGEST_NAME: usize = 1_900;

/// The two attributes of a primary key.
pub(crate) fn primary(pk: String, sk: impl Into<String>) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// The partition of an order.
pub(crate) fn order(key: &OrderKey) -> String {
    format!("ORDER#{}#{}", key.store, key.order)
}

/// An audit entry, sorted by its number.
pub(crate) fn audit(seq: u64) -> String {
    format!("{AUDIT}{seq:010}")
}

/// The partition of a circuit.
pub(crate) fn circuit(peer: &Peer) -> String {
    format!("CIRCUIT#{peer}")
}

/// The partition of a schedule.
pub(crate) fn schedule(job: &str) -> String {
    format!("SCHEDULE#{job}")
}

/// The partition of a mapping. The name comes last: it may contain anything.
/// `None` if it is too long to be stored.
pub(crate) fn mapping(store: &StoreId, key: &MappingKey) -> Option<String> {
    let fits = key.name.len() <= LONGEST_NAME;
    fits.then(|| format!("MAPPING#{store}#{}#{}", key.kind.as_str(), key.name))
}

/// Partitions of the open index per store and state, so that a busy store's
/// writes spread.
pub(crate) const SHARDS: u64 = 4;

/// The shard of an order: a multiplicative hash, since ids of some shops
/// grow in steps.
pub(crate) fn shard(order: OrderId) -> u64 {
    order.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SHARDS.ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_domain::mapping::MappingKind;

    #[test]
    fn ids_spread_over_the_shards_whatever_their_step() {
        for step in [1, 2, 3, 4, 10, 64, 100] {
            let mut counts = [0; 4];
            for id in 1..=1000 {
                counts[usize::try_from(shard(OrderId(id * step))).unwrap()] += 1;
            }
            assert!(counts.iter().all(|count| (150..=350).contains(count)), "step {step}: {counts:?}");
        }
    }

    #[test]
    fn audit_keys_sort_as_numbers_do() {
        assert!(audit(9) < audit(10) && audit(99_999) < audit(100_000));
    }

    #[test]
    fn a_name_too_long_for_a_key_has_none() {
        let store = "main".parse().unwrap();
        let key = |len| MappingKey::new(MappingKind::Shipping, "é".repeat(len));
        assert_eq!(mapping(&store, &key(1)).unwrap(), "MAPPING#main#shipping#é");
        assert!(mapping(&store, &key(950)).unwrap().len() <= 2048);
        assert_eq!(mapping(&store, &key(951)), None);
    }
}
