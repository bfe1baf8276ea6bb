//! The platform's limits, as far as a table of ours can meet them.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Answer, FakeDynamoError, Item};

/// Keys of one `BatchGetItem`.
pub(super) const BATCH: usize = 100;
/// Bytes of one item, its attributes' names included.
const ITEM: usize = 400 * 1024;
/// Bytes after which a page of a query ends.
pub(super) const PAGE: usize = 1024 * 1024;
/// Bytes of a partition key.
const PARTITION_KEY: usize = 2048;
/// Bytes of a sort key.
const SORT_KEY: usize = 1024;

/// What an item counts as, about.
pub(super) fn bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // Two digits to a byte, and one for the sign and the exponent.
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Refuses an item that the platform would not store.
pub(super) fn check_item(item: &Item) -> Answer<()> {
    match bytes(item) {
        ..=ITEM => Ok(()),
        bytes => Err(FakeDynamoError::invalid(format!("an item of {bytes} bytes"))),
    }
}

/// Refuses a value that the platform takes for no key.
pub(super) fn check_key(pk: &str, sk: &str) -> Answer<()> {
    for (part, longest) in [(pk, PARTITION_KEY), (sk, SORT_KEY)] {
        if part.is_empty() || part.len() > longest {
            return Err(FakeDynamoError::invalid(format!("a key of {} bytes", part.len())));
        }
    }
    Ok(())
}
