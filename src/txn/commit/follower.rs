//! Followers: transactions that run on the sets of their predecessors while these are being committed.

use std::sync::Arc;

use crate::commit::{CommitOutcome, CommitTicket, FairLockGuard, Next};
use crate::env::Engine;
use crate::env::{Basis, GroupCommit, JoinedAs};
use crate::error::Error;
use crate::read::Layers;
use crate::txn::commit::leader::lead_group;
use crate::txn::commit::made::Made;
use crate::txn::write::WriteTxn;

/// Runs `f` on `ground`, adds its changes to the pending group, and waits until they are committed.
pub(crate) fn stack<T, E: From<Error>>(
    engine: &Arc<Engine>,
    queue: &GroupCommit,
    turn: FairLockGuard<'_>,
    ground: Basis<'_>,
    operation: &'static str,
    f: impl FnOnce(&mut WriteTxn) -> Made<T, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    let Basis { base, sets, transactions: before, ticket: read, place } = ground;
    let id = base.head().map_err(named)?.seq.saturating_add(before).saturating_add(1);
    let mut txn = WriteTxn::new(&base, Layers::of(sets), id);
    let made = f(&mut txn);
    // Drops our references to the sets that it read: `join` needs the pending set to be unshared.
    let set = txn.into_set();
    drop(base);
    // In a child forked since, the queue is the parent's.
    engine.check_not_forked().map_err(named)?;
    let place = match &made {
        Ok((_, transactions)) if !set.is_empty() => {
            let bytes = set.bytes();
            Some(place.join(set, (bytes, *transactions)))
        }
        _ => {
            drop(place);
            None
        }
    };
    drop(turn);
    let told = match place {
        Some(JoinedAs::Member(ticket)) => wait(engine, queue, &ticket),
        Some(JoinedAs::Leader(mut leading)) => {
            let ticket = leading.group().map_err(named)?.ticket;
            lead_group(engine, leading);
            wait(engine, queue, &ticket)
        }
        Some(JoinedAs::Broken(verdict)) => verdict,
        // It has nothing to commit. If what it read failed, it can only be retried.
        None => wait(engine, queue, &read).of_successors(),
    };
    told.outcome().map_err(named)?;
    Ok(made?.0)
}

/// Waits for the outcome of a group, and leads the group when asked to.
fn wait(engine: &Arc<Engine>, queue: &GroupCommit, ticket: &CommitTicket) -> CommitOutcome {
    loop {
        match ticket.wait() {
            Next::Told(verdict) => return verdict,
            Next::Lead => {
                if let Some(leading) = queue.take(engine) {
                    lead_group(engine, leading);
                }
            }
        }
    }
}
