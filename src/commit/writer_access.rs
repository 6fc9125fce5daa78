//! What a transaction needs to become the only writer, and the locks that keep all others of this process out.

use std::sync::Arc;
use std::time::Instant;

use crate::commit::group_commit::{GroupCommit, TransactionLock};
use crate::state::{Core, Wait, WriterTurn};

/// What a transaction needs to become the only writer.
#[derive(Clone, Copy)]
pub(crate) struct WriterAccess<'e> {
    pub core: &'e Arc<Core>,
    /// The group commit that transactions share, if they do.
    pub groups: Option<&'e Arc<GroupCommit>>,
}

/// The writer's lock, with the transaction lock if there is one.
pub(crate) struct Locked {
    // Declared first, so that the writer's lock is released before the transaction lock, in the reverse of the order in
    // which they are taken.
    turn: WriterTurn,
    _transaction: Option<TransactionLock>,
}

impl std::ops::Deref for Locked {
    type Target = WriterTurn;

    fn deref(&self) -> &WriterTurn {
        &self.turn
    }
}

impl std::ops::DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut WriterTurn {
        &mut self.turn
    }
}

/// Waits until no transaction runs, waits or is being committed, and keeps others from beginning.
pub(crate) fn lock_writer(access: WriterAccess<'_>) -> Locked {
    let transaction = access.groups.and_then(|groups| {
        let lock = groups.acquire(Wait::Yes);
        groups.drain();
        lock
    });
    Locked { turn: WriterTurn::wait_for(access.core), _transaction: transaction }
}

/// As [`lock_writer`]. `None` if a transaction still runs at `deadline`. A commit that is under way is waited for.
pub(crate) fn lock_writer_until(access: WriterAccess<'_>, deadline: Instant) -> Option<Locked> {
    let wait = Wait::Until(deadline);
    let transaction = match access.groups {
        Some(groups) => {
            let lock = groups.acquire(wait)?;
            groups.drain();
            Some(lock)
        }
        None => None,
    };
    Some(Locked { turn: WriterTurn::acquire(access.core, wait)?, _transaction: transaction })
}
