//! Forks a child inside a test.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use mapleaf::{Error, Result};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// Runs `body` in a forked child. An error if the child failed.
pub(crate) fn in_child(body: impl FnOnce() -> Result<()>) -> Result<()> {
    // SAFETY: the process runs one test, and no other of its threads holds a lock that the child needs. The child ends
    // by `_exit`, without the test harness.
    match unsafe { fork() }.map_err(Error::other)? {
        ForkResult::Child => {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            if let Ok(Err(error)) = &outcome {
                eprintln!("in the child: {error:?}");
            }
            // SAFETY: ends the child at once.
            unsafe { nix::libc::_exit(i32::from(!matches!(outcome, Ok(Ok(()))))) }
        }
        ForkResult::Parent { child } => match waitpid(child, None).map_err(Error::other)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            status => Err(Error::other(format!("the child ended as {status:?}"))),
        },
    }
}
