//! The writer's lock of an environment within this process. Its holder may begin LMDB's write transaction, and uses
//! the writer's state.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::fair_lock::{FairLock, FairLockGuard, Wait};
use crate::state::writer_state::WriterState;

/// The lock of the one thread that may begin LMDB's write transaction, and the state that it keeps between
/// transactions.
pub(crate) struct WriterLock {
    turn: FairLock,
    state: Arc<WriterSlot>,
}

/// Where the state is between transactions. Empty while the holder of the lock uses it, and once the environment is
/// closed. A value of its own, so that a thread can look at it without keeping the environment open. Locked for a few
/// instructions only.
#[derive(Default)]
pub(crate) struct WriterSlot(Mutex<Option<Box<WriterState>>>);

impl WriterSlot {
    fn lock(&self) -> MutexGuard<'_, Option<Box<WriterState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state, unless the holder of the lock uses it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut WriterState) -> T) -> Option<T> {
        self.lock().as_deref_mut().map(look)
    }
}

impl WriterLock {
    pub(super) fn new() -> Self {
        Self { turn: FairLock::new(), state: Arc::default() }
    }

    /// Takes the state out, for the holder of the lock, which puts it back.
    pub(super) fn take_state(&self) -> Box<WriterState> {
        self.state.lock().take().unwrap_or_default()
    }

    /// Puts the state back.
    pub(super) fn put_state(&self, state: Box<WriterState>) {
        *self.state.lock() = Some(state);
    }

    /// Where the state is between transactions.
    pub(super) fn slot(&self) -> &Arc<WriterSlot> {
        &self.state
    }

    /// Drops the state.
    pub(super) fn clear(&self) {
        let state = self.state.lock().take();
        drop(state);
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
