//! A process that opens after another one is neither refused because of missing files nor locked out by killed
//! processes.

use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Durability, Env, ErrorKind, Result};

use crate::common::errors::directory;
use crate::common::process;
use crate::common::shim::{self, FLUSH};
use crate::rows;

/// Longer than a refused opening is retried.
const LONG: Duration = Duration::from_millis(1300);

#[test]
fn an_opening_takes_over_from_a_killed_creator() -> Result<()> {
    let name = "openings_take_over_from_others::an_opening_takes_over_from_a_killed_creator";
    if let Some(arguments) = process::arguments().filter(|arguments| arguments.len() > 1) {
        let _open = rows::written(Path::new(&arguments[0]), Durability::Immediate, 3)?;
        process::tell("written");
        return Ok(());
    }
    shim::apart(name, |control, cases| {
        let path = cases.join("env");
        // The file exists, and the creator flushes it while others are locked out.
        let held = control.hold(&path.join("data.mdb"), FLUSH, 1)?;
        let mut creating = process::spawn(name, &[&path.to_string_lossy(), "creates"])?;
        held.wait()?;
        let opening = process::spawn(name, &[&path.to_string_lossy(), "opens"])?;
        thread::sleep(LONG);
        creating.kill()?;
        opening.expect("written");
        opening.passes()?;
        held.let_go()?;
        rows::reopened(&path, 3)?;
        Ok(())
    })
}

/// The child: takes all reader slots.
fn take_all(path: &Path) -> Result<()> {
    let env = Env::options().max_readers(4).durability(Durability::Process).open(path)?;
    let rows: rows::Rows = env.dbi("rows")?;
    let mut taken = Vec::new();
    for round in 0.. {
        rows::write(&env, &rows, round)?;
        match env.snapshot() {
            Ok(snap) => taken.push(snap),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ReadersFull, "{error:?}");
                break;
            }
        }
    }
    process::tell(&taken.len().to_string());
    process::hear().map(drop)
}

#[test]
fn an_opening_takes_over_the_slots_of_killed_processes() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        if arguments.len() > 1 {
            return take_all(Path::new(&arguments[0]));
        }
        match rows::open(Path::new(&arguments[0]), Durability::Process) {
            Ok((env, rows)) => process::tell(&format!("round {}", rows::round(&rows, &env.snapshot()?)?)),
            Err(error) => process::tell(&format!("{:?}", error.kind())),
        }
        return Ok(());
    }
    let name = "openings_take_over_from_others::an_opening_takes_over_the_slots_of_killed_processes";
    let dir = directory()?;
    let options = Env::options().max_readers(4).durability(Durability::Process);
    // It has no slot, but keeps the table alive.
    let env = options.open(dir.path())?;
    let mut taking = process::spawn(name, &[&dir.path().to_string_lossy(), "takes all"])?;
    taking.expect("4");
    let open = |told: &str| -> Result<()> {
        let opening = process::spawn(name, &[&dir.path().to_string_lossy()])?;
        opening.expect(told);
        opening.passes()
    };
    open("ReadersFull")?;
    taking.kill()?;
    open("round 4")?;
    env.close()
}

#[test]
fn an_opening_is_not_blocked_by_one_that_flushes_on_a_slow_disk() -> Result<()> {
    let name = "openings_take_over_from_others::an_opening_is_not_blocked_by_one_that_flushes_on_a_slow_disk";
    if let Some(arguments) = process::arguments().filter(|arguments| arguments.len() > 1) {
        let path = Path::new(&arguments[0]);
        if arguments[1] == "reads" {
            let env = Env::options().read_only(true).open(path)?;
            process::tell("reads");
            process::hear()?;
            return env.close();
        }
        let _open = rows::written(path, Durability::Immediate, 5)?;
        process::tell("written");
        return Ok(());
    }
    shim::apart(name, |control, cases| {
        let path = cases.join("env");
        // Nothing of it was flushed, and the first process that opens it does not write.
        drop(rows::open(&path, Durability::Process)?);
        let mut reading = process::spawn(name, &[&path.to_string_lossy(), "reads"])?;
        reading.expect("reads");
        let held = control.hold(&path.join("data.mdb"), FLUSH, 1)?;
        let first = process::spawn(name, &[&path.to_string_lossy(), "writes"])?;
        held.wait()?;
        let second = process::spawn(name, &[&path.to_string_lossy(), "writes"])?;
        second.expect("written");
        second.passes()?;
        held.let_go()?;
        first.expect("written");
        first.passes()?;
        reading.say("end")?;
        reading.passes()
    })
}
