//! The numbers of `info` add up, and agree with a walk of the whole file.

use std::time::Duration;

use crate::common::errors::{directory, io};
use mapleaf::{Dbi, DbiKind, Durability, Env, MultiDbi, Result};

/// Compares `info` with the counts of the verifier and of the file system.
fn adds_up(env: &Env) -> Result<()> {
    let (info, report) = (env.info()?, env.verify()?);
    assert!(report.is_clean(), "{:?}", report.faults);
    let pages = &report.pages;
    assert_eq!(info.used_pages, pages.meta + pages.branch + pages.leaf + pages.overflow, "{info:?} {pages:?}");
    assert_eq!(info.free_pages, pages.free);
    assert!(info.reclaimable_pages <= info.free_pages);
    assert!(info.file_size <= info.map_size);
    assert_eq!(info.file_size, io(env.path().join("data.mdb").metadata())?.len());
    assert!(info.file_size <= (info.used_pages + info.free_pages) * u64::from(info.page_size));
    for dbi in env.dbis()? {
        let counted = report.entries.iter().find(|(name, _)| *name == dbi.name);
        assert_eq!(counted.map(|(_, entries)| *entries), Some(dbi.entries), "{}", dbi.name);
    }
    Ok(())
}

#[test]
fn the_numbers_add_up_after_every_kind_of_change() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).map_size(1 << 20).open(dir.path())?;
    adds_up(&env)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    let pairs: MultiDbi<u32, u32> = env.multi_dbi("pairs")?;
    adds_up(&env)?;
    for round in 0..6_u32 {
        env.transact(|txn| {
            (0..400).try_for_each(|n| dbi.put(txn, n * 37 % 1000, &vec![1; (n * round % 3000) as usize]))?;
            (0..200).try_for_each(|n| pairs.insert(txn, round, n).map(drop))
        })?;
        adds_up(&env)?;
        env.transact(|txn| dbi.delete_range(txn, round * 50..))?;
        adds_up(&env)?;
    }
    env.clear_dbi("d")?;
    adds_up(&env)?;
    env.drop_dbi("pairs")?;
    adds_up(&env)?;
    env.compact()?;
    adds_up(&env)?;
    assert_eq!(env.info()?.free_pages, 0);
    Ok(())
}

#[test]
fn commits_and_slots_are_counted() -> Result<()> {
    let env = Env::options().max_readers(77).temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let before = env.info()?;
    assert!(before.max_readers >= 77);
    assert_eq!((before.oldest_snapshot_age, before.oldest_snapshot_lag), (None, None));
    for n in 0..5 {
        env.transact(|txn| dbi.put(txn, n, n))?;
    }
    env.transact(|_| Ok(()))?;
    let after = env.info()?;
    assert_eq!(after.commits, before.commits + 5, "what changes nothing commits nothing");
    assert_eq!(after.last_txn_id, before.last_txn_id + 5);
    assert_eq!(env.snapshot()?.id(), after.commits);
    Ok(())
}

#[test]
fn readers_are_listed_oldest_first_with_age_and_lag() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    assert!(env.readers()?.is_empty());
    let oldest = env.snapshot()?;
    let clone = oldest.clone();
    for n in 0..3 {
        env.transact(|txn| dbi.put(txn, n, n))?;
    }
    std::thread::sleep(Duration::from_millis(5));
    let (newest, again) = (env.snapshot()?, env.snapshot()?);
    let readers = env.readers()?;
    assert_eq!(readers.len(), 2, "snapshots of one state share it: {readers:?}");
    assert_eq!((readers[0].id, readers[0].lag), (oldest.id(), 3));
    assert_eq!((readers[1].id, readers[1].lag), (newest.id(), 0));
    assert_eq!(readers[1].thread, Some(std::thread::current().id()));
    assert!(readers[0].age >= Duration::from_millis(5));
    assert_eq!((oldest.lag()?, newest.lag()?), (3, 0));
    let info = env.info()?;
    assert_eq!(info.oldest_snapshot_lag, Some(3));
    assert!(info.oldest_snapshot_age >= Some(Duration::from_millis(5)));
    drop((oldest, clone, newest, again));
    assert!(env.readers()?.is_empty());
    Ok(())
}

#[test]
fn pages_kept_by_the_oldest_snapshot_are_not_reclaimable() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..200).try_for_each(|n| dbi.put(txn, n, &[1; 1000])))?;
    let snap = env.snapshot()?;
    env.transact(|txn| dbi.clear(txn).map(drop))?;
    let held = env.info()?;
    assert!(held.free_pages > 50 && held.reclaimable_pages < 10, "{held:?}");
    // Never the pages of the last commit: a reader that begins meanwhile begins with that state.
    env.transact(|txn| dbi.put(txn, 1, b"one more"))?;
    assert!(env.info()?.reclaimable_pages < 10);
    drop(snap);
    let free = env.info()?;
    assert!(free.reclaimable_pages > 40, "{free:?}");
    Ok(())
}

#[test]
fn pages_of_the_last_commit_are_not_reclaimable_yet() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..200).try_for_each(|n| dbi.put(txn, n, &[1; 1000])))?;
    env.transact(|txn| dbi.clear(txn).map(drop))?;
    let cleared = env.info()?;
    assert!(cleared.free_pages > 50 && cleared.reclaimable_pages < 10, "{cleared:?}");
    Ok(())
}

#[test]
fn dbis_are_listed_in_order_with_their_types() -> Result<()> {
    let env = Env::temporary()?;
    let b: Dbi<(u32, &str), f64> = env.dbi("b")?;
    env.multi_dbi::<&str, u64>("a")?;
    env.transact(|txn| b.put(txn, (1, "x"), 0.5))?;
    let dbis = env.dbis()?;
    let told: Vec<_> = dbis.iter().map(|dbi| (dbi.name.as_str(), dbi.kind, dbi.entries)).collect();
    assert_eq!(told, [("a", DbiKind::Multi, 0), ("b", DbiKind::Plain, 1)]);
    assert_eq!((dbis[1].key_type.as_str(), dbis[1].value_type.as_str()), ("(u32,str)", "f64"));
    Ok(())
}
