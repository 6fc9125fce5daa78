//! The disk fails one process while another has the environment open. The other process continues, and both have seen
//! the truth.

use std::fs;
use std::path::Path;

use crate::common::process;
use crate::common::shim::{Control, FLUSH, Fault, How, META, PAGES, Shim};
use crate::ledger::Ledger;
use mapleaf::{Env, Error, ErrorKind, Result};
use nix::libc::EIO;

const HOWS: [How; 4] = [How::Once, How::OnceMade, How::ForEver, How::ForEverMade];
/// More than the number of calls of the steps below.
const CALLS: u64 = 16;

fn open(path: &Path) -> Result<(Env, Ledger)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).open(path)?;
    let ledger = Ledger::open(&env)?;
    Ok((env, ledger))
}

fn step(env: &Env, ledger: &Ledger, step: u32) -> Result<()> {
    env.transact(|txn| ledger.step(txn, step))
}

fn steps(env: &Env, ledger: &Ledger) -> Result<Vec<u32>> {
    ledger.check(&env.snapshot()?, |_| false)
}

/// The process whose disk fails: reports its progress, and what it finds after it has opened the environment again.
fn fail(root: &Path) -> Result<()> {
    let control = Control::of_this_process(&root.join("cases"))?;
    for how in HOWS {
        for nth in 1..=CALLS {
            process::hear()?;
            let path = root.join(format!("cases/{how:?}-{nth}"));
            let (env, ledger) = open(&path)?;
            control.arm(Fault { classes: PAGES | META | FLUSH, nth, errno: EIO, how })?;
            let mut told = Vec::new();
            let unknown = (1..=5).find_map(|number| match step(&env, &ledger, number) {
                Ok(()) => {
                    told.push(number);
                    None
                }
                Err(error) => Some((number, error)),
            });
            control.disarm()?;
            if let Some((_, error)) = &unknown {
                assert_eq!(error.kind(), ErrorKind::CommitOutcomeUnknown, "{error:?}");
            }
            env.close()?;
            process::tell(&told.len().to_string());
            process::hear()?;
            let (env, ledger) = open(&path)?;
            let found = steps(&env, &ledger)?;
            step(&env, &ledger, 50)?;
            process::tell(&format!("{found:?}"));
        }
    }
    Ok(())
}

#[test]
fn another_process_continues_when_one_process_loses_its_disk() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return fail(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let name = "another_process_continues_when_one_process_loses_its_disk";
    let mut child = Shim::build(dir.path())?.spawn(name, dir.path())?;
    let mut failed = 0;
    for how in HOWS {
        for nth in 1..=CALLS {
            let path = dir.path().join(format!("cases/{how:?}-{nth}"));
            fs::create_dir_all(&path).map_err(Error::other)?;
            let (env, ledger) = open(&path)?;
            step(&env, &ledger, 0)?;
            let before = env.snapshot()?;
            child.say("fail")?;
            let told: u32 = child.line().and_then(|line| line.parse().ok()).ok_or_else(|| Error::other("no word"))?;
            failed += u32::from(told < 5);
            let case = format!("{how:?} at call {nth}, acknowledged {told}");
            let acknowledged: Vec<u32> = (0..=told).collect();
            let first = steps(&env, &ledger)?;
            assert!(first == acknowledged || first == [&acknowledged[..], &[told + 1]].concat(), "{case}: {first:?}");
            // The next commits are based on the state that was seen.
            step(&env, &ledger, 40)?;
            let seen = [&first[..], &[40]].concat();
            assert_eq!(steps(&env, &ledger)?, seen, "{case}");
            child.say("open")?;
            assert_eq!(child.line(), Some(format!("{seen:?}")), "{case}");
            assert_eq!(steps(&env, &ledger)?, [&seen[..], &[50]].concat(), "{case}");
            assert_eq!(ledger.check(&before, |_| false)?, [0], "{case}: a snapshot stays");
            drop(before);
            assert!(env.verify()?.is_clean(), "{case}");
            drop((env, ledger));
            let (env, ledger) = open(&path)?;
            assert_eq!(steps(&env, &ledger)?, [&seen[..], &[50]].concat(), "{case}: when all have closed it");
        }
    }
    child.passes()?;
    assert!(failed > 40, "{failed} failed");
    Ok(())
}
