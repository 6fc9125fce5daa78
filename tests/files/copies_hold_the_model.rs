//! Copies of any environment have the same content as the original: after random puts and deletions in several
//! databases, with short and long values.

use std::collections::BTreeMap;

use mapleaf::{Compact, Dbi, Durability, Env, EnvOptions, Error, MultiDbi, Result, Snapshot};
use proptest::prelude::*;

/// The expected content of a database.
type Model = BTreeMap<Vec<u8>, Vec<u8>>;
/// A transaction: the number of a database, a key, and the length of a value to put, or `None` to delete the key.
type Changes = Vec<(usize, Vec<u8>, Option<usize>)>;

const DBIS: usize = 12;

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process).map_size(1 << 20)
}

fn changes() -> impl Strategy<Value = Changes> {
    let length = prop_oneof![4 => 0..50_usize, 2 => 50..2500_usize, 1 => 2500..60_000_usize];
    let change = prop_oneof![4 => length.prop_map(Some), 1 => Just(None)];
    let key = prop::collection::vec(0..12_u8, 1..4);
    // The last databases stay empty.
    prop::collection::vec((0..DBIS - 2, key, change), 1..60)
}

fn value(key: &[u8], len: usize) -> Vec<u8> {
    key.iter().copied().cycle().take(len).collect()
}

fn read(dbi: &Dbi<&'static [u8], &'static [u8]>, snap: &Snapshot) -> Result<Model> {
    dbi.iter(snap)?.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
}

fn check(transactions: &[Changes], deletions: usize) -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path().join("env"))?;
    let name = |n: usize| format!("dbi {n}");
    let dbis = (0..DBIS).map(|n| env.dbi::<&[u8], &[u8]>(&name(n))).collect::<Result<Vec<_>>>()?;
    let pairs: MultiDbi<u32, u32> = env.multi_dbi("pairs")?;
    let mut models = vec![Model::new(); DBIS];
    for changes in transactions {
        env.transact(|txn| {
            for (at, key, change) in changes {
                match change {
                    Some(len) => dbis[*at].put(txn, key, &value(key, *len))?,
                    None => dbis[*at].delete(txn, key).map(drop)?,
                }
                pairs.insert(txn, u32::try_from(*at).unwrap_or(0), u32::from(key[0]))?;
            }
            Ok(())
        })?;
        for (at, key, change) in changes {
            match change {
                Some(len) => drop(models[*at].insert(key.clone(), value(key, *len))),
                None => drop(models[*at].remove(key)),
            }
        }
    }
    for at in 0..deletions {
        env.transact(|txn| dbis[at].clear(txn).map(drop))?;
        models[at].clear();
    }
    let (before, info) = (env.snapshot()?, env.info()?);
    for compact in [Compact::No, Compact::Yes] {
        let path = dir.path().join(format!("{compact:?}"));
        env.copy_to(&path, compact)?;
        let copy = options().open(&path)?;
        let (snap, copied) = (copy.snapshot()?, copy.info()?);
        for (n, model) in models.iter().enumerate() {
            assert!(read(&copy.dbi(&name(n))?, &snap)? == *model, "{compact:?}, {n}");
        }
        let copied_pairs = copy.multi_dbi::<u32, u32>("pairs")?.pairs(&snap)?.collect::<Result<Vec<_>>>()?;
        assert_eq!(copied_pairs, pairs.pairs(&before)?.collect::<Result<Vec<_>>>()?);
        assert_eq!((copy.uuid(), snap.id(), copy.dbis()?), (env.uuid(), before.id(), env.dbis()?));
        assert!(copied.file_size <= info.file_size && copied.page_size == info.page_size);
        assert!(copied.free_pages == if compact == Compact::Yes { 0 } else { info.free_pages });
        assert!(copied.used_pages <= info.used_pages);
        // The copy accepts writes like any other environment.
        let dbis = (0..DBIS).map(|n| copy.dbi::<&[u8], &[u8]>(&name(n))).collect::<Result<Vec<_>>>()?;
        for round in 0..3 {
            copy.transact(|txn| dbis.iter().try_for_each(|dbi| dbi.put(txn, b"k", &[round; 5000])))?;
        }
        let report = copy.verify()?;
        assert!(report.is_clean(), "{compact:?}: {:?}", report.faults);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn copies_have_the_content_of_one_state(transactions in prop::collection::vec(changes(), 0..6), deletions in 0..4_usize) {
        check(&transactions, deletions).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    }
}
