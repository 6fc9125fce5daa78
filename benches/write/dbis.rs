//! Many databases created in one transaction, in an empty environment that is made for each round.

use std::path::Path;
use std::time::Duration;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvFlags};
use mapleaf::{Dbi, Durability, Env};
use tempfile::TempDir;

use crate::support::{Case, Lane, Outcome, Role, Suite, open_heed_with, timed};

pub(crate) fn dbis(suite: &mut Suite) -> Outcome {
    for rows in [0, 1] {
        let count = suite.plan.work(4_000, 40);
        let with = if rows == 0 { "empty" } else { "with a row each" };
        let case = Case::new(format!("creation of {count} databases in one transaction, {with}"), count);
        // To put a row, LMDB opens a handle, for which it compares the names of all open ones. An empty database is made
        // without one.
        let case = if rows == 0 { case.target(1.0) } else { case };
        if !suite.runs_any(std::slice::from_ref(&case)) {
            continue;
        }
        let dir = suite.plan.dir();
        let lanes = vec![
            Lane::timing(Role::Heed, || heed_round(&dir, count, rows)),
            Lane::timing(Role::Mapleaf, || mapleaf_round(&dir, count, rows)),
        ];
        suite.race_rounds(&case, 21, 1, lanes)?;
    }
    Ok(())
}

fn directory(path: &Path) -> Outcome<TempDir> {
    Ok(tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(path)?)
}

fn heed_round(path: &Path, count: u32, rows: u32) -> Outcome<(Duration, u64)> {
    let dir = directory(path)?;
    // As many handles as mapleaf asks of LMDB.
    let env = open_heed_with(dir.path(), Durability::Process, EnvFlags::NO_READ_AHEAD, 2 * count + 2)?;
    let mut work = || {
        let txn = env.write_txn()?;
        env.create_databases_and_commit(txn, |opener, txn| {
            for n in 0..count {
                let dbi = opener.create_database::<Bytes, Bytes>(txn, Some(&format!("database {n}")))?;
                (0..rows).try_for_each(|row| dbi.put(txn, &row.to_be_bytes(), &n.to_be_bytes()))?;
            }
            Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
        })?;
        Ok(u64::from(count))
    };
    timed(&mut work)
}

fn mapleaf_round(path: &Path, count: u32, rows: u32) -> Outcome<(Duration, u64)> {
    let dir = directory(path)?;
    let env = Env::options().durability(Durability::Process).max_dbis(count).open(dir.path())?;
    let mut work = || {
        env.transact(|txn| {
            for n in 0..count {
                let dbi: Dbi<u32, u32> = txn.create_dbi(&format!("database {n}"))?;
                (0..rows).try_for_each(|row| dbi.put(txn, row, n))?;
            }
            Ok(())
        })?;
        Ok(u64::from(count))
    };
    timed(&mut work)
}
