//! `destroy` removes an environment, and only that; `exists` tells before.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::errors::{directory, io, refused, refused_with};
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

#[test]
fn by_a_link_to_its_directory_it_is_removed_and_the_link_stays() -> Result<()> {
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
    // Beside other files the directory stays, by a link too.
    drop(Env::open(&path)?);
    io(fs::write(path.join("mine.txt"), b"mine"))?;
    Env::destroy(&link)?;
    assert_eq!(io(fs::read_dir(&path))?.count(), 1);
    Ok(())
}

#[test]
fn a_link_to_a_single_file_is_refused_and_both_stay() -> Result<()> {
    let dir = directory()?;
    let (path, link) = (dir.path().join("store.db"), dir.path().join("link.db"));
    drop(Env::options().single_file(true).open(&path)?);
    io(symlink(&path, &link))?;
    // Its lock files lie beside the file, under its own name.
    refused_with(Env::destroy(&link), ErrorKind::Unsupported, &["link.db", "symbolic link"]);
    assert!(link.is_symlink() && Env::exists(&path)?);
    Env::destroy(&path)?;
    assert_eq!(io(fs::read_dir(dir.path()))?.count(), 1, "the link");
    Ok(())
}

#[test]
fn exists_says_what_creating_anew_would_refuse() -> Result<()> {
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
    // It is not asked whether they are a database: that is told by opening them.
    io(fs::write(at("text.db"), b"text"))?;
    agrees(&at("text.db"), true, true)?;
    io(fs::create_dir(at("other")))?;
    io(fs::write(at("other/data.mdb"), b"text"))?;
    agrees(&at("other"), false, true)
}
