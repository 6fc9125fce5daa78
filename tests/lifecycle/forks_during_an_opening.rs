//! A child that is forked while another thread opens an environment can open environments, including that one, and does
//! not keep its parent's environments locked.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Durability, Env, Error, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::common::errors::io;
use crate::common::shim::{self, FLUSH};
use crate::rows;

/// Longer than any step of the child.
const PATIENCE: Duration = Duration::from_secs(20);

/// The next byte from the other process; `None` if it is silent for long or has ended.
fn hear(line: &mut UnixStream) -> Result<Option<u8>> {
    io(line.set_read_timeout(Some(PATIENCE)))?;
    let mut word = [0];
    match line.read(&mut word) {
        Ok(count) => Ok((count == 1).then_some(word[0])),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(Error::other(error)),
    }
}

fn tell(line: &mut UnixStream, word: u8) -> Result<()> {
    io(line.write_all(&[word]))
}

/// The child: uses an environment of its own, then the one that was being opened, and lives until it is told to end.
fn child(line: &mut UnixStream, elsewhere: &Path, opening: &Path) -> Result<()> {
    let (env, rows) = rows::written(elsewhere, Durability::Immediate, 1)?;
    env.compact()?;
    drop((env, rows));
    tell(line, b'1')?;
    let (env, rows) = rows::written(opening, Durability::Immediate, 2)?;
    drop((env, rows));
    tell(line, b'2')?;
    hear(line).map(drop)
}

/// The parent of `child`; one of its threads is opening the environment.
fn parent(line: &mut UnixStream, path: &Path, opens: impl FnOnce() -> Result<(Env, rows::Rows)>) -> Result<()> {
    assert_eq!(hear(line)?, Some(b'1'), "the child hangs in another environment");
    let (env, rows) = opens()?;
    assert_eq!(hear(line)?, Some(b'2'), "the child hangs in this environment");
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 2);
    rows::write(&env, &rows, 3)?;
    drop((env, rows));
    // No process has the environment open; the child still lives, with all that it inherited.
    Env::destroy(path)?;
    tell(line, b'3')
}

#[test]
fn a_child_forked_during_an_opening_neither_hangs_nor_holds_locks() -> Result<()> {
    shim::apart(
        "forks_during_an_opening::a_child_forked_during_an_opening_neither_hangs_nor_holds_locks",
        |control, cases| {
            let (path, elsewhere) = (cases.join("env"), cases.join("elsewhere"));
            let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
            drop((env, rows));
            let (mut ours, mut childs) = io(UnixStream::pair())?;
            // When an opening flushes the lock file, it has registered its path and holds locks of that file.
            let held = control.hold(&path.join("mapleaf.lock"), FLUSH, 1)?;
            thread::scope(|scope| {
                let opening = scope.spawn(|| rows::open(&path, Durability::Immediate));
                held.wait()?;
                // SAFETY: no other thread holds a lock that the child needs: one waits in a system call without any lock,
                // and the harness waits for the test. The child ends by `_exit`, without the harness.
                match unsafe { fork() }.map_err(Error::other)? {
                    ForkResult::Child => {
                        // SAFETY: makes the system end a child that hangs, whatever happens to its parent.
                        unsafe { nix::libc::alarm(60) };
                        let outcome = child(&mut childs, &elsewhere, &path);
                        if let Err(error) = &outcome {
                            let _ = writeln!(std::io::stderr(), "in the child: {error:?}");
                        }
                        // SAFETY: ends the child at once.
                        unsafe { nix::libc::_exit(i32::from(outcome.is_err())) }
                    }
                    ForkResult::Parent { child } => {
                        let opens = || {
                            held.let_go()?;
                            opening.join().expect("it does not panic")
                        };
                        let forked = Forked(child);
                        parent(&mut ours, &path, opens)?;
                        forked.passes()
                    }
                }
            })
        },
    )
}

/// The forked child; killed when dropped.
struct Forked(Pid);

impl Forked {
    /// Waits for the end of the child, which must have passed.
    fn passes(self) -> Result<()> {
        let status = waitpid(self.0, None).map_err(Error::other)?;
        std::mem::forget(self);
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
        Ok(())
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}
