//! Processes that create, open and remove one environment at the same time: one creates, and nobody works on files that
//! another has removed.

use crate::common::process;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, OpenMode, Result};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

/// Tries to create the environment each time that the parent says so, and closes it again.
fn create(path: &Path) -> Result<()> {
    loop {
        let line = process::hear()?;
        let Some((_, name)) = line.split_once(' ') else { return Ok(()) };
        let opened = options().mode(OpenMode::CreateNew).open(path.join(name));
        process::tell(match &opened {
            Ok(_) => "created",
            Err(error) if error.kind() == ErrorKind::AlreadyExists => "exists",
            Err(error) => return Err(Error::other(format!("{error:?}"))),
        });
    }
}

#[test]
fn one_of_many_processes_creates() -> Result<()> {
    let name = "one_of_many_processes_creates";
    if let Some(arguments) = process::arguments() {
        return create(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().to_string_lossy();
    let mut children = (0..3).map(|_| process::spawn(name, &[&path])).collect::<Result<Vec<_>>>()?;
    for round in 0..40 {
        for child in &mut children {
            child.say(&format!("create {round}"))?;
        }
        let told: Vec<_> = children.iter().filter_map(process::Child::line).collect();
        assert_eq!(told.iter().filter(|line| *line == "created").count(), 1, "round {round}: {told:?}");
        assert_eq!(told.len(), 3, "round {round}: {told:?}");
    }
    for mut child in children {
        child.say("end")?;
        child.passes()?;
    }
    Ok(())
}

/// Opens the environment, says so, and holds it.
fn hold(path: &Path) -> Result<()> {
    process::tell("opening");
    let _env = options().open(path)?;
    process::tell("open");
    process::hear().map(drop)
}

#[test]
fn a_lock_file_that_was_removed_keeps_nobody_apart() -> Result<()> {
    let name = "a_lock_file_that_was_removed_keeps_nobody_apart";
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().join("env");
    drop(options().open(&path)?);
    // What a removal in another process does: the lock, held alone, until its file is gone.
    let lock = std::fs::File::options().read(true).write(true).open(path.join("mapleaf.lock")).map_err(Error::other)?;
    let whole = libc::flock { l_type: 1, l_whence: 0, l_start: 0, l_len: 1, l_pid: 0 };
    // It may wait: for a moment between fork and exec, a child that another test spawns has the closed environment's lock too.
    fcntl(&lock, FcntlArg::F_OFD_SETLKW(&whole)).map_err(Error::other)?;
    let mut child = process::spawn(name, &[&path.to_string_lossy()])?;
    child.expect("opening");
    // Time enough to wait for the lock; if it is not, the test sees less and does not fail.
    thread::sleep(Duration::from_millis(100));
    std::fs::remove_file(path.join("mapleaf.lock")).map_err(Error::other)?;
    drop(lock);
    child.expect("open");
    let destroyed = Env::destroy(&path).map_err(|error| error.kind());
    assert_eq!(destroyed, Err(ErrorKind::Busy), "the child has it open");
    child.say("end")?;
    child.passes()?;
    Env::destroy(&path)
}

/// Opens, writes, checks that it is written, and removes, whatever the others do.
fn come_and_go(path: &Path) -> Result<()> {
    let id = std::process::id();
    let mut worked = 0;
    for turn in 0..60 {
        let env = match options().open(path) {
            Ok(env) => env,
            // Removed between one look at it and the next.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Busy) => continue,
            Err(error) => return Err(error),
        };
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, id, turn))?;
        assert_eq!(dbi.get(&env.snapshot()?, id)?, Some(turn), "what was written is in the file that is open");
        // The file at the path is the one that is open: it would be another if somebody had removed this one.
        assert!(Env::exists(path)?);
        worked += 1;
        drop((env, dbi));
        match Env::destroy(path) {
            Err(error) if error.kind() != ErrorKind::Busy => return Err(error),
            _ => {}
        }
    }
    assert!(worked > 0);
    Ok(())
}

#[test]
fn opening_and_removing_at_the_same_time() -> Result<()> {
    let name = "opening_and_removing_at_the_same_time";
    if let Some(arguments) = process::arguments() {
        return come_and_go(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().join("env");
    let text = path.to_string_lossy();
    let children = (0..3).map(|_| process::spawn(name, &[&text])).collect::<Result<Vec<_>>>()?;
    children.into_iter().try_for_each(process::Child::passes)?;
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}
