//! Databases that are created and dropped while snapshots, transactions and handles of them exist.

use mapleaf::{Dbi, Env, ErrorKind, Result};

fn names(env: &Env) -> Result<Dbi<u32, &'static str>> {
    env.dbi("names")
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

#[test]
fn the_handle_of_a_dropped_database_is_not_found_even_if_the_name_is_used_again() -> Result<()> {
    let env = Env::temporary()?;
    let old = names(&env)?;
    env.transact(|txn| old.put(txn, 1, "ann"))?;
    let before = env.snapshot()?;
    env.drop_dbi("names")?;
    assert!(env.dbis()?.is_empty());
    assert_eq!(kind(env.drop_dbi("names")), Some(ErrorKind::NotFound));
    assert_eq!(kind(env.clear_dbi("names")), Some(ErrorKind::NotFound));
    for again in [false, true] {
        if again {
            let new = names(&env)?;
            env.transact(|txn| new.put(txn, 1, "bob"))?;
            assert_eq!(new.get(&env.snapshot()?, 1)?, Some("bob"));
            assert!(new.is_empty(&before)?, "the new one was not there before");
        }
        let snap = env.snapshot()?;
        assert_eq!(kind(old.get(&snap, 1)), Some(ErrorKind::NotFound));
        assert_eq!(kind(old.iter(&snap)), Some(ErrorKind::NotFound));
        env.transact(|txn| {
            assert_eq!(kind(old.put(txn, 1, "cyd")), Some(ErrorKind::NotFound));
            assert_eq!(kind(old.delete(txn, 1)), Some(ErrorKind::NotFound));
            assert_eq!(kind(old.clear(txn)), Some(ErrorKind::NotFound));
            assert_eq!(kind(old.len(txn)), Some(ErrorKind::NotFound));
            Ok(())
        })?;
        assert_eq!(old.iter(&before)?.collect::<Result<Vec<_>>>()?, [(1, "ann")], "older snapshots still read it");
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_name_can_be_used_again_with_other_types() -> Result<()> {
    let env = Env::temporary()?;
    let old = names(&env)?;
    env.transact(|txn| old.put(txn, 1, "ann"))?;
    assert_eq!(kind(env.dbi::<&str, u64>("names")), Some(ErrorKind::SchemaMismatch));
    env.drop_dbi("names")?;
    let new = env.dbi::<&str, u64>("names")?;
    env.transact(|txn| new.put(txn, "ann", 7))?;
    assert_eq!(new.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [("ann", 7)]);
    assert_eq!(kind(old.first(&env.snapshot()?)), Some(ErrorKind::NotFound));
    Ok(())
}

#[test]
fn a_snapshot_older_than_a_database_reads_it_as_empty() -> Result<()> {
    let env = Env::temporary()?;
    let fresh = env.snapshot()?;
    let first = names(&env)?;
    let between = env.snapshot()?;
    // More databases than a state has allocated entries for.
    let many = (0..30).map(|n| env.dbi::<u32, u32>(&format!("dbi-{n}"))).collect::<Result<Vec<_>>>()?;
    env.transact(|txn| {
        first.put(txn, 1, "ann")?;
        many.iter().try_for_each(|dbi| dbi.put(txn, 1, 1))
    })?;
    for snap in [&fresh, &between] {
        assert_eq!((first.len(snap)?, first.get(snap, 1)?), (0, None));
        for dbi in &many {
            assert_eq!((dbi.len(snap)?, dbi.first(snap)?, dbi.count(snap, ..)?), (0, None, 0));
            assert_eq!(dbi.par_scan(snap, .., 4)?.into_iter().flatten().count(), 0);
        }
    }
    let snap = env.snapshot()?;
    many.iter().try_for_each(|dbi| {
        assert_eq!(dbi.get(&snap, 1)?, Some(1));
        Ok(())
    })
}

#[test]
fn clearing_a_database_keeps_its_handles_and_older_snapshots() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = names(&env)?;
    env.transact(|txn| dbi.put(txn, 1, "ann"))?;
    let before = env.snapshot()?;
    env.clear_dbi("names")?;
    assert_eq!((dbi.len(&env.snapshot()?)?, dbi.get(&before, 1)?), (0, Some("ann")));
    env.transact(|txn| dbi.put(txn, 2, "bob"))?;
    assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(2, "bob")]);
    Ok(())
}
