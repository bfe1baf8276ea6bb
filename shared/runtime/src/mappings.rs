//! Seeds of the configuration beneath the mappings that people added.

use std::collections::BTreeMap;

use async_trait::async_trait;
use weir_domain::id::{Sku, StoreId};
use weir_domain::items::shop_item;
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::ports::{ItemNames, LedgerError, MappingStore, Note, ShopItem};

/// What items of the ERP are called in one shop.
type Names = BTreeMap<Sku, Vec<ShopItem>>;

/// The mappings of people, from `people`, and where there is none, the seed.
pub struct SeededMappings<M> {
    people: M,
    seeds: BTreeMap<StoreId, Mappings>,
    /// The seeds of items, the other way round.
    names: BTreeMap<StoreId, Names>,
}

impl<M> SeededMappings<M> {
    /// Puts `seeds` beneath `people`.
    pub fn new(people: M, seeds: BTreeMap<StoreId, Mappings>) -> Self {
        let names = seeds.iter().map(|(store, seeds)| (store.clone(), reversed(seeds))).collect();
        Self { people, seeds, names }
    }
}

fn reversed(seeds: &Mappings) -> Names {
    let mut names = Names::new();
    for (key, codes) in seeds.iter().filter(|(key, _)| key.kind == MappingKind::Item) {
        if let (Some(item), Some(code)) = (shop_item(&key.name), codes.first()) {
            names.entry(Sku(code.clone())).or_default().push(item);
        }
    }
    names
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

/// Of people and of seeds, both: a seed that people overruled still names a
/// product, and whoever asks compares the product's own mapping.
#[async_trait]
impl<M: ItemNames> ItemNames for SeededMappings<M> {
    async fn names(&self, store: &StoreId, items: &[Sku]) -> Result<Names, LedgerError> {
        let mut found = self.people.names(store, items).await?;
        let Some(seeds) = self.names.get(store) else { return Ok(found) };
        for (sku, seeded) in items.iter().filter_map(|sku| seeds.get_key_value(sku)) {
            let names = found.entry(sku.clone()).or_default();
            names.extend(seeded.iter().cloned());
            names.sort();
            names.dedup();
        }
        Ok(found)
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

    #[async_trait]
    impl ItemNames for People {
        async fn names(&self, _: &StoreId, items: &[Sku]) -> Result<Names, LedgerError> {
            let names = reversed(&self.0.lock().unwrap());
            Ok(names.into_iter().filter(|(sku, _)| items.contains(sku)).collect())
        }
    }

    struct Down;

    #[async_trait]
    impl ItemNames for Down {
        async fn names(&self, _: &StoreId, _: &[Sku]) -> Result<Names, LedgerError> {
            Err(LedgerError::Unavailable("throttled".into()))
        }
    }

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

    fn item(name: &str) -> MappingKey {
        MappingKey::new(MappingKind::Item, name)
    }

    #[tokio::test]
    async fn an_item_is_called_what_seeds_and_people_call_it() {
        let seeds = [
            (item("id:42"), vec!["MUG-L".to_owned()]),
            (item("sku:MUG"), vec!["MUG-L".to_owned()]),
            (tax("rates:1"), vec!["MUG-L".to_owned()]),
        ];
        let main: StoreId = "main".parse().unwrap();
        let seeds = BTreeMap::from([(main.clone(), Mappings::from(seeds))]);
        let people = [(item("sku:MUG"), vec!["MUG-L".to_owned()]), (item("id:7"), vec!["TEE".to_owned()])];
        let mappings = SeededMappings::new(People(Mutex::new(people.into())), seeds);
        let codes = ["MUG-L", "TEE", "CAP", "MUG-L"].map(|code| Sku(code.into()));
        let names = |item| mappings.names(item, &codes);
        let mug = vec![ShopItem::Sku("MUG".into()), ShopItem::Id(42)];
        let expected = Names::from([(codes[0].clone(), mug), (codes[1].clone(), vec![ShopItem::Id(7)])]);
        assert_eq!(names(&main).await, Ok(expected));
        let other = "second".parse().unwrap();
        assert!(!names(&other).await.unwrap().contains_key(&Sku("CAP".into())), "a seed is one store's");
    }

    #[tokio::test]
    async fn a_ledger_that_is_down_is_not_covered_up_by_seeds() {
        let mappings = SeededMappings::new(Down, seeds());
        assert!(mappings.names(&"main".parse().unwrap(), &[Sku("A".into())]).await.is_err());
        assert!(mappings.mappings(&"main".parse().unwrap(), &[tax("rates:1")]).await.is_err());
    }
}
