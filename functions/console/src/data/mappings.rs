//! How a store's names become the ERP's.

use serde::Serialize;
use weir_domain::id::StoreId;
use weir_domain::mapping::{MappingKey, MappingKind};

use crate::Problem;
use crate::state::App;

/// All kinds, in the order of pages.
pub const KINDS: [MappingKind; 5] =
    [MappingKind::Item, MappingKind::Tax, MappingKind::Payment, MappingKind::Shipping, MappingKind::Fee];

/// Mappings that are looked at for one page.
const SHOWN: usize = 500;
/// Keys of one read.
const ASKED: usize = 100;

/// One mapping as it counts now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingRow {
    /// What is mapped.
    #[serde(flatten)]
    pub key: MappingKey,
    /// The ERP's codes.
    pub codes: Vec<String>,
    /// What the deployed documents say, where that is something else.
    pub seeded: Option<Vec<String>>,
}

/// The mappings of a store that its documents name, at most 500, as they count
/// now. What people added under other names is found by [`mapping`], and in
/// the log of actions.
pub async fn mappings(app: &App, store: &StoreId) -> Result<Vec<MappingRow>, Problem> {
    let Some(seeds) = app.configuration.seeds.get(store) else { return Ok(Vec::new()) };
    let keys: Vec<MappingKey> = seeds.keys().take(SHOWN).cloned().collect();
    let mut rows = Vec::new();
    for keys in keys.chunks(ASKED) {
        let present = app.mappings.mappings(store, keys).await?;
        rows.extend(present.into_iter().map(|(key, codes)| {
            let seeded = seeds.get(&key).filter(|seeded| **seeded != codes).cloned();
            MappingRow { key, codes, seeded }
        }));
    }
    Ok(rows)
}

/// One of them, by its name.
pub async fn mapping(
    app: &App,
    store: &StoreId,
    kind: &str,
    name: &str,
) -> Result<Option<MappingRow>, Problem> {
    let key = MappingKey::new(parse_kind(kind)?, name);
    let mut found = app.mappings.mappings(store, std::slice::from_ref(&key)).await?;
    let seeded = app.configuration.seeds.get(store).and_then(|seeds| seeds.get(&key));
    Ok(found.remove(&key).map(|codes| {
        let seeded = seeded.filter(|seeded| **seeded != codes).cloned();
        MappingRow { key, codes, seeded }
    }))
}

/// The kind of a word.
pub fn parse_kind(word: &str) -> Result<MappingKind, Problem> {
    let found = KINDS.into_iter().find(|kind| kind.as_str() == word);
    found.ok_or_else(|| Problem::bad_request("The kind is item, tax, payment, shipping or fee."))
}
