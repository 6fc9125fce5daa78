//! `compact` replaces the file by a smaller one with the same data, and all handles keep working.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::common::errors::{directory, io, refused_with};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

/// Makes an environment most of whose pages are free. Returns its content, too.
fn hollow(path: &Path) -> Result<(Env, Dbi<u32, &'static [u8]>)> {
    let env = Env::options().durability(Durability::Process).open(path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..2000).try_for_each(|n| dbi.put(txn, n, &[7; 500])))?;
    env.transact(|txn| dbi.delete_range(txn, 10..))?;
    env.transact(|txn| dbi.put(txn, 9, b"last"))?;
    Ok((env, dbi))
}

fn check(env: &Env, dbi: &Dbi<u32, &[u8]>) -> Result<()> {
    let snap = env.snapshot()?;
    assert_eq!(dbi.len(&snap)?, 10);
    assert_eq!(dbi.get(&snap, 9)?, Some(&b"last"[..]));
    assert_eq!(dbi.get(&snap, 0)?, Some(&[7; 500][..]));
    let report = env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    Ok(())
}

#[test]
fn a_compacted_file_is_smaller_with_the_same_data_identity_and_count() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, dbi) = hollow(&path)?;
    let (other, clone) = (Env::options().durability(Durability::Process).open(&path)?, env.clone());
    let (before, uuid) = (env.info()?, env.uuid());
    let inode = io(fs::metadata(path.join("data.mdb")))?.ino();
    env.compact()?;
    let after = env.info()?;
    assert!(after.file_size < before.file_size / 10, "{before:?} {after:?}");
    assert_eq!((after.commits, env.uuid(), after.free_pages), (before.commits, uuid, 0));
    assert_ne!(io(fs::metadata(path.join("data.mdb")))?.ino(), inode);
    for env in [&env, &other, &clone] {
        check(env, &dbi)?;
    }
    // Older handles write and read, and snapshot ids continue.
    other.transact(|txn| dbi.put(txn, 9, b"last"))?;
    assert_eq!(clone.snapshot()?.id(), before.commits + 1);
    env.compact()?;
    check(&env, &dbi)?;
    // The new file is found by its own inode.
    let again = Env::options().durability(Durability::Process).open(&path)?;
    again.transact(|txn| dbi.put(txn, 9, b"last"))?;
    let left: Vec<_> = io(fs::read_dir(&path))?.map_while(|entry| entry.ok().map(|entry| entry.file_name())).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    drop((again, other, clone, env));
    check(&Env::open(&path)?, &Env::open(&path)?.dbi("d")?)
}

#[test]
fn compaction_is_busy_while_a_snapshot_lives_and_changes_nothing() -> Result<()> {
    let dir = directory()?;
    let (env, dbi) = hollow(&dir.path().join("env"))?;
    let snap = env.snapshot()?;
    let before = env.info()?;
    refused_with(env.compact_timeout(Duration::from_millis(50)), ErrorKind::Busy, &["compact", "snapshots"]);
    assert_eq!(env.info()?.file_size, before.file_size);
    assert_eq!(dbi.len(&snap)?, 10);
    env.transact(|txn| dbi.put(txn, 9, b"last"))?;
    drop(snap);
    env.compact()?;
    check(&env, &dbi)
}

#[test]
fn compaction_does_not_replace_a_file_with_several_names() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, dbi) = hollow(&path)?;
    let hard = dir.path().join("hard.mdb");
    io(fs::hard_link(path.join("data.mdb"), &hard))?;
    refused_with(env.compact(), ErrorKind::Unsupported, &["data.mdb", "links"]);
    check(&env, &dbi)?;
    io(fs::remove_file(&hard))?;
    env.compact()?;
    check(&env, &dbi)
}

#[test]
fn leftovers_of_an_interrupted_compaction_are_no_obstacle() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, dbi) = hollow(&path)?;
    io(fs::write(path.join("data.mdb-compact"), [0; 10_000]))?;
    env.compact()?;
    assert!(!path.join("data.mdb-compact").exists());
    check(&env, &dbi)
}

#[test]
fn a_compaction_that_cannot_write_its_copy_keeps_the_old_file() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, dbi) = hollow(&path)?;
    // A directory with the name of the new file.
    io(fs::create_dir_all(path.join("data.mdb-compact/full")))?;
    refused_with(env.compact(), ErrorKind::AlreadyExists, &["data.mdb-compact"]);
    check(&env, &dbi)?;
    env.transact(|txn| dbi.put(txn, 9, b"last"))?;
    io(fs::remove_dir_all(path.join("data.mdb-compact")))?;
    env.compact()?;
    check(&env, &dbi)
}
