//! A process that is stopped at the worst moment of an opening makes other calls `Busy` within bounded time.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mapleaf::{Durability, Error, ErrorKind, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::errors::refused_with;
use crate::common::process;
use crate::common::process::Next;
use crate::common::shim::{self, META, PAGES};
use crate::rows;

/// Many times longer than an opening takes to give up.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_process_stopped_while_it_opens_makes_others_busy_in_bounded_time() -> Result<()> {
    if let Some(arguments) = process::arguments().filter(|arguments| arguments.len() > 1) {
        match rows::open(Path::new(&arguments[0]), Durability::Immediate) {
            Ok((env, rows)) => {
                rows::write(&env, &rows, 2)?;
                process::tell("written");
            }
            Err(error) => process::tell(&format!("{:?}: {error}", error.kind())),
        }
        return Ok(());
    }
    let name =
        "stopped_processes_block_only_briefly::a_process_stopped_while_it_opens_makes_others_busy_in_bounded_time";
    shim::apart(name, |control, cases| {
        let path = cases.join("env");
        let (kept, rows) = rows::written(&path, Durability::Immediate, 1)?;
        // Another process writes its record, with the byte locked that all openings lock.
        let lock = path.join("mapleaf.lock");
        let held = control.hold(&lock, PAGES | META, 1)?;
        let joining = process::spawn(name, &[&path.to_string_lossy(), "joins"])?;
        held.wait()?;
        let stopped = Pid::from_raw(i32::try_from(joining.id()).unwrap_or_default());
        kill(stopped, Signal::SIGSTOP).map_err(Error::other)?;
        // A third process that opens, and this process, which has the environment open.
        let opening = process::spawn(name, &[&path.to_string_lossy(), "opens"])?;
        let (told, outcomes) = channel();
        let (opened, cleared) = thread::scope(|scope| {
            scope.spawn(|| told.send(kept.clear_stale_readers()));
            let opened = opening.next_line(PATIENCE);
            let cleared = outcomes.recv_timeout(PATIENCE);
            kill(stopped, Signal::SIGCONT).map_err(Error::other)?;
            held.let_go()?;
            Ok::<_, Error>((opened, cleared))
        })?;
        let Next::Line(opened) = opened else { panic!("{opened:?} while the other process is stopped") };
        let byte = format!("byte 2 of {}", lock.display());
        assert!(opened.starts_with("Busy: ") && opened.contains(&byte), "{opened}");
        let cleared = cleared.expect("it comes to its end while the other process is stopped");
        refused_with(cleared, ErrorKind::Busy, &[&byte]);
        opening.passes()?;
        joining.expect("written");
        joining.passes()?;
        assert_eq!(rows::round(&rows, &kept.snapshot()?)?, 2);
        Ok(())
    })
}
