//! Reads the newest state even if no reader slot is free: a call that lists the holders of the slots must not need
//! one.

use std::sync::Arc;

use crate::commit::{is_writing, session};
use crate::env::engine::Engine;
use crate::error::{ErrorKind, Result};
use crate::state::State;

/// Runs `read` on the newest state, pinned by a reader slot. If all slots are taken, LMDB's write lock pins the state;
/// the call may have to wait for that lock. A caller that cannot write, or is inside a transaction, then gets the
/// newest state that this process reads.
///
/// # Errors
/// Errors of `read`. `ReadersFull` if all slots are taken and this process reads no state.
pub(crate) fn read_newest<T>(
    engine: &Arc<Engine>,
    operation: &'static str,
    read: impl FnOnce(&State) -> Result<T>,
) -> Result<T> {
    read_newest_view(engine, operation, |newest, _| read(newest))
}

/// As [`read_newest`], for a caller that also counts commits: `read` gets the number of transactions in the layers above
/// the state. A write session has no layers above its base.
pub(crate) fn read_newest_view<T>(
    engine: &Arc<Engine>,
    operation: &'static str,
    read: impl FnOnce(&State, u64) -> Result<T>,
) -> Result<T> {
    let full = match engine.newest_view() {
        Ok(newest) => return read(&newest.pinned, newest.above),
        Err(error) if error.kind() == ErrorKind::ReadersFull => error,
        Err(error) => return Err(error),
    };
    if !engine.config.read_only && !is_writing() {
        return session::write(engine.writer_access(), operation, |session| read(session.base(), 0));
    }
    let known = engine.kept_views().into_iter().max_by_key(|view| (view.pinned.lmdb_id(), view.above));
    match known {
        Some(newest) => read(&newest.pinned, newest.above),
        None => Err(full),
    }
}
