//! The writer's mutex of an environment, and the fair lock before it.

use std::sync::{Arc, MutexGuard, TryLockError};

use crate::commit::fair_lock::FairLockGuard;
use crate::commit::group_commit::GroupCommit;
use crate::state::{Core, WriterState};

/// What a transaction needs to become the only writer.
#[derive(Clone, Copy)]
pub(crate) struct Writers<'e> {
    pub core: &'e Arc<Core>,
    /// Which transactions share a commit, if they do.
    pub groups: Option<&'e GroupCommit>,
}

/// The writer's mutex, with the turn before it where there is one.
pub(crate) struct WriterGuard<'e> {
    // Freed before the turn.
    state: MutexGuard<'e, WriterState>,
    _turn: Option<FairLockGuard<'e>>,
}

impl std::ops::Deref for WriterGuard<'_> {
    type Target = WriterState;

    fn deref(&self) -> &WriterState {
        &self.state
    }
}

impl std::ops::DerefMut for WriterGuard<'_> {
    fn deref_mut(&mut self) -> &mut WriterState {
        &mut self.state
    }
}

/// Waits until no transaction runs or is on its way, and keeps others from beginning.
pub(crate) fn lock_writer(writers: Writers<'_>) -> WriterGuard<'_> {
    let turn = writers.groups.map(|queue| {
        let turn = queue.acquire();
        queue.drain();
        turn
    });
    WriterGuard { state: writers.core.writer_state(), _turn: turn }
}

/// As [`lock_writer`], but `None` instead of waiting.
pub(crate) fn try_lock_writer(writers: Writers<'_>) -> Option<WriterGuard<'_>> {
    let turn = match writers.groups {
        Some(queue) => Some(queue.try_acquire()?),
        None => None,
    };
    let state = match writers.core.writer.try_lock() {
        Ok(state) => state,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(WriterGuard { state, _turn: turn })
}
