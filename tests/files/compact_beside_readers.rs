//! Readers continue while a file is compacted. A reader that stays, or a program that writes without mapleaf's locks,
//! makes the compaction `Busy` and leaves the file as it was.

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused_with};
use heed::types::Bytes;
use heed::{CommitOrAbort, EnvFlags, EnvOpenOptions};
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result, Snapshot};

const MIB: usize = 1 << 20;

fn filled(path: &Path, large: u32) -> Result<(Env, Dbi<u32, &'static [u8]>)> {
    let env = Env::options().durability(Durability::Process).open(path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    for n in 0..large {
        env.transact(|txn| dbi.put(txn, n, &vec![1; MIB]))?;
    }
    Ok((env, dbi))
}

/// Compacts an environment of `large` MiB and takes a snapshot meanwhile, which `keep` drops or returns. Returns the
/// outcome, and whether the snapshot was taken before it.
fn beside(large: u32, keep: impl FnOnce(Snapshot) -> Option<Snapshot>) -> Result<(Result<()>, bool)> {
    let dir = directory()?;
    let (env, dbi) = filled(&dir.path().join("env"), large)?;
    let staged = dir.path().join("env/data.mdb-compact");
    let done = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        let compaction = scope.spawn(|| {
            let outcome = env.compact();
            done.store(true, Ordering::Release);
            outcome
        });
        while !done.load(Ordering::Acquire) && !staged.exists() {
            thread::sleep(Duration::from_micros(100));
        }
        let snap = env.snapshot()?;
        assert_eq!(dbi.len(&snap)?, u64::from(large));
        assert_eq!(dbi.get(&snap, large - 1)?.map(<[u8]>::len), Some(MIB));
        let in_time = !done.load(Ordering::Acquire);
        let kept = keep(snap);
        let outcome = compaction.join().unwrap_or_else(|_| panic!("the compaction panicked"));
        drop(kept);
        Ok::<_, Error>((outcome, in_time))
    })?;
    assert!(!staged.exists());
    assert_eq!(dbi.len(&env.snapshot()?)?, u64::from(large));
    env.transact(|txn| dbi.put(txn, 0, b"on"))?;
    assert!(env.verify()?.is_clean());
    Ok(outcome)
}

/// The outcome of the first try in which the snapshot came in time. A fast machine needs a larger file for that.
fn in_time(keep: fn(Snapshot) -> Option<Snapshot>) -> Result<Result<()>> {
    for large in [48, 96, 192, 384, 768] {
        if let (outcome, true) = beside(large, keep)? {
            return Ok(outcome);
        }
    }
    panic!("whatever was compacted, snapshots waited for it")
}

#[test]
fn compaction_waits_for_snapshots_that_end() -> Result<()> {
    in_time(|snap| {
        // Long enough that the copy is usually complete before the snapshots end.
        thread::sleep(Duration::from_millis(300));
        drop(snap);
        None
    })?
}

#[test]
fn a_snapshot_that_stays_makes_compaction_busy() -> Result<()> {
    refused_with(in_time(Some)?, ErrorKind::Busy, &["compact", "still read", "snapshots"]);
    Ok(())
}

/// The child: commits through LMDB alone, without end.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn write(path: &Path) -> Result<()> {
    // SAFETY: the only flag is the one that omits flushes.
    let env = unsafe { EnvOpenOptions::new().max_dbs(4).map_size(1 << 32).flags(EnvFlags::NO_SYNC).open(path) };
    let env = env.map_err(Error::other)?;
    for n in 0_u64.. {
        let txn = env.write_txn().map_err(Error::other)?;
        let done = env.create_databases_and_commit(txn, |opener, txn| {
            let main = opener.create_database::<Bytes, Bytes>(txn, None)?;
            main.put(txn, b"a note", &n.to_le_bytes())?;
            Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
        });
        done.map_err(Error::other)?;
        if n == 0 {
            process::tell("writing");
        }
    }
    Ok(())
}

#[test]
fn a_foreign_writer_makes_compaction_busy() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, dbi) = filled(&path, 30)?;
    let child = process::spawn("a_foreign_writer_makes_compaction_busy", &[&path.to_string_lossy()])?;
    child.expect("writing");
    refused_with(
        env.compact_timeout(Duration::from_millis(300)),
        ErrorKind::Busy,
        &["compact", "another program", "retry"],
    );
    assert!(!path.join("data.mdb-compact").exists());
    drop(child);
    env.compact()?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 30);
    assert!(env.verify()?.is_clean());
    Ok(())
}
