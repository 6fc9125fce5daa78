//! Whether a thread is inside a write session.

use std::cell::Cell;

use crate::error::{Error, ErrorKind, Result};

thread_local! {
    /// Whether this thread is inside a write session, of any environment. Two sessions on one thread could be
    /// mistaken for each other, and two threads with two environments each could deadlock.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a write session.
pub(crate) fn is_writing() -> bool {
    WRITING.get()
}

/// Fails inside a transaction of this thread: the call would wait for it forever.
pub(crate) fn check_not_writing() -> Result<()> {
    if is_writing() {
        let why = "called inside a transaction of the same thread, which it would wait for; call it outside";
        return Err(Error::new(ErrorKind::Nested, why));
    }
    Ok(())
}

/// Lets this thread, which is ending, begin no further write session: a transaction that it still has could be mixed up
/// with another one.
pub(crate) fn end_writing() {
    WRITING.set(true);
}

/// Marks this thread as inside a write session, until it is dropped.
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
