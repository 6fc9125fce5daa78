//! Batches change pairs and ranges as the verbs do, and notice whatever changed in a range since a snapshot.

use std::collections::BTreeMap;

use mapleaf::{Batch, Conflicts, Dbi, Env, ErrorKind, MultiDbi, Result};
use proptest::prelude::*;

#[test]
fn pairs_prefixes_and_whole_databases_change_as_by_the_verbs() -> Result<()> {
    let env = Env::temporary()?;
    let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    let visits: Dbi<(u32, &str), u32> = env.dbi("visits")?;
    let cache: Dbi<u32, u32> = env.dbi("cache")?;
    let mut batch = Batch::new();
    batch.insert_pair(&tags, "red", 2)?.insert_pair(&tags, "red", 1)?.insert_pair(&tags, "red", 1)?;
    batch.insert_pair(&tags, "blue", 7)?.insert_pair(&tags, "blue", 8)?.insert_pair(&tags, "green", 9)?;
    batch.put(&visits, (1, "a"), 1)?.put(&visits, (1, "b"), 2)?.put(&visits, (2, "a"), 3)?.put(&cache, 1, 1)?;
    env.apply(batch)?;
    assert_eq!(tags.values(&env.snapshot()?, "red")?.collect::<Result<Vec<_>>>()?, [1, 2]);

    let mut batch = Batch::new();
    batch.remove_pair(&tags, "red", 1)?.remove_pair(&tags, "red", 5)?.remove_all(&tags, "blue")?;
    batch.delete_prefix(&visits, (1,))?.put(&visits, (1, "c"), 4)?.clear(&cache)?.put(&cache, 2, 2)?;
    env.submit(batch)?.wait()?;
    let snap = env.snapshot()?;
    let pairs: Vec<_> = tags.pairs(&snap)?.collect::<Result<_>>()?;
    assert_eq!(pairs.iter().map(|(tag, n)| (&**tag, *n)).collect::<Vec<_>>(), [("green", 9), ("red", 2)]);
    let left: Vec<_> =
        visits.iter(&snap)?.map(|entry| entry.map(|((n, _), value)| (n, value))).collect::<Result<_>>()?;
    assert_eq!(left, [(1, 4), (2, 3)]);
    assert_eq!(cache.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(2, 2)]);

    let mut batch = Batch::new();
    let refused = batch.insert_pair(&tags, "x", 1).and_then(|batch| batch.insert_pair(&tags, &"k".repeat(3000), 1));
    assert_eq!(refused.map(drop).map_err(|error| error.kind()), Err(ErrorKind::TooLarge));
    Ok(())
}

#[test]
fn a_range_of_another_environments_snapshot_is_an_invalid_argument() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let mut batch = Batch::new();
    batch.check_unchanged(&dbi, .., &other.snapshot()?)?.put(&dbi, 1, 1)?;
    assert_eq!(env.apply(batch).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    assert!(dbi.is_empty(&env.snapshot()?)?);
    Ok(())
}

type Model = BTreeMap<u8, u8>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Two models: of the time of the snapshot, and of the time of the batch. It is applied exactly if they agree on the
    /// range, and else it names the first key on which they differ.
    #[test]
    fn a_range_is_unchanged_exactly_if_it_has_the_same_entries(
        before in prop::collection::btree_map(0_u8..30, 0_u8..3, 0..20),
        changes in prop::collection::vec((0_u8..30, prop::option::of(0_u8..3)), 0..5),
        (from, to) in (0_u8..30, 0_u8..32),
    ) {
        let env = Env::temporary().expect("it opens");
        let dbi: Dbi<u8, u8> = env.dbi("d").expect("it opens");
        env.transact(|txn| before.iter().try_for_each(|(key, value)| dbi.put(txn, *key, *value))).expect("it commits");
        let snap = env.snapshot().expect("a snapshot");
        let mut now: Model = before.clone();
        env.transact(|txn| {
            for (key, value) in &changes {
                if let Some(value) = value {
                    dbi.put(txn, *key, *value)?;
                    now.insert(*key, *value);
                } else {
                    dbi.delete(txn, *key)?;
                    now.remove(key);
                }
            }
            Ok(())
        })
        .expect("it commits");
        let within = |model: &Model| -> Model { model.iter().filter(|(key, _)| (from..to).contains(key)).map(|(k, v)| (*k, *v)).collect() };
        let (old, new) = (within(&before), within(&now));
        let first = old.keys().chain(new.keys()).filter(|key| old.get(key) != new.get(key)).min().copied();
        let mut batch = Batch::new();
        batch.check_unchanged(&dbi, from..to, &snap).and_then(|batch| batch.put(&dbi, 200, 1)).expect("it is added");
        match (env.apply(batch), first) {
            (Ok(()), None) => prop_assert_eq!(dbi.get(&env.snapshot().expect("a snapshot"), 200).expect("it is read"), Some(1)),
            (Err(error), Some(first)) => {
                prop_assert_eq!(error.kind(), ErrorKind::Conflict);
                let conflicts = error.downcast::<Conflicts>().expect("its cause");
                prop_assert_eq!((conflicts.len(), conflicts[0].index, &*conflicts[0].key), (1, 0, &[first][..]));
                prop_assert_eq!(dbi.get(&env.snapshot().expect("a snapshot"), 200).expect("it is read"), None);
            }
            (outcome, first) => prop_assert!(false, "{:?} where {:?} differs", outcome, first),
        }
    }
}
