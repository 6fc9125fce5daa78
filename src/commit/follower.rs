//! Followers: transactions that run on the sets of their predecessors while these are being committed.

use std::sync::Arc;

use crate::commit::fair_lock::FairLockGuard;
use crate::commit::group_commit::{Basis, GroupCommit, JoinedAs};
use crate::commit::leader::lead_group;
use crate::commit::made::Made;
use crate::commit::ticket::{CommitOutcome, CommitTicket, Next};
use crate::error::{Error, Result};
use crate::read::Layers;
use crate::state::{Core, View, WriteView};
use crate::write_set::WriteSet;

/// Runs `f` on `basis`, adds its changes to the pending group, and waits until they are committed.
pub(crate) fn follow<T, E: From<Error>>(
    core: &Arc<Core>,
    groups: &GroupCommit,
    guard: FairLockGuard<'_>,
    basis: Basis<'_>,
    operation: &'static str,
    f: impl FnOnce(WriteView, WriteSet) -> Result<Made<T>, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    let Basis { base, sets, transactions: before, ticket: read, follower } = basis;
    let view = View { pinned: base, layers: Layers::of(sets), above: before };
    let view = WriteView::over(view).map_err(named)?;
    // Drops our references to the sets that it read: `join` needs the pending set to be unshared.
    let made = f(view, WriteSet::default());
    // In a child that was forked in the meantime, the pipeline is the parent's.
    core.check_not_forked().map_err(named)?;
    let (made, joined) = match made {
        Ok(Made { outcome, set, transactions }) if !set.is_empty() => {
            let bytes = set.bytes();
            (Ok(outcome), Some(follower.join(set, (bytes, transactions))))
        }
        made => {
            drop(follower);
            (made.map(|made| made.outcome), None)
        }
    };
    drop(guard);
    let commit_outcome = match joined {
        Some(JoinedAs::Member(ticket)) => wait(core, groups, &ticket),
        Some(JoinedAs::Leader(mut leading)) => {
            let ticket = leading.group().map_err(named)?.ticket;
            lead_group(core, leading);
            wait(core, groups, &ticket)
        }
        Some(JoinedAs::Broken(outcome)) => outcome,
        // It has nothing to commit. If what it read failed, it can only be retried.
        None => wait(core, groups, &read).of_successors(),
    };
    commit_outcome.outcome().map_err(named)?;
    made
}

/// Waits for the outcome of a group, and leads the group when asked to.
fn wait(core: &Arc<Core>, groups: &GroupCommit, ticket: &CommitTicket) -> CommitOutcome {
    loop {
        match ticket.wait() {
            Next::Told(outcome) => return outcome,
            Next::Lead => {
                if let Some(leading) = groups.take(core) {
                    lead_group(core, leading);
                }
            }
        }
    }
}
