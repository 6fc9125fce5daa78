//! The disk fails under several threads at once: each sees the true outcome of its own transaction.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use crate::common::shim::{self, Control, FLUSH, Fault, How, META, PAGES};
use crate::ledger::Ledger;
use mapleaf::{Durability, Env, Error, ErrorKind, Result};
use nix::libc::{EIO, ENOSPC};

const THREADS: u32 = 4;
const TURNS: u32 = 5;
const UNKNOWN: Option<ErrorKind> = Some(ErrorKind::CommitOutcomeUnknown);

/// The outcomes of the threads' steps.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<u32>,
    unchanged: BTreeSet<u32>,
    unknown: BTreeSet<u32>,
}

fn open(path: &Path) -> Result<(Env, Ledger)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).durability(Durability::Immediate).open(path)?;
    let ledger = Ledger::open(&env)?;
    Ok((env, ledger))
}

fn steps(env: &Env, ledger: &Ledger, thread: u32) -> Vec<(u32, Option<ErrorKind>)> {
    let step = |turn| {
        let step = thread * 100 + turn;
        (step, env.transact(|txn| ledger.step(txn, step)).err().map(|error| error.kind()))
    };
    (0..TURNS).map(step).collect()
}

fn work(env: &Env, ledger: &Ledger) -> Result<Told> {
    let (barrier, mut told) = (Barrier::new(THREADS as usize), Told::default());
    thread::scope(|scope| {
        let run = |thread| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                steps(env, ledger, thread)
            })
        };
        let threads: Vec<_> = (1..=THREADS).map(run).collect();
        for thread in threads {
            let outcomes = thread.join().map_err(|_| Error::other("a panic"))?;
            let mut rest = outcomes.iter().skip_while(|(_, kind)| *kind != UNKNOWN);
            assert!(rest.all(|(_, kind)| *kind == UNKNOWN), "work goes on: {outcomes:?}");
            for (step, kind) in outcomes {
                let set = match kind {
                    None => &mut told.acknowledged,
                    UNKNOWN => &mut told.unknown,
                    // Transactions that were based on a failed commit are told to retry.
                    Some(ErrorKind::DiskFull | ErrorKind::Conflict) => &mut told.unchanged,
                    Some(kind) => return Err(Error::other(format!("step {step}: {kind:?}"))),
                };
                set.insert(step);
            }
        }
        Ok(told)
    })
}

/// Returns whether a step failed, and whether a step of unknown outcome happened.
fn case(control: &Control, path: &Path, fault: Fault) -> Result<(bool, bool)> {
    let (env, ledger) = open(path)?;
    control.arm(fault)?;
    let told = work(&env, &ledger);
    let tally = control.disarm()?;
    let told = told?;
    env.close()?;
    let (env, ledger) = open(path)?;
    let found: BTreeSet<u32> = ledger.check(&env.snapshot()?, |_| false)?.into_iter().collect();
    assert!(told.acknowledged.is_subset(&found), "{fault:?}: acknowledged and lost");
    assert!(told.unchanged.is_disjoint(&found), "{fault:?}: refused and there");
    assert!(env.verify()?.is_clean());
    env.transact(|txn| ledger.step(txn, 99))?;
    if tally.failed == 0 {
        assert_eq!(told.acknowledged.len(), (THREADS * TURNS) as usize, "{fault:?}");
    } else if fault.errno == EIO {
        assert!(!told.unknown.is_empty() && told.unchanged.is_empty(), "{fault:?}");
    }
    Ok((tally.failed > 0, !told.unknown.is_disjoint(&found)))
}

#[test]
fn each_thread_sees_the_true_outcome_of_its_own_transactions() -> Result<()> {
    shim::apart("each_thread_sees_the_true_outcome_of_its_own_transactions", |control, cases| {
        let (mut failed, mut happened) = (0, 0);
        for errno in [EIO, ENOSPC] {
            for how in [How::Once, How::ForEver, How::ForEverMade] {
                for nth in (1..30).chain((30..60).step_by(3)) {
                    let path = cases.join(format!("{errno}-{how:?}-{nth}"));
                    let fault = Fault { classes: PAGES | META | FLUSH, nth, errno, how };
                    let (did, was) = case(control, &path, fault)?;
                    (failed, happened) = (failed + u32::from(did), happened + u32::from(was));
                    fs::remove_dir_all(&path).map_err(Error::other)?;
                }
            }
        }
        assert!(failed >= 60 && happened >= 2, "{failed} failed, {happened} happened");
        Ok(())
    })
}
