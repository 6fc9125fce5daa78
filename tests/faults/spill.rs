//! A transaction of more pages than LMDB keeps in memory writes some of them before it commits. A disk that fails then
//! changes no committed data.

use std::path::Path;

use crate::common::shim::{self, Control, FLUSH, Fault, How, META, PAGES};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};
use nix::libc::{EIO, ENOSPC};

/// The number of pages that LMDB keeps in memory.
const KEPT: u64 = 131_071;
/// Two of these values fill a page.
const ROWS: u32 = 290_000;
const VALUE: [u8; 1900] = [7; 1900];

type Rows = Dbi<u32, &'static [u8]>;

fn open(path: &Path) -> Result<(Env, Rows)> {
    let env = Env::options().durability(Durability::Process).max_map_size(4 << 30).map_size(4 << 30).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

fn fill(env: &Env, rows: &Rows) -> Result<()> {
    env.transact(|txn| (1..=ROWS).try_for_each(|key| rows.put(txn, key, &VALUE)))
}

/// The number of system calls of the whole transaction.
fn calls(control: &Control, path: &Path) -> Result<u64> {
    let (env, rows) = open(path)?;
    control.arm(Fault { classes: PAGES, nth: 0, errno: EIO, how: How::Once })?;
    fill(&env, &rows)?;
    let calls = control.disarm()?.calls;
    assert_eq!(rows.len(&env.snapshot()?)?, u64::from(ROWS));
    assert!(env.info()?.used_pages > KEPT + KEPT / 16);
    env.transact(|txn| rows.clear(txn).map(drop))?;
    assert!(env.verify()?.is_clean());
    drop((env, rows));
    Env::destroy(path)?;
    Ok(calls)
}

#[test]
#[ignore = "takes 2 GiB of memory"]
fn pages_written_before_a_commit_are_part_of_it() -> Result<()> {
    shim::apart("pages_written_before_a_commit_are_part_of_it", |control, cases| {
        let calls = calls(control, &cases.join("whole"))?;
        let path = cases.join("env");
        let (mut env, mut rows) = open(&path)?;
        env.transact(|txn| rows.put(txn, 0, b"kept"))?;
        for (nth, errno, kind) in [
            (1, ENOSPC, ErrorKind::DiskFull),
            (calls / 2, ENOSPC, ErrorKind::DiskFull),
            (1, EIO, ErrorKind::CommitOutcomeUnknown),
            (calls, EIO, ErrorKind::CommitOutcomeUnknown),
        ] {
            control.arm(Fault { classes: PAGES | META | FLUSH, nth, errno, how: How::Once })?;
            let outcome = fill(&env, &rows);
            assert_eq!(control.disarm()?.failed, 1, "call {nth} of {calls}");
            assert_eq!(outcome.map_err(|error| error.kind()), Err(kind), "call {nth} of {calls}");
            if kind == ErrorKind::CommitOutcomeUnknown {
                env.close()?;
                (env, rows) = open(&path)?;
            }
            assert_eq!(rows.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(0, &b"kept"[..])]);
            env.transact(|txn| rows.put(txn, 0, b"kept"))?;
            assert!(env.verify()?.is_clean());
        }
        fill(&env, &rows)?;
        assert_eq!(rows.len(&env.snapshot()?)?, u64::from(ROWS) + 1);
        assert!(env.verify()?.is_clean());
        Ok(())
    })
}
