//! The writer's lock while it is held.

use std::mem;
use std::sync::Arc;

use crate::state::core::Core;
use crate::state::fair_lock::Wait;
use crate::state::writer_state::WriterState;

/// The writer's lock, held. It is taken after the transaction lock of group commit and before LMDB's lock. It owns its
/// core, so that a transaction can hold it from one call to another.
pub(crate) struct WriterTurn {
    core: Arc<Core>,
    /// `None` until the state is first used. A panic leaves it valid.
    state: Option<Box<WriterState>>,
    /// Whether dropping this releases the lock.
    releases: bool,
}

impl WriterTurn {
    /// Takes the lock, and waits for it as `wait` says. `None` if it was not free within that time.
    pub(crate) fn acquire(core: &Arc<Core>, wait: Wait) -> Option<Self> {
        core.writer.acquire(wait)?.keep();
        Some(Self { core: Arc::clone(core), state: None, releases: true })
    }

    /// Waits for the lock as long as it takes.
    pub(crate) fn wait_for(core: &Arc<Core>) -> Self {
        if let Some(guard) = core.writer.acquire(Wait::Yes) {
            guard.keep();
        }
        Self { core: Arc::clone(core), state: None, releases: true }
    }

    /// The same turn, for one of several sessions: dropping the result does not release the lock.
    pub(crate) fn lend(&mut self) -> Self {
        Self { core: Arc::clone(&self.core), state: self.state.take(), releases: false }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The core, and what the writer keeps between transactions.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&Arc<Core>, &mut WriterState) {
        let Self { core, state, .. } = self;
        (core, state.get_or_insert_with(|| core.writer.take_state()))
    }

    /// What the writer keeps between transactions.
    #[inline]
    pub(crate) fn state(&mut self) -> &mut WriterState {
        self.parts().1
    }
}

impl Drop for WriterTurn {
    fn drop(&mut self) {
        if !self.core.is_own_process() {
            // In a forked child, the lock under which the state is put back may be held forever: a thread of the parent
            // may have held it at the fork. So the state is leaked.
            mem::forget(self.state.take());
            return;
        }
        if let Some(state) = self.state.take() {
            self.core.writer.put_state(state);
        }
        // A session of this turn may have announced in the lock file that this process writes. That ends with the turn.
        if let Some(lock) = &self.core.lock {
            lock.withdraw_writer();
        }
        if self.releases {
            self.core.writer.release();
        }
    }
}
