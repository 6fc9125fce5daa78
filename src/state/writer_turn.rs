//! The writer's lock, held.

use std::sync::{Arc, MutexGuard};

use crate::state::core::Core;
use crate::state::fair_lock::Wait;
use crate::state::writer_state::WriterState;

/// The writer's lock, held. Taken after the transaction lock of group commit and before LMDB's lock. It owns what it
/// locks, so that a transaction can hold it from one call to another.
pub(crate) struct WriterTurn {
    core: Arc<Core>,
    /// Whether dropping this releases the lock.
    releases: bool,
}

impl WriterTurn {
    /// Takes the lock, and waits for it as `wait` says. `None` if that was too short.
    pub(crate) fn acquire(core: &Arc<Core>, wait: Wait) -> Option<Self> {
        core.writer.acquire(wait)?.keep();
        Some(Self { core: Arc::clone(core), releases: true })
    }

    /// Waits for the lock as long as it takes.
    pub(crate) fn wait_for(core: &Arc<Core>) -> Self {
        if let Some(guard) = core.writer.acquire(Wait::Yes) {
            guard.keep();
        }
        Self { core: Arc::clone(core), releases: true }
    }

    /// The same turn for one session of several; the lock stays held after it.
    pub(crate) fn lend(&self) -> Self {
        Self { core: Arc::clone(&self.core), releases: false }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// What the writer keeps between transactions.
    pub(crate) fn state(&self) -> MutexGuard<'_, WriterState> {
        self.core.writer.state()
    }
}

impl Drop for WriterTurn {
    fn drop(&mut self) {
        if self.releases {
            self.core.writer.release();
        }
    }
}
