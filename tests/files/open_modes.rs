//! What opening may create and what it must find. A refused opening creates nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::Barrier;

use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, Durability, Env, ErrorKind, OpenMode, Result};

#[test]
fn an_absent_environment_is_not_found_with_must_exist_or_read_only() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let named = ["env", "open", "no environment"];
    refused_with(Env::options().mode(OpenMode::MustExist).open(&path), ErrorKind::NotFound, &named);
    refused_with(Env::options().read_only(true).open(&path), ErrorKind::NotFound, &named);
    assert!(!path.exists(), "nothing was created");
    io(fs::create_dir(&path))?;
    refused(Env::options().mode(OpenMode::MustExist).open(&path), ErrorKind::NotFound);
    io(fs::write(path.join("data.mdb"), b""))?;
    refused(Env::options().read_only(true).open(&path), ErrorKind::NotFound);
    // An empty file, as an interrupted creation leaves it, becomes a new environment.
    let env = Env::open(&path)?;
    assert!(env.dbis()?.is_empty());
    Ok(())
}

#[test]
fn an_empty_file_is_no_existing_environment() -> Result<()> {
    let dir = directory()?;
    io(fs::write(dir.path().join("data.mdb"), b""))?;
    assert!(!Env::exists(dir.path())?);
    refused(Env::options().mode(OpenMode::MustExist).open(dir.path()), ErrorKind::NotFound);
    Env::options().mode(OpenMode::CreateNew).open(dir.path()).map(drop)
}

#[test]
fn an_existing_environment_is_already_exists_with_create_new() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("a/b/env");
    let new = || Env::options().mode(OpenMode::CreateNew).open(&path);
    assert!(!Env::exists(&path)?);
    let env = new()?;
    assert!(Env::exists(&path)?);
    refused_with(new(), ErrorKind::AlreadyExists, &["env", "choose another path"]);
    drop(env);
    refused(new(), ErrorKind::AlreadyExists);
    Env::options().mode(OpenMode::MustExist).open(&path).map(drop)
}

#[test]
fn exactly_one_of_many_threads_creates_the_environment() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let barrier = Barrier::new(4);
    let open = || {
        barrier.wait();
        Env::options().mode(OpenMode::CreateNew).durability(Durability::Process).open(&path)
    };
    let outcomes: Vec<Result<Env>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let created = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((created, outcomes.len()), (1, 4));
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }
    Ok(())
}

#[test]
fn a_file_instead_of_a_directory_and_the_reverse_are_refused() -> Result<()> {
    let dir = directory()?;
    let (file, folder) = (dir.path().join("file"), dir.path().join("folder"));
    io(fs::write(&file, b"text"))?;
    io(fs::create_dir(&folder))?;
    refused_with(Env::open(&file), ErrorKind::InvalidArgument, &["file", "single_file"]);
    refused_with(Env::options().single_file(true).open(&folder), ErrorKind::InvalidArgument, &["folder", "directory"]);
    refused_with(Env::open(file.join("env")), ErrorKind::InvalidArgument, &["not a directory"]);
    io(fs::create_dir(folder.join("data.mdb")))?;
    refused_with(Env::open(&folder), ErrorKind::InvalidArgument, &["data.mdb", "regular"]);
    assert_eq!(io(fs::read(&file))?, b"text");
    let left: Vec<_> = io(fs::read_dir(&folder))?.collect();
    assert_eq!(left.len(), 1, "nothing was created beside it: {left:?}");
    Ok(())
}

#[test]
fn paths_that_are_no_regular_files_are_refused() -> Result<()> {
    let dir = directory()?;
    let socket = UnixListener::bind(dir.path().join("data.mdb"));
    io(socket)?;
    refused(Env::open(dir.path()), ErrorKind::InvalidArgument);
    refused(Env::options().single_file(true).open("/dev/null"), ErrorKind::InvalidArgument);
    let dangling = dir.path().join("dangling");
    io(symlink(dir.path().join("nowhere"), &dangling))?;
    refused_with(Env::open(&dangling), ErrorKind::NotFound, &["dangling"]);
    refused(Env::open(""), ErrorKind::NotFound);
    refused(Env::open("a\0b"), ErrorKind::InvalidArgument);
    refused(Env::open("/proc/self/nothing-can-be-created-here/env"), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn created_files_are_private_to_the_owner() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let mode = |path: &std::path::Path| io(fs::metadata(path)).map(|metadata| metadata.permissions().mode() & 0o777);
    assert_eq!(mode(&path)?, 0o700);
    for file in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
        assert_eq!(mode(&path.join(file))?, 0o600, "{file}");
    }
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    env.copy_to(dir.path().join("copy"), mapleaf::Compact::Yes)?;
    assert_eq!(mode(&dir.path().join("copy/data.mdb"))?, 0o600, "a copy is no more public than its original");
    io(fs::set_permissions(path.join("data.mdb"), fs::Permissions::from_mode(0o640)))?;
    env.compact()?;
    assert_eq!(mode(&path.join("data.mdb"))?, 0o640, "compaction keeps the mode");
    Ok(())
}
