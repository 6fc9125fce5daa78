//! A program started by a process that had an environment open does not keep others from opening it after that process
//! has ended.

use std::path::Path;
use std::process::{Command, Stdio};

use mapleaf::{Durability, Result};

use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

#[test]
fn a_program_started_by_a_killed_process_holds_no_lock() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let _open = rows::written(Path::new(&arguments[0]), Durability::Immediate, 7)?;
        let null = || Stdio::null();
        let started = io(Command::new("sleep").arg("20").stdin(null()).stdout(null()).stderr(null()).spawn())?;
        process::tell(&started.id().to_string());
        return process::hear().map(drop);
    }
    let dir = directory()?;
    let name = "started_programs_hold_no_locks::a_program_started_by_a_killed_process_holds_no_lock";
    let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    let started: i32 = child.line().and_then(|line| line.parse().ok()).expect("an id");
    child.kill()?;
    let (env, rows) = rows::reopened(dir.path(), 7)?;
    rows::write(&env, &rows, 8)?;
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(started), nix::sys::signal::Signal::SIGKILL);
    Ok(())
}
