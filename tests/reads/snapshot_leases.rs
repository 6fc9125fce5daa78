//! The states that a thread caches: shared while they are the newest, and never the reason that a state stays alive.

use std::thread;

use mapleaf::{Dbi, Durability, Env, Result};

fn temporary() -> Result<(tempfile::TempDir, Env, Dbi<u64, u64>)> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let rows = env.dbi("rows")?;
    Ok((dir, env, rows))
}

#[test]
fn a_thread_that_reads_many_environments_sees_the_newest_state_of_each() -> Result<()> {
    let envs = (0..11).map(|_| temporary()).collect::<Result<Vec<_>>>()?;
    for round in 0..6_u64 {
        for (n, (_, env, rows)) in (0..).zip(&envs) {
            // Each round changes some environments and leaves the others.
            if (round + n) % 3 == 0 {
                env.transact(|txn| rows.put(txn, n, round))?;
            }
            let newest = (0..=round).rev().find(|round| (round + n) % 3 == 0);
            assert_eq!(rows.get(&env.snapshot()?, n)?, newest, "environment {n} in round {round}");
            assert_eq!(rows.get(&env.snapshot()?, n)?, newest, "environment {n} in round {round}, again");
        }
    }
    Ok(())
}

#[test]
fn snapshots_of_one_state_share_a_pin() -> Result<()> {
    let (_dir, env, rows) = temporary()?;
    env.transact(|txn| rows.put(txn, 1, 1))?;
    let (first, second) = (env.snapshot()?, env.snapshot()?);
    assert_eq!((first.id(), env.readers()?.len()), (second.id(), 1));
    env.transact(|txn| rows.put(txn, 1, 2))?;
    let third = env.snapshot()?;
    assert_eq!((env.readers()?.len(), rows.get(&first, 1)?, rows.get(&third, 1)?), (2, Some(1), Some(2)));
    Ok(())
}

/// A thread that has read and reads no more must not keep pages from being reused.
#[test]
fn the_cached_states_of_a_thread_keep_no_page_from_reuse() -> Result<()> {
    let (dir, env, rows) = temporary()?;
    env.transact(|txn| (0..1_000).try_for_each(|n| rows.put(txn, n, 0)))?;
    let size = || std::fs::metadata(dir.path().join("data.mdb")).map(|file| file.len()).map_err(mapleaf::Error::other);
    let commit = |n: u64| env.transact(|txn| (0..1_000).step_by(50).try_for_each(|row| rows.put(txn, row, n)));
    (0..20).try_for_each(commit)?;
    drop(env.snapshot()?);
    let before = size()?;
    // In another thread, so that this one finds no newer state.
    let wrote = thread::scope(|scope| scope.spawn(|| (20..300).try_for_each(commit)).join());
    wrote.map_err(|_| mapleaf::Error::other("the writer panicked"))??;
    // A commit writes about twenty pages. Without reuse there would be thousands more.
    assert!(size()? < before + 100 * 4096, "{before} bytes became {}", size()?);
    Ok(())
}

#[test]
fn an_environment_is_closed_and_opened_again_while_a_thread_has_it_cached() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    for round in 0..5_u64 {
        let env = Env::open(dir.path())?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        assert_eq!(rows.get(&env.snapshot()?, 0)?, round.checked_sub(1));
        env.transact(|txn| rows.put(txn, 0, round))?;
        assert_eq!(rows.get(&env.snapshot()?, 0)?, Some(round));
        if round % 2 == 0 {
            env.close()?;
            assert_eq!(env.snapshot().err().map(|error| error.kind()), Some(mapleaf::ErrorKind::Closed));
        }
    }
    Ok(())
}
