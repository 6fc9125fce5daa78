//! Looking at the newest state, also where no reader slot is free: what tells who has the slots must not need one.

use std::sync::Arc;

use crate::commit::{Wait, is_writing, session};
use crate::env::engine::Engine;
use crate::error::{ErrorKind, Result};
use crate::state::State;

/// Runs `read` on the newest state. It is pinned by a reader slot; where all are taken, by LMDB's write lock, which is waited
/// for. Who cannot write, and who is inside a transaction, is then given the newest state that this process reads.
///
/// # Errors
/// What `read` fails with. `ReadersFull` where there is no such state.
pub(crate) fn read_newest<T>(
    engine: &Arc<Engine>,
    operation: &'static str,
    read: impl FnOnce(&State) -> Result<T>,
) -> Result<T> {
    let full = match engine.pinned() {
        Ok(newest) => return read(&newest),
        Err(error) if error.kind() == ErrorKind::ReadersFull => error,
        Err(error) => return Err(error),
    };
    if !engine.config.read_only && !is_writing() {
        return session::write(engine.writers(), Wait::Yes, operation, |session| read(session.base()));
    }
    let known = engine.pinned_states().into_iter().max_by_key(|pinned| pinned.lmdb_id());
    match known {
        Some(newest) => read(&newest),
        None => Err(full),
    }
}
