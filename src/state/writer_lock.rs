//! The writer's lock of an environment within this process. Its holder may begin LMDB's write transaction, and uses
//! the writer's state.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::state::fair_lock::{FairLock, FairLockGuard, Wait};
use crate::state::writer_state::WriterState;

/// The lock of the one thread that may begin LMDB's write transaction, and the state that it keeps between
/// transactions.
pub(crate) struct WriterLock {
    turn: FairLock,
    /// Empty while the holder of the lock uses it. Locked for a few instructions only.
    state: Mutex<Option<Box<WriterState>>>,
}

impl WriterLock {
    pub(super) fn new() -> Self {
        Self { turn: FairLock::new(), state: Mutex::default() }
    }

    /// Takes the state out, for the holder of the lock, which puts it back.
    pub(super) fn take_state(&self) -> Box<WriterState> {
        self.slot().take().unwrap_or_default()
    }

    /// Puts the state back.
    pub(super) fn put_state(&self, state: Box<WriterState>) {
        *self.slot() = Some(state);
    }

    /// Looks at the state, unless the holder of the lock uses it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut WriterState) -> T) -> Option<T> {
        self.slot().as_deref_mut().map(look)
    }

    /// Drops the state.
    pub(super) fn clear(&mut self) {
        *self.state.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn slot(&self) -> MutexGuard<'_, Option<Box<WriterState>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock, and waits for it as `wait` says. `None` if it was not free within that time.
    pub(super) fn acquire(&self, wait: Wait) -> Option<FairLockGuard<'_>> {
        self.turn.acquire(wait)
    }

    /// Releases the lock, for its holder.
    pub(super) fn release(&self) {
        self.turn.release();
    }
}
