//! If the creator of files did not flush their names, the next opening that flushes commits does.

use std::path::Path;

use mapleaf::{Durability, Env, Error, Result};
use nix::libc::EIO;

use crate::common::process;
use crate::common::shim::{self, Control, FLUSH, Fault, How};

/// How often an opening flushes the directory of the environment and its parent.
fn flushed_directories(control: &Control, path: &Path, durability: Durability) -> Result<u64> {
    let record = std::fs::read(path.join("mapleaf.lock")).map_err(Error::other)?;
    let count = |aim: &Path| {
        // Each opening finds the same record.
        std::fs::write(path.join("mapleaf.lock"), &record).map_err(Error::other)?;
        control.aim(aim)?;
        control.arm(Fault { classes: FLUSH, nth: 0, errno: EIO, how: How::Once })?;
        let opened = Env::options().durability(durability).open(path);
        let tally = control.disarm()?;
        opened.map(|_| tally.calls)
    };
    let all = count(path.parent().expect("it lies in a directory"))?;
    Ok(all - count(&path.join("data.mdb"))? - count(&path.join("mapleaf.lock"))?)
}

#[test]
fn names_are_flushed_after_a_creator_that_flushed_nothing() -> Result<()> {
    shim::apart("names_are_flushed::names_are_flushed_after_a_creator_that_flushed_nothing", |control, cases| {
        for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
            let path = cases.join(format!("{durability:?}")).join("env");
            let (env, _) = crate::rows::open(&path, Durability::Process)?;
            drop(env);
            let expected = if durability == Durability::Process { 0 } else { 2 };
            assert_eq!(flushed_directories(control, &path, durability)?, expected, "{durability:?}");
        }
        Ok(())
    })
}

#[test]
fn names_are_flushed_after_a_killed_creator_and_not_after_one_that_closed() -> Result<()> {
    shim::apart(
        "names_are_flushed::names_are_flushed_after_a_killed_creator_and_not_after_one_that_closed",
        |control, cases| {
            let path = cases.join("above").join("env");
            let (env, _) = crate::rows::open(&path, Durability::Immediate)?;
            drop(env);
            assert_eq!(flushed_directories(control, &path, Durability::Immediate)?, 0);
            // The record as a killed process leaves it; byte 9 says that it is open.
            let record = path.join("mapleaf.lock");
            let mut bytes = std::fs::read(&record).map_err(Error::other)?;
            bytes[9] = 1;
            std::fs::write(&record, bytes).map_err(Error::other)?;
            assert_eq!(flushed_directories(control, &path, Durability::Immediate)?, 2);
            Ok(())
        },
    )
}

/// The child: has the environment open read-only.
fn read(path: &Path) -> Result<()> {
    let env = Env::options().read_only(true).open(path)?;
    process::tell("reads");
    process::hear()?;
    env.close()
}

#[test]
fn names_are_flushed_after_a_read_only_process_opened_first() -> Result<()> {
    let name = "names_are_flushed::names_are_flushed_after_a_read_only_process_opened_first";
    if let Some(arguments) = process::arguments().filter(|arguments| arguments.len() > 1) {
        return read(Path::new(&arguments[0]));
    }
    shim::apart(name, |control, cases| {
        for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
            let path = cases.join(format!("{durability:?}")).join("env");
            let (env, _) = crate::rows::open(&path, Durability::Process)?;
            drop(env);
            let mut reader = process::spawn(name, &[&path.to_string_lossy(), "reads"])?;
            reader.expect("reads");
            let expected = if durability == Durability::Process { 0 } else { 2 };
            assert_eq!(flushed_directories(control, &path, durability)?, expected, "{durability:?}");
            // The content of the file is flushed as well: it was not flushed either.
            control.aim(&path.join("data.mdb"))?;
            control.arm(Fault { classes: FLUSH, nth: 0, errno: EIO, how: How::Once })?;
            drop(Env::options().durability(durability).open(&path)?);
            assert_eq!(control.disarm()?.calls, u64::from(expected > 0), "{durability:?}");
            reader.say("end")?;
            reader.passes()?;
        }
        Ok(())
    })
}

#[test]
fn a_removal_flushes_the_parent_directory() -> Result<()> {
    shim::apart("names_are_flushed::a_removal_flushes_the_parent_directory", |control, cases| {
        let path = cases.join("above").join("env");
        drop(crate::rows::open(&path, Durability::Immediate)?);
        control.aim(cases)?;
        control.arm(Fault { classes: FLUSH, nth: 0, errno: EIO, how: How::Once })?;
        Env::destroy(&path)?;
        assert_eq!(control.disarm()?.calls, 1);
        Ok(())
    })
}
