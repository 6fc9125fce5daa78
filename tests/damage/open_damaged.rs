//! An opening that is refused because of a check reports everything that the check found.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use crate::common::errors::{directory, io};
use mapleaf::{Dbi, Env, Error, ErrorKind, Result, Verify, VerifyReport};
use tempfile::TempDir;

const PAGE: usize = 4096;
/// Page types, at byte 10.
const BRANCH: u8 = 1;

/// Makes an environment whose branch pages have no valid type; also returns how many there were.
fn damaged() -> Result<(TempDir, usize)> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    for name in ["a", "b"] {
        let rows: Dbi<u32, &[u8]> = env.dbi(name)?;
        env.transact(|txn| (0..500).try_for_each(|n| rows.put(txn, n, &[7; 300])))?;
    }
    drop(env);
    let data = dir.path().join("data.mdb");
    let mut bytes = io(fs::read(&data))?;
    let branches = bytes.chunks_exact_mut(PAGE).skip(2).filter(|page| page[10] == BRANCH);
    let hit = branches.map(|page| page[10] = 0xFF).count();
    io(fs::write(&data, bytes))?;
    Ok((dir, hit))
}

fn refused(path: &Path, verify: Verify) -> Error {
    Env::options().verify(verify).open(path).expect_err("it is damaged")
}

#[test]
fn the_error_of_a_checked_opening_has_the_whole_report() -> Result<()> {
    let (dir, _) = damaged()?;
    let listed = Env::open(dir.path())?.verify()?;
    assert!(listed.faults.len() >= 2, "{listed:?}");
    for verify in [Verify::Fast, Verify::Full] {
        let error = refused(dir.path(), verify);
        assert_eq!((error.kind(), error.page()), (ErrorKind::Corrupted, Some(listed.faults[0].page)));
        assert!(error.to_string().contains(&listed.faults[0].why), "{error}");
        // The message contains the whole report, so there is no cause that would repeat it.
        assert!(error.to_string().contains("faults, first page") && error.source().is_none(), "{error:?}");
        let report: VerifyReport = error.downcast().expect("the cause is the report");
        assert_eq!(report.faults, listed.faults, "{verify:?}");
    }
    Ok(())
}

#[test]
fn a_shared_engine_is_checked_and_refused_in_the_same_way() -> Result<()> {
    let (dir, hit) = damaged()?;
    let env = Env::open(dir.path())?;
    let report: VerifyReport = refused(dir.path(), Verify::Full).downcast().expect("the cause is the report");
    assert_eq!(report, env.verify()?);
    assert!((2..=hit).contains(&report.faults.len()), "{hit} pages were hit: {report:?}");
    Ok(())
}
