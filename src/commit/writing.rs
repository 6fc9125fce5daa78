//! Whether a thread is inside a write session, and whether a caller waits for other writers.

use std::cell::Cell;

use crate::error::{Error, ErrorKind, Result};

/// Whether to wait for another writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// As long as it takes.
    Yes,
    /// Not at all: `Busy`. LMDB has no such call, so a writer that is no mapleaf is waited for all the same.
    No,
}

thread_local! {
    /// Whether this thread is inside a write session, of whichever environment: two at once could be swapped for one
    /// another, and two threads with two environments each could wait for one another for ever.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a write session.
pub(crate) fn is_writing() -> bool {
    WRITING.get()
}

/// Refuses a call that would wait for the transaction it is made in.
pub(crate) fn check_not_writing() -> Result<()> {
    if is_writing() {
        let why = "called inside a transaction of the same thread, which it would wait for; call it outside";
        return Err(Error::new(ErrorKind::Nested, why));
    }
    Ok(())
}

/// Says that this thread is inside a write session, until it is dropped.
pub(crate) struct Writing(());

impl Writing {
    pub(crate) fn begin() -> Result<Self> {
        check_not_writing()?;
        WRITING.set(true);
        Ok(Self(()))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITING.set(false);
    }
}
