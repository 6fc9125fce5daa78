//! Processes that create, open and remove one environment at the same time: one creates, and nobody works on files that
//! another has removed.

#[path = "common/process.rs"]
mod process;

use std::path::Path;

use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, OpenMode, Result};

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
