//! `destroy` removes an environment, and only that; `exists` tells before.

#[path = "common/errors.rs"]
mod errors;

use std::fs;

use errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, Result};

#[test]
fn removes_its_files_and_the_empty_directory() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    drop(Env::open(&path)?);
    assert!(Env::exists(&path)?);
    Env::destroy(&path)?;
    assert!(!path.exists() && !Env::exists(&path)?);
    Env::destroy(&path)?;
    let again = Env::open(&path)?;
    assert!(again.dbis()?.is_empty());
    Ok(())
}

#[test]
fn other_files_and_their_directory_stay() -> Result<()> {
    let dir = directory()?;
    drop(Env::open(dir.path())?);
    io(fs::write(dir.path().join("mine.txt"), b"mine"))?;
    Env::destroy(dir.path())?;
    let left: Vec<_> = io(fs::read_dir(dir.path()))?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["mine.txt"]);
    Env::destroy(dir.path())?;
    assert_eq!(io(fs::read(dir.path().join("mine.txt")))?, b"mine");
    Ok(())
}

#[test]
fn busy_while_it_is_open() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    refused_with(Env::destroy(&path), ErrorKind::Busy, &["destroy", "open"]);
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    let snap = env.snapshot()?;
    drop(env);
    refused(Env::destroy(&path), ErrorKind::Busy);
    assert_eq!(dbi.get(&snap, 1)?, Some(1));
    drop(snap);
    Env::destroy(&path)
}

#[test]
fn what_is_no_environment_is_left_alone() -> Result<()> {
    let dir = directory()?;
    let text = dir.path().join("notes.txt");
    io(fs::write(&text, [b'n'; 10_000]))?;
    refused_with(Env::destroy(&text), ErrorKind::Corrupted, &["not an LMDB database"]);
    io(fs::write(dir.path().join("data.mdb"), [b'n'; 10_000]))?;
    refused(Env::destroy(dir.path()), ErrorKind::Corrupted);
    assert_eq!(io(fs::read(&text))?.len(), 10_000);
    assert_eq!(io(fs::read(dir.path().join("data.mdb")))?.len(), 10_000);
    Ok(())
}

#[test]
fn a_damaged_environment_can_be_removed() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    drop(Env::open(&path)?);
    io(fs::write(path.join("data.mdb"), [0; 100]))?;
    refused(Env::open(&path), ErrorKind::Corrupted);
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}
