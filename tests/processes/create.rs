//! Processes that create, open and remove one environment at the same time: exactly one creates it, and no process
//! works on files that another has removed.

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

/// The child: tries to create the environment whenever the parent says so, and closes it again.
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
fn exactly_one_of_many_processes_creates_the_environment() -> Result<()> {
    let name = "exactly_one_of_many_processes_creates_the_environment";
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

/// The child: opens the environment, reports it, and keeps it open.
fn hold(path: &Path) -> Result<()> {
    process::tell("opening");
    let _env = options().open(path)?;
    process::tell("open");
    process::hear().map(drop)
}

#[test]
fn an_opening_that_waited_for_a_removed_lock_file_uses_the_new_one() -> Result<()> {
    let name = "an_opening_that_waited_for_a_removed_lock_file_uses_the_new_one";
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().join("env");
    drop(options().open(&path)?);
    // As a removal by another process: holds the lock exclusively until its file is gone.
    let lock = std::fs::File::options().read(true).write(true).open(path.join("mapleaf.lock")).map_err(Error::other)?;
    let whole = libc::flock { l_type: 1, l_whence: 0, l_start: 0, l_len: 1, l_pid: 0 };
    // It may wait: for a moment between fork and exec, a child that another test spawns also holds the lock of the
    // closed environment.
    fcntl(&lock, FcntlArg::F_OFD_SETLKW(&whole)).map_err(Error::other)?;
    let mut child = process::spawn(name, &[&path.to_string_lossy()])?;
    child.expect("opening");
    // Time for the opening thread to wait for the lock. If it comes too late, the test sees less and does not fail.
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

/// The child: opens, writes, checks the write, and removes the environment, whatever the others do.
fn come_and_go(path: &Path) -> Result<()> {
    let id = std::process::id();
    let mut worked = 0;
    for turn in 0..60 {
        let env = match options().open(path) {
            Ok(env) => env,
            // Removed by another process between two steps of the opening.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Busy) => continue,
            Err(error) => return Err(error),
        };
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, id, turn))?;
        assert_eq!(dbi.get(&env.snapshot()?, id)?, Some(turn), "what was written is in the file that is open");
        // The file at the path is still the open one: had another process removed it, it would be a new file.
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
fn concurrent_opening_and_removal_lose_no_write() -> Result<()> {
    let name = "concurrent_opening_and_removal_lose_no_write";
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
