//! A lock file of a newer mapleaf is refused and nothing is written: its record may require a recovery first.

use std::fs;

use mapleaf::{Durability, Env, ErrorKind, Result};

use crate::common::errors::{directory, io, refused_with};
use crate::rows;

#[test]
fn opening_with_a_newer_record_writes_nothing() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Immediate, 1)?;
    drop((env, rows));
    let path = dir.path().join("mapleaf.lock");
    let ours = io(fs::read(&path))?;
    for version in [2, 3, 255] {
        let mut bytes = ours.clone();
        bytes[8] = version;
        bytes[100..].fill(0xAB);
        io(fs::write(&path, &bytes))?;
        for read_only in [false, true] {
            let opened = Env::options().read_only(read_only).open(dir.path());
            refused_with(opened, ErrorKind::FormatVersion, &["mapleaf.lock", &version.to_string(), "newer"]);
        }
        refused_with(Env::destroy(dir.path()), ErrorKind::FormatVersion, &["mapleaf.lock"]);
        assert_eq!(io(fs::read(&path))?, bytes, "nothing is overwritten");
    }
    io(fs::write(&path, ours))?;
    rows::reopened(dir.path(), 1)?;
    Ok(())
}

#[test]
fn leftovers_of_a_killed_compaction_are_removed_and_similar_names_kept() -> Result<()> {
    let dir = directory()?;
    drop(rows::open(dir.path(), Durability::Immediate)?);
    let left = dir.path().join("data.mdb-compact");
    io(fs::write(&left, [0; 5000]))?;
    drop(Env::options().read_only(true).open(dir.path())?);
    assert!(left.exists(), "a reader removes nothing");
    drop(Env::open(dir.path())?);
    assert!(!left.exists());
    // A backup whose name only resembles a leftover of a single file must not be removed.
    let file = dir.path().join("app.db");
    let single = || Env::options().single_file(true);
    let env = single().open(&file)?;
    env.copy_to(dir.path().join("app.db-compact"), mapleaf::Compact::Yes)?;
    drop(env);
    drop(single().open(&file)?);
    assert!(Env::exists(dir.path().join("app.db-compact"))?);
    Ok(())
}
