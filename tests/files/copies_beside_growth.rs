//! Nothing waits for a copy: while one runs, commits make the map grow and newer states are read. The copy has the
//! state from its beginning.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, io, refused};
use mapleaf::{Compact, Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result};

const MIB: usize = 1 << 20;

fn options() -> EnvOptions {
    Env::options().map_size(MIB).durability(Durability::Process)
}

/// Waits until the file at `path` is not empty; returns `false` if `done` is set first.
fn begun(path: &Path, done: &AtomicBool) -> bool {
    while !done.load(Ordering::Acquire) {
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0) {
            return true;
        }
        thread::sleep(Duration::from_micros(100));
    }
    false
}

/// Copies an environment of `large` MiB and changes it meanwhile; returns `false` if the copy was too fast for that.
fn overlapped(large: u32, compact: Compact) -> Result<bool> {
    let dir = directory()?;
    let (path, target) = (dir.path().join("env"), dir.path().join("copy"));
    let env = options().open(&path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    for n in 0..large {
        // A mebibyte together with the page header.
        env.transact(|txn| dbi.put(txn, n, &vec![1; MIB - 16]))?;
    }
    let before = env.snapshot()?;
    let (done, map_size) = (AtomicBool::new(false), env.info()?.map_size);
    let overlapped = thread::scope(|scope| {
        let copier = scope.spawn(|| {
            let outcome = env.copy_to(&target, compact);
            done.store(true, Ordering::Release);
            outcome
        });
        let beside = || {
            if !begun(&target.join("data.mdb"), &done) {
                return Ok(false);
            }
            env.transact(|txn| dbi.put(txn, 0, &[2; 10]))?;
            // More than the map has left.
            env.transact(|txn| (large..large + 4).try_for_each(|n| dbi.put(txn, n, &vec![3; MIB])))?;
            let snap = env.snapshot()?;
            assert_eq!(dbi.get(&snap, 0)?, Some(&[2; 10][..]));
            assert_eq!(dbi.len(&snap)?, u64::from(large + 4));
            assert!(env.info()?.map_size > map_size, "the map did not grow");
            Ok::<_, Error>(!done.load(Ordering::Acquire))
        };
        let outcome = beside();
        copier.join().unwrap_or_else(|_| panic!("the copier panicked"))?;
        outcome
    })?;
    let copy = options().open(&target)?;
    let (copied, snap) = (copy.dbi::<u32, &[u8]>("d")?, copy.snapshot()?);
    assert_eq!(snap.id(), before.id());
    assert_eq!(copied.len(&snap)?, u64::from(large));
    for (ours, theirs) in copied.iter(&snap)?.zip(dbi.iter(&before)?) {
        assert!(ours? == theirs?);
    }
    assert!(copy.verify()?.is_clean());
    Ok(overlapped)
}

#[test]
fn commits_grow_the_map_and_newer_states_are_read_beside_a_copy() -> Result<()> {
    for compact in [Compact::No, Compact::Yes] {
        // Just below the possible sizes of the map. A fast machine needs a larger file.
        let sizes = [62, 126, 254, 510, 1022];
        let mut outcomes = sizes.into_iter().map(|size| overlapped(size, compact));
        let reached = outcomes.find(|outcome| !matches!(outcome, Ok(false))).unwrap_or(Ok(false))?;
        assert!(reached, "{compact:?}: whatever was copied, all else waited for it");
    }
    Ok(())
}

#[test]
fn a_copy_keeps_its_state_until_it_ends_and_no_longer() -> Result<()> {
    let dir = directory()?;
    let env = options().open(dir.path().join("env"))?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..50).try_for_each(|n| dbi.put(txn, n, &vec![1; MIB])))?;
    for compact in [Compact::No, Compact::Yes] {
        let target = dir.path().join(format!("{compact:?}"));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let copier = scope.spawn(|| {
                let outcome = env.copy_to(&target, compact);
                done.store(true, Ordering::Release);
                outcome
            });
            if begun(&target.join("data.mdb"), &done) && env.readers()?.is_empty() {
                assert!(done.load(Ordering::Acquire), "a copy that runs is no reader");
            }
            match env.compact() {
                Ok(()) => assert!(done.load(Ordering::Acquire), "compacted beside a copy"),
                busy => drop(refused(busy, ErrorKind::Busy)),
            }
            copier.join().unwrap_or_else(|_| panic!("the copier panicked"))
        })?;
        assert!(env.readers()?.is_empty());
        // The state that the copy kept does not hinder a compaction afterwards.
        env.compact()?;
        io(fs::remove_dir_all(&target))?;
    }
    env.close()
}
