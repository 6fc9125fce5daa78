//! A program that uses LMDB without mapleaf writes between two groups: the transactions based on the older state are
//! conflicts, and are not applied.
#![expect(unsafe_code, reason = "heed opens by an unsafe function")]

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::errors::directory;
use heed::types::Bytes;
use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

const THREADS: u64 = 8;
const NAME: &str = "a_foreign_commit_makes_conflicts_only_of_transactions_based_on_the_state_before_it";

/// Writes through heed alone, without end.
fn write(path: &Path) -> Result<()> {
    let mut options = heed::EnvOpenOptions::new();
    options.map_size(1 << 30).max_dbs(8);
    // SAFETY: only LMDB changes the files of the environment.
    let env = unsafe { options.open(path) }.map_err(Error::other)?;
    let opened = env.create_databases_and_commit(env.write_txn().map_err(Error::other)?, |opener, txn| {
        opener.create_database::<Bytes, Bytes>(txn, Some("foreign")).map(heed::CommitOrAbort::<_, ()>::Commit)
    });
    let heed::CommitOrAbort::Commit(rows) = opened.map_err(Error::other)? else { return Ok(()) };
    process::tell("ready");
    for n in 0_u64.. {
        let mut txn = env.write_txn().map_err(Error::other)?;
        rows.put(&mut txn, b"n", &n.to_be_bytes()).map_err(Error::other)?;
        txn.commit().map_err(Error::other)?;
    }
    Ok(())
}

#[test]
fn a_foreign_commit_makes_conflicts_only_of_transactions_based_on_the_state_before_it() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = directory()?;
    let env = Env::options().map_size(1 << 30).open(dir.path())?;
    let counters: Dbi<u64, u64> = env.dbi("counters")?;
    let child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let conflicts = AtomicU64::new(0);
    let count = |worker: u64| -> Result<u64> {
        let mut counted = 0;
        // Far more than needed for a foreign commit to come between two groups.
        for _ in 0..20_000 {
            let outcome = env.transact(|txn| counters.update(txn, worker % 2, |old| Some(old.unwrap_or(0) + 1)));
            match outcome {
                Ok(_) => counted += 1,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
                    assert!(error.is_retryable());
                    conflicts.fetch_add(1, Ordering::Relaxed);
                }
            }
            if conflicts.load(Ordering::Relaxed) > 30 && counted > 10 {
                break;
            }
        }
        Ok(counted)
    };
    let counted = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || count(worker))).collect();
        threads.into_iter().try_fold(0, |sum, thread| Ok::<_, Error>(sum + thread.join().expect("no thread panics")?))
    })?;
    drop(child);
    let snap = env.snapshot()?;
    let there = counters.get(&snap, 0)?.unwrap_or(0) + counters.get(&snap, 1)?.unwrap_or(0);
    assert_eq!(there, counted, "as many as were told so");
    assert!(conflicts.into_inner() > 0, "nobody was overtaken");
    assert!(env.verify()?.is_clean());
    Ok(())
}
