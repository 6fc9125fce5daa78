//! The words of a killed writer in `mapleaf.lock` make nobody `Busy`, whichever process has its id now.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use mapleaf::{Durability, Env, Result};

use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

/// The offset of the id of the writing process.
const WRITER: u64 = 68;

fn writer(path: &Path) -> Result<u32> {
    let mut bytes = [0; 4];
    io(File::open(path.join("mapleaf.lock")).and_then(|file| file.read_exact_at(&mut bytes, WRITER)))?;
    Ok(u32::from_le_bytes(bytes))
}

fn forge(path: &Path, id: u32) -> Result<()> {
    let file = io(OpenOptions::new().write(true).open(path.join("mapleaf.lock")))?;
    io(file.write_all_at(&id.to_le_bytes(), WRITER))
}

/// The child: holds a transaction, or nothing, until it is told to end.
fn hold(path: &Path, inside: bool) -> Result<()> {
    let (env, rows) = rows::open(path, Durability::Immediate)?;
    if !inside {
        process::tell("open");
        return process::hear().map(drop);
    }
    env.transact(|txn| {
        rows.put(txn, 1, &Vec::new())?;
        process::tell("inside");
        process::hear().map(drop)
    })
}

#[test]
fn a_dead_writer_whose_id_an_unrelated_process_has_is_not_waited_for() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return match arguments.get(1) {
            Some(inside) => hold(Path::new(&arguments[0]), inside == "inside"),
            // An unrelated process: it has another environment open, or none.
            None => process::hear().map(drop),
        };
    }
    let name = "dead_writers_are_not_waited_for::a_dead_writer_whose_id_an_unrelated_process_has_is_not_waited_for";
    let dir = directory()?;
    let path = dir.path().to_string_lossy().into_owned();
    let (env, rows) = rows::open(dir.path(), Durability::Immediate)?;
    let mut stranger = process::spawn(name, &["nothing"])?;
    let mut dying = process::spawn(name, &[&path, "inside"])?;
    dying.expect("inside");
    let id = writer(dir.path())?;
    assert_eq!(id, dying.id());
    assert!(env.try_transact(|txn| rows.put(txn, 1, &Vec::new())).is_err(), "it writes");
    dying.kill()?;
    assert_eq!(writer(dir.path())?, id, "it left its word");
    forge(dir.path(), stranger.id())?;
    env.try_transact(|txn| rows.put(txn, 1, &Vec::new()))?;
    drop((env, rows));
    // The same beside a process that has the environment open and does not write.
    let mut beside = process::spawn(name, &[&path, "outside"])?;
    beside.expect("open");
    let (env, rows) = rows::open(dir.path(), Durability::Immediate)?;
    forge(dir.path(), stranger.id())?;
    env.try_transact(|txn| rows.put(txn, 1, &Vec::new()))?;
    beside.say("end")?;
    beside.passes()?;
    stranger.say("end")?;
    stranger.passes()
}

#[test]
fn opening_alone_clears_the_words_of_a_dead_writer() -> Result<()> {
    let dir = directory()?;
    drop(rows::open(dir.path(), Durability::Immediate)?);
    let file = io(OpenOptions::new().write(true).open(dir.path().join("mapleaf.lock")))?;
    io(file.write_all_at(&[0x11; 56], 64))?;
    let env = Env::open(dir.path())?;
    let mut words = [1; 56];
    io(File::open(dir.path().join("mapleaf.lock")).and_then(|file| file.read_exact_at(&mut words, 64)))?;
    assert_eq!(words, [0; 56]);
    assert_eq!(rows::count(&env)?, 1);
    Ok(())
}

#[test]
fn a_dead_writer_whose_id_this_process_has_is_not_waited_for() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]), false);
    }
    let dir = directory()?;
    drop(rows::open(dir.path(), Durability::Immediate)?);
    let name = "dead_writers_are_not_waited_for::a_dead_writer_whose_id_this_process_has_is_not_waited_for";
    let mut beside = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    beside.expect("open");
    forge(dir.path(), std::process::id())?;
    let env = Env::open(dir.path())?;
    assert_eq!(writer(dir.path())?, 0, "it is not this one that writes");
    assert_eq!(rows::count(&env)?, 1);
    beside.say("end")?;
    beside.passes()
}
