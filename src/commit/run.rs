//! The path of a transaction: when its closure runs, on which view, and which commit its changes join.

use crate::commit::follower::follow;
use crate::commit::group_commit::GroupCommit;
use crate::commit::leader::{commit, lead};
use crate::commit::made::Made;
use crate::commit::session::{begin_writing, busy, write};
use crate::commit::writer_access::WriterAccess;
use crate::commit::writing::Wait;
use crate::error::{Error, Result};
use crate::state::WriteView;
use crate::write_set::WriteSet;

/// Runs `f` as the only writer and commits its changes, together with others if that saves a flush. `f` gets the view
/// that it reads, and an empty set.
#[inline]
pub(crate) fn run<T, E: From<Error>>(
    writers: WriterAccess<'_>,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(WriteView, WriteSet) -> Result<Made<T>, E>,
) -> Result<T, E> {
    match writers.groups {
        Some(groups) => share(writers, groups, wait, operation, f),
        None => alone(writers, wait, operation, f),
    }
}

/// One LMDB transaction for one closure.
fn alone<T, E: From<Error>>(
    writers: WriterAccess<'_>,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(WriteView, WriteSet) -> Result<Made<T>, E>,
) -> Result<T, E> {
    write(writers, wait, operation, |session| {
        let view = WriteView::over_newest(session.base())?;
        let kept = session.kept().unwrap_or_default();
        let Made { outcome, mut set, transactions } = f(view, kept)?;
        if !set.is_empty() {
            commit(session, &set, transactions).map_err(|error| error.during(operation))?;
        }
        set.reset();
        session.keep(set);
        Ok(outcome)
    })
}

fn share<T, E: From<Error>>(
    writers: WriterAccess<'_>,
    groups: &GroupCommit,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(WriteView, WriteSet) -> Result<Made<T>, E>,
) -> Result<T, E> {
    let core = writers.core;
    let named = |error: Error| error.during(operation);
    let _writing = begin_writing(core).map_err(named)?;
    let lock = core.lock_file().map_err(named)?;
    if wait == Wait::No {
        let guard = groups.try_acquire().filter(|_| !core.is_other_writing()).ok_or_else(|| named(busy()))?;
        return lead(core, groups, guard, wait.into(), operation, f);
    }
    let guard = groups.acquire();
    // The previous holder may have closed the environment.
    match groups.basis_for(core, lock).map_err(named)? {
        Some(basis) => follow(core, groups, guard, basis, operation, f),
        None => lead(core, groups, guard, wait.into(), operation, f),
    }
}
