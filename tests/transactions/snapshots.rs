//! A snapshot shows one state for as long as it lives.

use std::thread;

use mapleaf::{Dbi, Env, ErrorKind, Result, Snapshot};

fn numbers(env: &Env) -> Result<Dbi<u64, Vec<u8>>> {
    env.dbi("numbers")
}

/// Changes every entry.
fn commit(env: &Env, dbi: &Dbi<u64, Vec<u8>>, round: u8) -> Result<u64> {
    env.transact(|txn| {
        dbi.load(txn, (0..200_u64).map(|n| (n, vec![round; 300 + usize::from(round)])))?;
        Ok(txn.id())
    })
}

fn shows(dbi: &Dbi<u64, Vec<u8>>, snap: &Snapshot, round: u8) -> Result<()> {
    assert_eq!(dbi.len(snap)?, 200);
    for value in dbi.values(snap)? {
        assert_eq!(value?, vec![round; 300 + usize::from(round)]);
    }
    Ok(())
}

#[test]
fn a_snapshot_does_not_see_later_commits() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    let mut held = Vec::new();
    for round in 1..40 {
        let id = commit(&env, &dbi, round)?;
        let snap = env.snapshot()?;
        assert_eq!(snap.id(), id);
        held.push((round, snap));
        if round % 4 == 0 {
            held.remove(usize::from(round) % held.len());
        }
    }
    let newest = env.snapshot()?.id();
    for (round, snap) in &held {
        shows(&dbi, snap, *round)?;
        assert_eq!(snap.lag()?, newest - snap.id());
    }
    let ids: Vec<u64> = env.readers()?.iter().map(|reader| reader.id).collect();
    assert_eq!(ids, held.iter().map(|(_, snap)| snap.id()).collect::<Vec<_>>(), "readers names who holds what");
    Ok(())
}

#[test]
fn threads_share_a_snapshot_and_its_clones() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    commit(&env, &dbi, 1)?;
    let snap = env.snapshot()?;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| (snap.clone(), &dbi)).collect();
        let readers: Vec<_> = readers
            .into_iter()
            .map(|(clone, dbi)| scope.spawn(move || (0..5).try_for_each(|_| shows(dbi, &clone, 1))))
            .collect();
        for round in 2..10 {
            commit(&env, &dbi, round)?;
        }
        readers.into_iter().try_for_each(|reader| reader.join().expect("no panic"))
    })?;
    shows(&dbi, &snap, 1)
}

#[test]
fn refresh_moves_a_snapshot_to_the_newest_state_and_resets_its_age() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    commit(&env, &dbi, 1)?;
    let mut snap = env.snapshot()?;
    let before = snap.clone();
    commit(&env, &dbi, 2)?;
    thread::sleep(std::time::Duration::from_millis(20));
    let aged = snap.age();
    assert!(aged.as_millis() >= 20);
    snap.refresh()?;
    shows(&dbi, &snap, 2)?;
    shows(&dbi, &before, 1)?;
    assert!(snap.age() < aged && before.age() >= aged);
    assert_eq!((snap.lag()?, before.lag()?, snap.id()), (0, 1, before.id() + 1));
    let same = snap.id();
    snap.refresh()?;
    assert_eq!(snap.id(), same, "with nothing new it stays");
    Ok(())
}

#[test]
fn a_snapshot_outlives_the_handles_of_its_environment() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    commit(&env, &dbi, 3)?;
    let snap = env.snapshot()?;
    drop(env);
    shows(&dbi, &snap, 3)
}

#[test]
fn a_database_of_another_environment_is_an_invalid_argument() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let (dbi, foreign) = (numbers(&env)?, numbers(&other)?);
    let pairs = other.multi_dbi::<u8, u8>("pairs")?;
    commit(&env, &dbi, 1)?;
    let snap = env.snapshot()?;
    let kind = |error: mapleaf::Error| error.kind();
    assert_eq!(foreign.get(&snap, 1).map_err(kind), Err(ErrorKind::InvalidArgument));
    assert_eq!(foreign.len(&snap).map_err(kind), Err(ErrorKind::InvalidArgument));
    assert_eq!(foreign.iter(&snap).map(drop).map_err(kind), Err(ErrorKind::InvalidArgument));
    assert_eq!(pairs.len(&snap).map_err(kind), Err(ErrorKind::InvalidArgument));
    env.transact(|txn| {
        assert_eq!(foreign.put(txn, 1, &[]).map_err(kind), Err(ErrorKind::InvalidArgument));
        assert_eq!(foreign.delete(txn, 1).map_err(kind), Err(ErrorKind::InvalidArgument));
        assert_eq!(foreign.clear(txn).map_err(kind), Err(ErrorKind::InvalidArgument));
        assert_eq!(foreign.load(txn, [(1, vec![])]).map_err(kind), Err(ErrorKind::InvalidArgument));
        assert_eq!(pairs.insert(txn, 1, 1).map_err(kind), Err(ErrorKind::InvalidArgument));
        Ok(())
    })?;
    shows(&dbi, &env.snapshot()?, 1)
}
