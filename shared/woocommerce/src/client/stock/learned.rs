//! What a client has learned of its shop, for as long as it lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_domain::ports::ShopProduct;

use crate::stock::MOST;

/// Variations that are remembered, some 100 bytes each.
const VARIATIONS: usize = 20_000;

/// A variation as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    parent: u64,
    /// Perhaps its parent's, if it has none of its own.
    sku: String,
}

/// What a client has learned of its shop. None of it is believed: it only
/// says how to ask in fewer requests.
#[derive(Debug)]
pub(in crate::client) struct Learned {
    /// Variations that were asked for by their ids.
    variations: Mutex<BTreeMap<u64, Seen>>,
    /// Quantities that the shop takes in one request.
    at_once: AtomicUsize,
}

impl Default for Learned {
    fn default() -> Self {
        Self { variations: Mutex::default(), at_once: AtomicUsize::new(MOST) }
    }
}

impl Learned {
    pub(super) fn see(&self, products: &[ShopProduct]) {
        let mut known = self.variations.lock().unwrap_or_else(PoisonError::into_inner);
        for product in products {
            if let Some(parent) = product.parent {
                known.insert(product.id, Seen { parent, sku: product.sku.clone() });
            } else {
                known.remove(&product.id);
            }
        }
        while known.len() > VARIATIONS {
            known.pop_first();
        }
    }

    /// SKUs of those of these that are known as variations.
    pub(super) fn skus(&self, ids: &BTreeSet<u64>) -> BTreeSet<String> {
        let known = self.variations.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().filter_map(|id| known.get(id)).map(|seen| seen.sku.clone()).collect()
    }

    /// Those of these that are known as variations, by their parents.
    pub(super) fn families(&self, ids: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<u64>> {
        let known = self.variations.lock().unwrap_or_else(PoisonError::into_inner);
        let mut families: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for id in ids {
            if let Some(seen) = known.get(id) {
                families.entry(seen.parent).or_default().insert(*id);
            }
        }
        families
    }

    /// How many quantities may go in one request.
    pub(super) fn at_once(&self) -> usize {
        self.at_once.load(Ordering::Relaxed)
    }

    /// So many were too many.
    pub(super) fn too_many(&self, quantities: usize) {
        self.at_once.store(quantities.div_ceil(2), Ordering::Relaxed);
    }
}
