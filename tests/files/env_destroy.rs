//! `destroy` removes an environment and nothing else; `exists` says beforehand whether there is one.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, Result};

#[test]
fn destroy_removes_the_files_and_the_empty_directory() -> Result<()> {
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
fn destroy_keeps_other_files_and_their_directory() -> Result<()> {
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
fn destroy_is_busy_while_the_environment_is_open() -> Result<()> {
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
fn destroy_keeps_a_directory_that_is_no_environment() -> Result<()> {
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
fn destroy_removes_a_damaged_environment() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    drop(Env::open(&path)?);
    io(fs::write(path.join("data.mdb"), [0; 100]))?;
    refused(Env::open(&path), ErrorKind::Corrupted);
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}

#[test]
fn destroy_through_a_link_to_the_directory_keeps_the_link() -> Result<()> {
    let dir = directory()?;
    let (path, link) = (dir.path().join("env"), dir.path().join("link"));
    io(symlink(&path, &link))?;
    Env::destroy(&link)?;
    let env = Env::open(&path)?;
    refused(Env::destroy(&link), ErrorKind::Busy);
    drop(env);
    assert!(Env::exists(&link)?);
    Env::destroy(&link)?;
    assert!(!path.exists() && link.is_symlink());
    assert!(!Env::exists(&link)?);
    Env::destroy(&link)?;
    // A directory with other files stays, also if it is reached through a link.
    drop(Env::open(&path)?);
    io(fs::write(path.join("mine.txt"), b"mine"))?;
    Env::destroy(&link)?;
    assert_eq!(io(fs::read_dir(&path))?.count(), 1);
    Ok(())
}

#[test]
fn destroy_refuses_a_link_to_a_single_file() -> Result<()> {
    let dir = directory()?;
    let (path, link) = (dir.path().join("store.db"), dir.path().join("link.db"));
    drop(Env::options().single_file(true).open(&path)?);
    io(symlink(&path, &link))?;
    // The lock files of a single file are beside it and have its name.
    refused_with(Env::destroy(&link), ErrorKind::Unsupported, &["link.db", "symbolic link"]);
    assert!(link.is_symlink() && Env::exists(&path)?);
    Env::destroy(&path)?;
    assert_eq!(io(fs::read_dir(dir.path()))?.count(), 1, "the link");
    Ok(())
}

#[test]
fn exists_agrees_with_what_create_new_refuses() -> Result<()> {
    let dir = directory()?;
    let agrees = |path: &std::path::Path, single_file: bool, there: bool| {
        assert_eq!(Env::exists(path)?, there, "{}", path.display());
        let options = Env::options().single_file(single_file).mode(mapleaf::OpenMode::CreateNew);
        if there {
            refused(options.open(path), ErrorKind::AlreadyExists);
        } else {
            options.open(path)?;
        }
        assert!(Env::exists(path)?);
        Ok::<_, mapleaf::Error>(())
    };
    let at = |name: &str| dir.path().join(name);
    agrees(&at("absent"), false, false)?;
    io(fs::create_dir(at("empty")))?;
    agrees(&at("empty"), false, false)?;
    io(fs::write(at("no-bytes.db"), []))?;
    agrees(&at("no-bytes.db"), true, false)?;
    // `exists` does not ask whether a file is a database; opening it does.
    io(fs::write(at("text.db"), b"text"))?;
    agrees(&at("text.db"), true, true)?;
    io(fs::create_dir(at("other")))?;
    io(fs::write(at("other/data.mdb"), b"text"))?;
    agrees(&at("other"), false, true)
}
