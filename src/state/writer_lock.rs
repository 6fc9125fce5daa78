//! The writer's lock of an environment within this process: its holder may begin LMDB's write transaction, and has the
//! writer's state.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::state::fair_lock::{FairLock, FairLockGuard, Wait};
use crate::state::writer_state::WriterState;

/// Who may begin LMDB's write transaction, and what that one keeps between transactions.
pub(crate) struct WriterLock {
    turn: FairLock,
    /// Locked for moments only, by the holder of the turn.
    state: Mutex<WriterState>,
}

impl WriterLock {
    pub(super) fn new() -> Self {
        Self { turn: FairLock::new(), state: Mutex::default() }
    }

    /// The state, for whoever holds the lock. A panic leaves it valid.
    pub(super) fn state(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&mut self) -> &mut WriterState {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock, and waits for it as `wait` says. `None` if that was too short.
    pub(super) fn acquire(&self, wait: Wait) -> Option<FairLockGuard<'_>> {
        self.turn.acquire(wait)
    }

    /// Releases the lock, for its holder.
    pub(super) fn release(&self) {
        self.turn.release();
    }
}
