//! Each system call of copies and compaction fails. The error has a kind, the environment stays as it is, and nothing
//! that is left opens as a copy.

use std::fs;
use std::path::Path;

use crate::common::shim::{self, Control, FLUSH, Fault, How, MAP, META, NAME, OPEN, PAGES, SPACE};
use crate::ledger::Ledger;
use mapleaf::{Compact, Durability, Env, Error, ErrorKind, Result};
use nix::libc::{EIO, ENOSPC};

const ALL: u64 = PAGES | META | FLUSH | SPACE | OPEN | NAME;
const HOWS: [How; 6] =
    [How::Once, How::OnceMade, How::ForEver, How::ForEverMade, How::Short(100), How::ShortForEver(100)];
const STEPS: [u32; 4] = [1, 2, 3, 4];

fn open(path: &Path) -> Result<(Env, Ledger)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).durability(Durability::Immediate).open(path)?;
    let ledger = Ledger::open(&env)?;
    Ok((env, ledger))
}

fn holds(path: &Path) -> Result<()> {
    let (env, ledger) = open(path)?;
    assert_eq!(ledger.check(&env.snapshot()?, |_| false)?, STEPS);
    let report = env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    Ok(())
}

fn filled(path: &Path) -> Result<(Env, Ledger)> {
    let (env, ledger) = open(path)?;
    for step in STEPS {
        env.transact(|txn| ledger.step(txn, step))?;
    }
    Ok((env, ledger))
}

/// Runs `case` for each call in turn, in each way. `case` returns whether its fault occurred.
fn walk(cases: &Path, classes: u64, case: impl Fn(&Path, Fault) -> Result<bool>) -> Result<()> {
    for errno in [EIO, ENOSPC] {
        for how in HOWS {
            for nth in 1.. {
                assert!(nth < 500, "calls without end");
                let path = cases.join(format!("{errno}-{how:?}-{nth}"));
                println!("{}", path.display());
                let met = case(&path, Fault { classes, nth, errno, how })?;
                fs::remove_dir_all(&path).map_err(Error::other)?;
                if !met {
                    assert!(nth > 4, "few calls");
                    break;
                }
            }
        }
    }
    Ok(())
}

fn typed<T>(outcome: Result<T>) {
    if let Err(error) = outcome {
        assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::DiskFull), "{error:?}");
        assert!(error.message().len() > 10, "{error:?}");
    }
}

fn copy(control: &Control, path: &Path, fault: Fault, compact: Compact) -> Result<bool> {
    let (env, ledger) = filled(&path.join("env"))?;
    let target = path.join("copy");
    control.arm(fault)?;
    let outcome = env.copy_to(&target, compact);
    let tally = control.disarm()?;
    if outcome.is_ok() || target.join("data.mdb").exists() {
        // A file with the name of a copy is a complete copy, even if the last flush of a directory failed.
        holds(&target)?;
    }
    typed(outcome);
    assert_eq!(ledger.check(&env.snapshot()?, |_| false)?, STEPS);
    env.transact(|txn| ledger.step(txn, 9))?;
    Ok(tally.failed > 0)
}

#[test]
fn a_plain_copy_that_fails_is_complete_or_absent() -> Result<()> {
    shim::apart("a_plain_copy_that_fails_is_complete_or_absent", |control, cases| {
        walk(cases, ALL & !NAME, |path, fault| copy(control, path, fault, Compact::No))
    })
}

#[test]
fn a_compacted_copy_that_fails_is_complete_or_absent() -> Result<()> {
    shim::apart("a_compacted_copy_that_fails_is_complete_or_absent", |control, cases| {
        walk(cases, ALL & !NAME, |path, fault| copy(control, path, fault, Compact::Yes))
    })
}

#[test]
fn a_failed_compaction_leaves_the_environment_as_it_was() -> Result<()> {
    shim::apart("a_failed_compaction_leaves_the_environment_as_it_was", |control, cases| {
        walk(cases, ALL | MAP, |path, fault| {
            let (env, ledger) = filled(path)?;
            control.arm(fault)?;
            let outcome = env.compact();
            let tally = control.disarm()?;
            if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::CommitOutcomeUnknown) {
                // The new file's name may not be on the disk, so nothing more is promised until it is.
                let refused = env.transact(|txn| ledger.step(txn, 9)).map_err(|error| error.kind());
                assert_eq!(refused.err(), Some(ErrorKind::CommitOutcomeUnknown));
            } else {
                typed(outcome);
                let snap = env.snapshot()?;
                assert_eq!(ledger.check(&snap, |_| false)?, STEPS);
                drop(snap);
                // Handles keep working, whichever file is open.
                env.compact()?;
            }
            drop(env);
            holds(path)?;
            Ok(tally.failed > 0)
        })
    })
}
