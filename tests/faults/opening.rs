//! Each system call of creating and opening an environment fails. The error has a kind, and the next opening works and
//! finds everything.

use std::fs;
use std::path::Path;

use crate::common::shim::{self, Control, FLUSH, Fault, How, MAP, META, NAME, OPEN, PAGES, SPACE};
use crate::ledger::Ledger;
use mapleaf::{Durability, Env, EnvOptions, Error, ErrorKind, Result};
use nix::libc::{EIO, ENOSPC};

const ALL: u64 = PAGES | META | FLUSH | SPACE | MAP | OPEN | NAME;
const HOWS: [How; 6] =
    [How::Once, How::OnceMade, How::ForEver, How::Short(4096), How::Short(100), How::ShortForEver(4096)];

fn options() -> EnvOptions {
    Env::options().map_size(1 << 20).max_readers(16).durability(Durability::Immediate)
}

/// Checks that `error` has a kind that a failing system may cause.
fn typed(error: &Error) {
    let kinds = [ErrorKind::Io, ErrorKind::DiskFull, ErrorKind::CommitOutcomeUnknown];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

/// Opens under a fault, then without one. Returns whether the fault occurred.
fn case(control: &Control, path: &Path, fault: Fault, steps: &[u32]) -> Result<bool> {
    control.arm(fault)?;
    let opened = options().open(path);
    let tally = control.disarm()?;
    if let Err(error) = &opened {
        typed(error);
    }
    // A fault that did not stop the opening may show later, but not in existing data.
    drop(opened);
    let env = options().open(path)?;
    let ledger = Ledger::open(&env)?;
    assert_eq!(ledger.check(&env.snapshot()?, |_| false)?, steps, "{fault:?}");
    env.transact(|txn| ledger.step(txn, 9))?;
    assert!(env.verify()?.is_clean());
    Ok(tally.failed > 0)
}

fn walk(control: &Control, cases: &Path, base: Option<&Path>, steps: &[u32]) -> Result<()> {
    for errno in [EIO, ENOSPC] {
        for how in HOWS {
            for nth in 1.. {
                assert!(nth < 500, "openings without end");
                let top = cases.join(format!("{errno}-{how:?}-{nth}"));
                let path = top.join("above/env");
                if let Some(base) = base {
                    fs::create_dir_all(&path).map_err(Error::other)?;
                    fs::copy(base.join("data.mdb"), path.join("data.mdb")).map_err(Error::other)?;
                }
                println!("{}", path.display());
                // On a full disk, files can still be opened and removed.
                let classes = if matches!(how, How::ShortForEver(_)) { ALL & !NAME & !OPEN } else { ALL };
                let met = case(control, &path, Fault { classes, nth, errno, how }, steps)?;
                fs::remove_dir_all(&top).map_err(Error::other)?;
                if !met {
                    assert!(nth > 5, "few calls");
                    break;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_failed_creation_is_completed_by_the_next_opening() -> Result<()> {
    shim::apart("a_failed_creation_is_completed_by_the_next_opening", |control, cases| walk(control, cases, None, &[]))
}

#[test]
fn a_failed_opening_changes_nothing() -> Result<()> {
    shim::apart("a_failed_opening_changes_nothing", |control, cases| {
        let base = cases.join("base");
        let env = options().open(&base)?;
        let ledger = Ledger::open(&env)?;
        env.transact(|txn| (1..5).try_for_each(|step| ledger.step(txn, step)))?;
        env.close()?;
        walk(control, cases, Some(&base), &[1, 2, 3, 4])
    })
}
