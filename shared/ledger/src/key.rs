//! Keys of the tables.

use jiff::civil::Date;
use weir_domain::circuit::Peer;
use weir_domain::id::{ItemKey, LineKey, OrderId, OrderKey, Sku, StoreId};
use weir_domain::mapping::MappingKey;

use crate::item::{Item, s};

/// `sk` of an order's record.
pub(crate) const RECORD: &str = "RECORD";
/// `sk` of circuits, schedules and watermarks.
pub(crate) const STATE: &str = "STATE";
/// `sk` of a mapping.
pub(crate) const TARGET: &str = "TARGET";
/// `sk` of an item's names in a shop.
pub(crate) const NAMES: &str = "NAMES";
/// What every audit entry's `sk` begins with.
pub(crate) const AUDIT: &str = "AUDIT#";

/// `sk` of an item's position.
pub(crate) const POSITION: &str = "POSITION";
/// What every in-flight line's `sk` begins with.
pub(crate) const LINE: &str = "LINE#";
/// What every publication's `sk` begins with.
pub(crate) const SHOP: &str = "SHOP#";

/// A partition key holds 2,048 bytes; a longer name is never stored.
const LONGEST_NAME: usize = 1_900;

/// A sort key holds 1,024 bytes, and that of the index `stale` begins with an
/// instant and the entity; a longer SKU is never stored.
const LONGEST_SKU: usize = 900;

/// Bytes of a sort key: the platform's limit.
const LONGEST_SORT_KEY: usize = 1_024;

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

/// The partition of a store's jobs.
pub(crate) fn jobs(store: &StoreId) -> String {
    format!("JOB#{store}")
}

/// The partition of a store's reports.
pub(crate) fn reports(store: &StoreId) -> String {
    format!("REPORT#{store}")
}

/// The partition of what people did on a day (UTC).
pub(crate) fn actions(day: Date) -> String {
    format!("ACTIONS#{day}")
}

/// The partition of what is known of a store's webhooks.
pub(crate) fn webhooks(store: &StoreId) -> String {
    format!("WEBHOOKS#{store}")
}

/// A name as a sort key. `None` if it fits into none.
pub(crate) fn sort(name: &str) -> Option<&str> {
    (1..=LONGEST_SORT_KEY).contains(&name.len()).then_some(name)
}

/// The partition of a mapping. The name comes last: it may contain anything.
/// `None` if it is too long to be stored.
pub(crate) fn mapping(store: &StoreId, key: &MappingKey) -> Option<String> {
    let fits = key.name.len() <= LONGEST_NAME;
    fits.then(|| format!("MAPPING#{store}#{}#{}", key.kind.as_str(), key.name))
}

/// The partition of what an item of the ERP is called in a shop. `None` if
/// its code is too long to be stored.
pub(crate) fn names_of(store: &StoreId, code: &str) -> Option<String> {
    let fits = code.len() <= LONGEST_NAME;
    fits.then(|| format!("NAMES#{store}#{code}"))
}

/// The partition of an item. The SKU comes last: it may contain anything.
/// `None` if it is too long to be stored.
pub(crate) fn item(key: &ItemKey) -> Option<String> {
    let fits = key.sku.0.len() <= LONGEST_SKU;
    fits.then(|| format!("ITEM#{}#{}", key.entity, key.sku))
}

/// An in-flight line of an item.
pub(crate) fn line(key: &LineKey) -> String {
    format!("{LINE}{}#{}#{}", key.order.store, key.order.order, key.line)
}

/// The inverse of [`line`].
pub(crate) fn parse_line(sk: &str) -> Option<LineKey> {
    let mut parts = sk.strip_prefix(LINE)?.split('#');
    let store = parts.next()?.parse().ok()?;
    let order = OrderKey { store, order: OrderId(parts.next()?.parse().ok()?) };
    let key = LineKey { order, line: parts.next()?.parse().ok()? };
    parts.next().is_none().then_some(key)
}

/// What a shop shows of an item.
pub(crate) fn shop(store: &StoreId) -> String {
    format!("{SHOP}{store}")
}

/// The partition of a store's watermark.
pub(crate) fn watermark(store: &StoreId) -> String {
    format!("WATERMARK#{store}")
}

/// Partitions of an index per store and state, so that a busy store's
/// writes spread.
pub(crate) const SHARDS: u64 = 4;

/// The shard of an order: a multiplicative hash, since ids of some shops
/// grow in steps.
pub(crate) fn shard(order: OrderId) -> u64 {
    order.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SHARDS.ilog2())
}

/// The shard of an item: FNV-1a over its SKU, spread like an order's.
pub(crate) fn sku_shard(sku: &Sku) -> u64 {
    shard(OrderId(fingerprint(&sku.0)))
}

/// FNV-1a: tells apart what is at one place, and keeps nobody from anything.
pub(crate) fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step)
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
    fn skus_spread_over_the_shards() {
        for sku in [|n| format!("MUG-{n}"), |n| format!("{n:08}"), |n| format!("Größe {n}/XL")] {
            let mut counts = [0; 4];
            for n in 1..=1000 {
                counts[usize::try_from(sku_shard(&Sku(sku(n)))).unwrap()] += 1;
            }
            assert!(counts.iter().all(|count| (150..=350).contains(count)), "{}: {counts:?}", sku(1));
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(4711) };
        let key = LineKey { order, line: 12 };
        assert_eq!(line(&key), "LINE#main#4711#12");
        assert_eq!(parse_line(&line(&key)), Some(key));
        for bad in ["", "LINE#", "LINE#main#4711", "LINE#main#4711#12#1", "LINE#main#x#12", "SHOP#main"] {
            assert_eq!(parse_line(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_sku_too_long_for_a_key_has_none() {
        let key = |len| ItemKey { entity: "acme".parse().unwrap(), sku: Sku("#".repeat(len)) };
        assert_eq!(item(&key(1)).unwrap(), "ITEM#acme##");
        assert!(item(&key(900)).is_some() && item(&key(901)).is_none());
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
