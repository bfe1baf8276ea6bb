//! Seeds of the configuration beneath the mappings that people added.

use std::collections::BTreeMap;

use async_trait::async_trait;
use weir_domain::id::StoreId;
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::ports::{LedgerError, MappingStore, Note};

/// The mappings of people, from `people`, and where there is none, the seed.
pub struct SeededMappings<M> {
    people: M,
    seeds: BTreeMap<StoreId, Mappings>,
}

impl<M> SeededMappings<M> {
    /// Puts `seeds` beneath `people`.
    pub fn new(people: M, seeds: BTreeMap<StoreId, Mappings>) -> Self {
        Self { people, seeds }
    }
}

#[async_trait]
impl<M: MappingStore> MappingStore for SeededMappings<M> {
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        let mut found = self.people.mappings(store, keys).await?;
        let Some(seeds) = self.seeds.get(store) else { return Ok(found) };
        for key in keys {
            if let Some(codes) = seeds.get(key) {
                found.entry(key.clone()).or_insert_with(|| codes.clone());
            }
        }
        Ok(found)
    }

    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError> {
        self.people.set_mapping(store, key, target, note).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;
    use weir_domain::mapping::MappingKind;

    use super::*;

    #[derive(Default)]
    struct People(Mutex<Mappings>);

    #[async_trait]
    impl MappingStore for People {
        async fn mappings(&self, _: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
            let all = self.0.lock().unwrap();
            Ok(keys.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect())
        }

        async fn set_mapping(
            &self,
            _: &StoreId,
            key: &MappingKey,
            target: &[String],
            _: &Note,
        ) -> Result<(), LedgerError> {
            self.0.lock().unwrap().insert(key.clone(), target.to_vec());
            Ok(())
        }
    }

    struct Down;

    #[async_trait]
    impl MappingStore for Down {
        async fn mappings(&self, _: &StoreId, _: &[MappingKey]) -> Result<Mappings, LedgerError> {
            Err(LedgerError::Unavailable("throttled".into()))
        }

        async fn set_mapping(
            &self,
            _: &StoreId,
            _: &MappingKey,
            _: &[String],
            _: &Note,
        ) -> Result<(), LedgerError> {
            Err(LedgerError::Unavailable("throttled".into()))
        }
    }

    fn tax(name: &str) -> MappingKey {
        MappingKey::new(MappingKind::Tax, name)
    }

    fn seeds() -> BTreeMap<StoreId, Mappings> {
        let mappings = [(tax("rates:1"), vec!["SEED".to_owned()]), (tax("none:JP"), vec![])];
        BTreeMap::from([("main".parse().unwrap(), Mappings::from(mappings))])
    }

    #[tokio::test]
    async fn people_win_over_seeds_and_seeds_over_nothing() {
        let mappings = SeededMappings::new(People::default(), seeds());
        let main = "main".parse().unwrap();
        let keys = [tax("rates:1"), tax("none:JP"), tax("rates:9")];
        let seeded = mappings.mappings(&main, &keys).await.unwrap();
        assert_eq!(seeded, Mappings::from([(tax("rates:1"), vec!["SEED".into()]), (tax("none:JP"), vec![])]));

        let note = Note {
            at: Timestamp::UNIX_EPOCH,
            who: "ada".into(),
            what: "mapped".into(),
            why: "new rate".into(),
        };
        mappings.set_mapping(&main, &tax("rates:1"), &["PEOPLE".into()], &note).await.unwrap();
        let found = mappings.mappings(&main, &keys[..1]).await.unwrap();
        assert_eq!(found, Mappings::from([(tax("rates:1"), vec!["PEOPLE".into()])]));
    }

    #[tokio::test]
    async fn another_store_has_other_seeds() {
        let mappings = SeededMappings::new(People::default(), seeds());
        let found = mappings.mappings(&"second".parse().unwrap(), &[tax("rates:1")]).await.unwrap();
        assert!(found.is_empty());
    }

    #[tokio::test]
    async fn a_ledger_that_is_down_is_not_covered_up_by_seeds() {
        let mappings = SeededMappings::new(Down, seeds());
        assert!(mappings.mappings(&"main".parse().unwrap(), &[tax("rates:1")]).await.is_err());
    }
}
