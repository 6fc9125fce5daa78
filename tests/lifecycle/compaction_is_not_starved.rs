//! `compact` finishes beside readers that never pause, gives up beside a reader that stays, and never closes the
//! environment.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Durability, Env, Error, ErrorKind, Result};

use crate::common::errors::{directory, refused_with};
use crate::common::process;
use crate::rows;

#[test]
fn compaction_finishes_beside_readers_that_never_pause() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 1)?;
    let (stop, taken) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let reader = |pause: u64| {
            while !stop.load(Ordering::Relaxed) {
                let snap = env.snapshot()?;
                rows.get(&snap, 1)?;
                thread::sleep(Duration::from_micros(pause));
                taken.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Error>(())
        };
        let readers = [0, 0, 500, 3000].map(|pause| scope.spawn(move || reader(pause)));
        let compacted = (0..20).try_for_each(|_| env.compact());
        let before = taken.load(Ordering::Relaxed);
        let began = Instant::now();
        while taken.load(Ordering::Relaxed) < before + 100 && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(1));
        }
        let after = taken.load(Ordering::Relaxed);
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().expect("readers do not panic")?;
        }
        assert!(after >= before + 100, "readers go on");
        compacted
    })?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn compaction_is_busy_beside_a_reader_that_stays_and_blocks_nobody() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 1)?;
    let stays = env.snapshot()?;
    thread::scope(|scope| {
        let compacting = scope.spawn(|| env.compact_timeout(Duration::from_millis(400)));
        // Other snapshots are taken and dropped all the time.
        for _ in 0..5 {
            assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
            thread::sleep(Duration::from_millis(30));
        }
        let outcome = compacting.join().expect("it does not panic");
        refused_with(outcome, ErrorKind::Busy, &["compact_timeout", "snapshots"]);
        Ok::<_, Error>(())
    })?;
    assert_eq!(rows::round(&rows, &stays)?, 1);
    rows::write(&env, &rows, 2)?;
    drop(stays);
    env.compact_timeout(Duration::ZERO)?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 2);
    Ok(())
}

#[test]
fn snapshots_dropped_during_a_compaction_do_not_close_the_environment() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 1)?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let churn = || {
            while !stop.load(Ordering::Relaxed) {
                // Each round makes a new state, which this thread then unpins.
                rows::write(&env, &rows, 1)?;
                drop(env.snapshot()?);
                thread::yield_now();
            }
            Ok::<_, Error>(())
        };
        let threads = [scope.spawn(churn), scope.spawn(churn)];
        let began = Instant::now();
        let mut compacted = 0;
        while began.elapsed() < Duration::from_secs(2) {
            match env.compact() {
                Ok(()) => compacted += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("it does not panic")?;
        }
        assert!(compacted > 2, "{compacted} compactions");
        Ok::<_, Error>(())
    })?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
    Ok(())
}

#[test]
fn compaction_keeps_any_time_limit() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 1)?;
    env.compact_timeout(Duration::MAX)?;
    env.compact_timeout(Duration::ZERO)?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
    Ok(())
}

/// The other program uses LMDB alone, without mapleaf's lock files.
#[test]
fn compaction_is_busy_while_a_program_has_the_file_open_by_lmdb_alone() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let mut options = heed::EnvOpenOptions::new();
        // SAFETY: the file is a database that mapleaf made; it is opened once in this process, with LMDB's locks.
        #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
        let env = unsafe { options.map_size(1 << 30).open(&arguments[0]) }.map_err(Error::other)?;
        process::tell("open");
        process::hear()?;
        drop(env);
        process::tell("closed");
        process::hear()?;
        return Ok(());
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
    let name = "compaction_is_not_starved::compaction_is_busy_while_a_program_has_the_file_open_by_lmdb_alone";
    let mut child = process::spawn(name, &[&path.to_string_lossy()])?;
    child.expect("open");
    refused_with(env.compact(), ErrorKind::Busy, &["another program"]);
    // The environment is usable as before.
    rows::write(&env, &rows, 2)?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 2);
    drop((env, rows));
    refused_with(Env::destroy(&path), ErrorKind::Busy, &["open"]);
    child.say("close")?;
    child.expect("closed");
    let (env, rows) = rows::open(&path, Durability::Immediate)?;
    env.compact()?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 2);
    drop((env, rows));
    Env::destroy(&path)?;
    child.say("end")?;
    child.passes()
}

#[test]
fn compaction_is_busy_beside_a_transaction_that_stays_and_names_it() -> Result<()> {
    for durability in [Durability::Process, Durability::Eventual] {
        let dir = directory()?;
        let (env, rows) = rows::written(dir.path(), durability, 1)?;
        let txn = env.begin()?;
        let refused = thread::scope(|scope| {
            let compacting = scope.spawn(|| env.compact_timeout(Duration::from_millis(50)));
            compacting.join().expect("it does not panic")
        });
        refused_with(refused, ErrorKind::Busy, &[&format!("process {}", std::process::id())]);
        txn.abort();
        env.compact_timeout(Duration::from_secs(5))?;
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
    }
    Ok(())
}
