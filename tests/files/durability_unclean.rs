//! The record in `mapleaf.lock` decides whether the next opening checks the file. It is checked after a restart of the
//! machine, or if commits were not flushed; after a regular close it is not.

use crate::common::process;
use std::fs;
use std::path::Path;

use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

const OPEN: usize = 9;
const DURABILITY: usize = 10;
const BOOT: usize = 16;

fn record(path: &Path) -> Result<Vec<u8>> {
    io(fs::read(path.join("mapleaf.lock")))
}

fn forge(path: &Path, at: usize, byte: u8) -> Result<()> {
    let mut bytes = record(path)?;
    bytes[at] = byte;
    io(fs::write(path.join("mapleaf.lock"), bytes))
}

/// The child: fills an environment and ends without closing it, as a killed program does.
fn die(path: &Path, durability: &str) -> Result<()> {
    let durability = match durability {
        "immediate" => Durability::Immediate,
        "eventual" => Durability::Eventual,
        _ => Durability::Process,
    };
    let env = Env::options().durability(durability).open(path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..3000).try_for_each(|n| dbi.put(txn, n, &[7; 100])))?;
    process::tell("filled");
    process::hear().map(drop)
}

/// Damage that a check of the branch pages finds and the meta pages do not show: a page with an impossible type.
fn damage(path: &Path) -> Result<()> {
    let data = path.join("data.mdb");
    let mut bytes = io(fs::read(&data))?;
    let branches: Vec<usize> = (2..bytes.len() / 4096).filter(|page| bytes[page * 4096 + 10] == 1).collect();
    assert!(!branches.is_empty());
    for page in branches {
        bytes[page * 4096 + 10] = 4;
    }
    io(fs::write(&data, bytes))
}

/// Makes a damaged environment whose last process was killed. Returns its record.
fn killed(name: &str, path: &Path, durability: &str) -> Result<Vec<u8>> {
    let mut child = process::spawn(name, &[&path.to_string_lossy(), durability])?;
    child.expect("filled");
    child.kill()?;
    damage(path)?;
    record(path)
}

#[test]
fn a_file_is_not_checked_after_a_kill_with_flushed_commits() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return die(Path::new(&arguments[0]), &arguments[1]);
    }
    let dir = directory()?;
    let record = killed("a_file_is_not_checked_after_a_kill_with_flushed_commits", dir.path(), "immediate")?;
    assert_eq!((record[OPEN], record[DURABILITY]), (1, 0));
    // Not checked at opening: the damage is found by the read that reaches it.
    let env = Env::open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    refused(dbi.get(&env.snapshot()?, 1), ErrorKind::Corrupted);
    Ok(())
}

#[test]
fn a_file_is_checked_after_a_restart_of_the_machine() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return die(Path::new(&arguments[0]), &arguments[1]);
    }
    let dir = directory()?;
    let record = killed("a_file_is_checked_after_a_restart_of_the_machine", dir.path(), "immediate")?;
    forge(dir.path(), BOOT, record[BOOT] ^ 1)?;
    refused_with(Env::open(dir.path()), ErrorKind::Corrupted, &["open", "restore"]);
    // After a refused opening it is still unclean.
    refused(Env::open(dir.path()), ErrorKind::Corrupted);
    forge(dir.path(), OPEN, 0)?;
    Env::open(dir.path()).map(drop)
}

#[test]
fn a_file_is_checked_after_a_kill_with_unflushed_commits() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return die(Path::new(&arguments[0]), &arguments[1]);
    }
    for (durability, byte) in [("eventual", 1), ("process", 2)] {
        let dir = directory()?;
        let name = "a_file_is_checked_after_a_kill_with_unflushed_commits";
        let record = killed(name, dir.path(), durability)?;
        assert_eq!((record[OPEN], record[DURABILITY]), (1, byte));
        refused(Env::open(dir.path()), ErrorKind::Corrupted);
        refused(Env::options().read_only(true).open(dir.path()), ErrorKind::Corrupted);
    }
    Ok(())
}

#[test]
fn the_weakest_durability_of_several_processes_is_recorded() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return die(Path::new(&arguments[0]), &arguments[1]);
    }
    let dir = directory()?;
    let first = Env::open(dir.path())?;
    for (durability, byte) in [("immediate", 0), ("eventual", 1), ("immediate", 1)] {
        let name = "the_weakest_durability_of_several_processes_is_recorded";
        let mut child = process::spawn(name, &[&dir.path().to_string_lossy(), durability])?;
        child.expect("filled");
        assert_eq!(record(dir.path())?[DURABILITY], byte, "{durability}");
        child.say("end")?;
        child.passes()?;
        assert_eq!(record(dir.path())?[OPEN], 1, "the first has it open");
    }
    drop(first);
    assert_eq!(record(dir.path())?[OPEN], 0);
    Ok(())
}

#[test]
fn a_writer_that_joins_a_reader_is_recorded() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return die(Path::new(&arguments[0]), &arguments[1]);
    }
    let dir = directory()?;
    drop(Env::open(dir.path())?);
    let reader = Env::options().read_only(true).open(dir.path())?;
    assert_eq!(record(dir.path())?[OPEN], 0, "a reader leaves nothing unfinished");
    let record = killed("a_writer_that_joins_a_reader_is_recorded", dir.path(), "process")?;
    assert_eq!((record[OPEN], record[DURABILITY]), (1, 2));
    drop(reader);
    refused(Env::open(dir.path()), ErrorKind::Corrupted);
    Ok(())
}

#[test]
fn only_the_last_process_to_close_records_a_clean_close() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    assert_eq!(record(dir.path())?[OPEN], 1);
    let clone = env.clone();
    drop(env);
    assert_eq!(record(dir.path())?[OPEN], 1);
    clone.close()?;
    assert_eq!(record(dir.path())?[OPEN], 0);
    drop(clone);
    // A truncated or random record has no meaning: the file is checked, and is sound.
    for bytes in [&b""[..], b"mapleaf", &[0xFF; 64], &[0; 10]] {
        io(fs::write(dir.path().join("mapleaf.lock"), bytes))?;
        drop(Env::open(dir.path())?);
    }
    assert_eq!(record(dir.path())?[OPEN], 0);
    Ok(())
}

#[test]
fn every_durability_keeps_commits_over_a_reopening() -> Result<()> {
    let dir = directory()?;
    for (n, durability) in (0..).zip([Durability::Immediate, Durability::Eventual, Durability::Process]) {
        let env = Env::options().durability(durability).open(dir.path())?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, n, n))?;
        env.sync()?;
        assert_eq!(dbi.len(&env.snapshot()?)?, u64::from(n) + 1);
    }
    Ok(())
}
