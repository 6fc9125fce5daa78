//! When one process drops, recreates or clears a DBI, every other process sees its present state: absent, of another
//! type, or empty. Old data is never read under new types, and a write never recreates a dropped DBI.

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::process;
use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

/// The child: carries out the parent's commands until the parent tells it to end.
fn serve(path: &str) -> Result<()> {
    let env = Env::open(path)?;
    // The first write opens LMDB's handle.
    let old: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| old.put(txn, "child", 1))?;
    process::tell("ready");
    loop {
        match process::hear()?.as_str() {
            "drop" => env.drop_dbi("d")?,
            "clear" => env.clear_dbi("d")?,
            "make text" => {
                let dbi: Dbi<&str, &str> = env.dbi("d")?;
                env.transact(|txn| dbi.put(txn, "text", "new"))?;
            }
            "make again" => {
                let dbi: Dbi<&str, u32> = env.dbi("d")?;
                env.transact(|txn| dbi.put(txn, "again", 2))?;
            }
            "put through the old handle" => {
                env.transact(|txn| old.put(txn, "old", 3))?;
            }
            _ => return Ok(()),
        }
        process::tell("done");
    }
}

struct Pair {
    env: Env,
    dbi: Dbi<&'static str, u32>,
    child: process::Child,
    _dir: tempfile::TempDir,
}

/// This process and a child, both with handles of a DBI that both have written to.
fn pair(name: &str) -> Result<Pair> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "parent", 1))?;
    let child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    Ok(Pair { env, dbi, child, _dir: dir })
}

impl Pair {
    fn child_does(&mut self, what: &str) -> Result<()> {
        self.child.say(what)?;
        match self.child.line() {
            Some(line) if line == "done" => Ok(()),
            other => Err(Error::other(format!("the child did not {what}: {other:?}"))),
        }
    }

    fn end(mut self) -> Result<()> {
        assert!(self.env.verify()?.is_clean());
        self.child.say("end")?;
        self.child.passes()
    }
}

#[test]
fn a_dbi_dropped_by_another_process_is_not_found_and_stays_dropped() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("a_dbi_dropped_by_another_process_is_not_found_and_stays_dropped")?;
    let before = pair.env.snapshot()?;
    pair.child_does("drop")?;
    let Pair { env, dbi, .. } = &pair;
    refused_with(dbi.get(&env.snapshot()?, "parent"), ErrorKind::NotFound, &["\"d\"", "dropped"]);
    refused(env.transact(|txn| dbi.put(txn, "parent", 2)), ErrorKind::NotFound);
    refused(env.transact(|txn| dbi.clear(txn).map(drop)), ErrorKind::NotFound);
    assert!(env.dbis()?.is_empty());
    assert_eq!(dbi.get(&before, "parent")?, Some(1));
    refused(env.dbi_options().create(false).open::<&str, u32>("d"), ErrorKind::NotFound);
    // The name is free in this process, too, although LMDB's handle is still open.
    let new: Dbi<&str, u64> = env.dbi("d")?;
    env.transact(|txn| new.put(txn, "new", 5))?;
    let snap = env.snapshot()?;
    assert_eq!(new.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("new", 5)]);
    refused(dbi.get(&snap, "new"), ErrorKind::NotFound);
    pair.end()
}

#[test]
fn a_dbi_recreated_by_another_process_is_not_read_under_its_old_types() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("a_dbi_recreated_by_another_process_is_not_read_under_its_old_types")?;
    pair.child_does("drop")?;
    pair.child_does("make text")?;
    let Pair { env, dbi, .. } = &pair;
    refused(dbi.get(&env.snapshot()?, "text"), ErrorKind::NotFound);
    refused(env.transact(|txn| dbi.put(txn, "text", 2)), ErrorKind::NotFound);
    refused_with(env.dbi::<&str, u32>("d"), ErrorKind::SchemaMismatch, &["str, str", "str, u32"]);
    let text: Dbi<&str, &str> = env.dbi("d")?;
    env.transact(|txn| text.put(txn, "parent", "too"))?;
    let entries = text.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>().map(|all| all.len())?;
    assert_eq!(entries, 2);
    pair.end()
}

#[test]
fn a_dbi_recreated_by_another_process_with_the_same_types_is_a_different_dbi() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("a_dbi_recreated_by_another_process_with_the_same_types_is_a_different_dbi")?;
    pair.child_does("drop")?;
    pair.child_does("make again")?;
    let Pair { env, dbi, .. } = &pair;
    refused(dbi.get(&env.snapshot()?, "again"), ErrorKind::NotFound);
    let again: Dbi<&str, u32> = env.dbi("d")?;
    assert_eq!(again.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [("again", 2)]);
    pair.end()
}

#[test]
fn a_dbi_cleared_by_another_process_is_empty_and_keeps_its_handles() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("a_dbi_cleared_by_another_process_is_empty_and_keeps_its_handles")?;
    let before = pair.env.snapshot()?;
    pair.child_does("clear")?;
    assert!(pair.dbi.is_empty(&pair.env.snapshot()?)?);
    assert_eq!(pair.dbi.len(&before)?, 2);
    pair.env.transact(|txn| pair.dbi.put(txn, "after", 2))?;
    pair.child_does("put through the old handle")?;
    let snap = pair.env.snapshot()?;
    assert_eq!(pair.dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("after", 2), ("old", 3)]);
    drop((snap, before));
    pair.end()
}

#[test]
fn a_dbi_dropped_beside_another_process_is_neither_counted_nor_listed() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("a_dbi_dropped_beside_another_process_is_neither_counted_nor_listed")?;
    for turn in 0..5 {
        pair.env.drop_dbi("d")?;
        assert!(pair.env.dbis()?.is_empty());
        refused(pair.env.drop_dbi("d"), ErrorKind::NotFound);
        refused(pair.env.clear_dbi("d"), ErrorKind::NotFound);
        pair.child_does("make again")?;
        assert_eq!(pair.env.dbis()?[0].entries, 1, "turn {turn}");
    }
    let path = pair.env.path().to_path_buf();
    pair.env.drop_dbi("d")?;
    assert!(io(path.join("data.mdb").metadata())?.len() > 0);
    pair.end()
}

#[test]
fn compaction_removes_the_rest_of_a_dbi_dropped_under_open_handles() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let mut pair = pair("compaction_removes_the_rest_of_a_dbi_dropped_under_open_handles")?;
    pair.child_does("drop")?;
    let Pair { env, dbi, mut child, _dir: dir } = pair;
    child.say("end")?;
    child.passes()?;
    assert!(env.dbis()?.is_empty());
    let commits = env.info()?.commits;
    env.compact()?;
    assert_eq!(env.info()?.commits, commits, "nothing that anybody reads has changed");
    assert_eq!(dbi.get(&env.snapshot()?, "parent").map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    drop(env);
    // LMDB's own list of databases holds the catalogue and no other.
    let found = io(std::fs::read(dir.path().join("data.mdb")))?;
    assert!(!found.windows(5).any(|bytes| bytes == b"dbi/d"), "the record is gone");
    Ok(())
}
