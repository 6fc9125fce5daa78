//! One engine per file and process, whatever path the file is opened by.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::errors::{directory, io, refused_with};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

/// Whether both handles have one engine: a write through the first is at once in the second.
fn are_one(first: &Env, second: &Env) -> Result<bool> {
    let here: Dbi<&str, u64> = first.dbi("shared")?;
    let there: Dbi<&str, u64> = second.dbi("shared")?;
    let value = first.info()?.commits;
    first.transact(|txn| here.put(txn, "k", value))?;
    // A handle is valid for both only if they have one engine.
    let snap = second.snapshot()?;
    Ok(there.get(&snap, "k")? == Some(value) && here.get(&snap, "k").is_ok())
}

#[test]
fn every_spelling_of_the_path_is_the_same_engine() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    io(symlink(&path, dir.path().join("link")))?;
    io(fs::create_dir(dir.path().join("hard")))?;
    io(fs::hard_link(path.join("data.mdb"), dir.path().join("hard/data.mdb")))?;
    for other in ["env", "env/", "./env", "env/../env", "link", "hard"] {
        let again = Env::open(dir.path().join(other))?;
        assert!(are_one(&env, &again)?, "{other}");
    }
    let copy = dir.path().join("copy");
    env.copy_to(&copy, mapleaf::Compact::No)?;
    assert_eq!(Env::open(&copy)?.uuid(), env.uuid());
    assert!(!are_one(&env, &Env::open(&copy)?)?, "a copy is another");
    Ok(())
}

#[test]
fn other_options_are_refused_while_an_environment_is_open() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::options().max_dbis(7).open(&path)?;
    let same = Env::options().max_dbis(7).open(&path)?;
    assert!(are_one(&env, &same)?);
    let words = ["other options", "clone"];
    let options = || Env::options().max_dbis(7);
    refused_with(Env::open(&path), ErrorKind::InvalidArgument, &words);
    refused_with(options().durability(Durability::Process).open(&path), ErrorKind::InvalidArgument, &words);
    let both = ["durability Immediate (asked: Process)", "max_dbis 7 (asked: 256)"];
    refused_with(Env::options().durability(Durability::Process).open(&path), ErrorKind::InvalidArgument, &both);
    refused_with(options().read_only(true).open(&path), ErrorKind::InvalidArgument, &words);
    refused_with(options().map_size(1 << 20).open(&path), ErrorKind::InvalidArgument, &words);
    refused_with(
        Env::options().max_dbis(7).single_file(true).open(path.join("data.mdb")),
        ErrorKind::InvalidArgument,
        &words,
    );
    drop((env, same));
    Env::open(&path).map(drop)
}

#[test]
fn an_error_says_who_keeps_the_environment_open() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let others = || Env::options().durability(Durability::Eventual).open(&path);
    let refused = |holders: &str| {
        let words = ["durability Immediate (asked: Eventual)", holders];
        refused_with(others(), ErrorKind::InvalidArgument, &words);
        refused_with(Env::destroy(&path), ErrorKind::Busy, &[holders]);
    };
    refused("1 handle and no snapshot keep it open");
    let clone = env.clone();
    refused("2 handles and no snapshot keep it open");
    let snap = env.snapshot()?;
    drop(clone);
    refused("1 handle and snapshots of 1 state keep it open");
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    env.transact(|txn| rows.put(txn, 1, 1))?;
    let later = env.snapshot()?;
    refused("1 handle and snapshots of 2 states keep it open");
    drop(snap);
    let again = later.clone();
    refused("1 handle and snapshots of 1 state keep it open");
    let txn = env.begin()?;
    refused("2 handles and snapshots of 1 state keep it open");
    txn.abort();
    // The forgotten snapshot is the one that a program has to look for.
    drop((env, again));
    refused("no handle and snapshots of 1 state keep it open");
    drop(later);
    others().map(drop)
}

#[test]
fn a_file_stays_open_as_long_as_any_value_of_it_lives() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "k", 1))?;
    let snap = env.snapshot()?;
    drop(env);
    assert_eq!(dbi.get(&snap, "k")?, Some(1), "a snapshot keeps the file");
    let again = Env::open(&path)?;
    again.transact(|txn| dbi.put(txn, "k", 2))?;
    assert_eq!((dbi.get(&snap, "k")?, dbi.get(&again.snapshot()?, "k")?), (Some(1), Some(2)));
    Ok(())
}

fn names(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in io(fs::read_dir(path))? {
        names.push(io(entry)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[test]
fn the_lock_files_of_a_single_file_are_beside_it() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("store.db");
    let env = Env::options().single_file(true).open(&path)?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "k", 1))?;
    assert_eq!(names(dir.path())?, ["store.db", "store.db-lock", "store.db-mapleaf.lock"]);
    assert_eq!(env.path(), path);
    assert!(Env::exists(&path)?);
    env.compact()?;
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(1));
    env.copy_to(dir.path().join("copy.db"), mapleaf::Compact::No)?;
    drop(env);
    let copy = Env::options().single_file(true).open(dir.path().join("copy.db"))?;
    assert_eq!(copy.dbi::<&str, u32>("d")?.get(&copy.snapshot()?, "k")?, Some(1));
    drop(copy);
    Env::destroy(&path)?;
    Env::destroy(dir.path().join("copy.db"))?;
    assert!(names(dir.path())?.is_empty());
    Ok(())
}

#[test]
fn a_second_open_runs_the_check_that_it_requests() -> Result<()> {
    use std::os::unix::fs::FileExt;
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    env.transact(|txn| rows.load(txn, (0..5000).map(|n| (n, n))))?;
    let checked = || Env::options().verify(mapleaf::Verify::Full).open(dir.path());
    assert!(are_one(&env, &checked()?)?);
    // Swaps two slots of a leaf: keys out of order, which an opening that reads only the meta pages does not see.
    let file = io(fs::OpenOptions::new().read(true).write(true).open(dir.path().join("data.mdb")))?;
    let pages = io(file.metadata())?.len() / 4096;
    for page in 2..pages {
        let mut head = [0; 24];
        io(file.read_exact_at(&mut head, page * 4096))?;
        if head[10] == 2 && u16::from_le_bytes([head[12], head[13]]) > 100 {
            io(file.write_all_at(&[head[18], head[19], head[16], head[17]], page * 4096 + 16))?;
        }
    }
    refused_with(checked(), ErrorKind::Corrupted, &["damaged", "copy"]);
    drop(Env::open(dir.path())?);
    Ok(())
}
