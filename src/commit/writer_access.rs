//! The writer's mutex of an environment, and the fair lock that is taken before it.

use std::sync::{Arc, MutexGuard, TryLockError};

use crate::commit::fair_lock::FairLockGuard;
use crate::commit::group_commit::GroupCommit;
use crate::state::{Core, WriterState};

/// What a transaction needs to become the only writer.
#[derive(Clone, Copy)]
pub(crate) struct WriterAccess<'e> {
    pub core: &'e Arc<Core>,
    /// The group commit that transactions share, if they do.
    pub groups: Option<&'e GroupCommit>,
}

/// The writer's mutex, with the transaction lock if there is one.
pub(crate) struct WriterGuard<'e> {
    // Released before the transaction lock.
    state: MutexGuard<'e, WriterState>,
    _guard: Option<FairLockGuard<'e>>,
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

/// Waits until no transaction runs, waits or is being committed, and keeps others from beginning.
pub(crate) fn lock_writer(access: WriterAccess<'_>) -> WriterGuard<'_> {
    let guard = access.groups.map(|groups| {
        let guard = groups.acquire();
        groups.drain();
        guard
    });
    WriterGuard { state: access.core.writer_state(), _guard: guard }
}

/// As [`lock_writer`], but returns `None` instead of waiting.
pub(crate) fn try_lock_writer(access: WriterAccess<'_>) -> Option<WriterGuard<'_>> {
    let guard = match access.groups {
        Some(groups) => Some(groups.try_acquire()?),
        None => None,
    };
    let state = match access.core.writer.try_lock() {
        Ok(state) => state,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(WriterGuard { state, _guard: guard })
}
