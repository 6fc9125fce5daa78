//! Stacking: a transaction on the sets of its predecessors, while their commit is under way.

use std::sync::Arc;

use crate::env::{Changes, Engine, Fate, Ground, Next, Place, Queue, Taken, Verdict};
use crate::error::{Error, Result};
use crate::txn::commit::lead::{lead_group, write_set};
use crate::txn::commit::run::Made;
use crate::txn::layered::Overlays;
use crate::txn::write::WriteTxn;
use crate::txn::write_set::WriteSet;

/// Runs `f` on `ground`, has its changes join the group that waits, and waits until they are committed.
pub(crate) fn stack<T, E: From<Error>>(
    engine: &Arc<Engine>,
    queue: &Queue,
    turn: Taken<'_>,
    ground: Ground<'_>,
    operation: &'static str,
    f: impl FnOnce(&mut WriteTxn) -> Made<T, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    let Ground { base, sets, transactions: before, fate: read, place } = ground;
    let sets = sets.into_iter().map(write_set).collect::<Result<Vec<_>>>().map_err(named)?;
    let id = base.head().map_err(named)?.seq.saturating_add(before).saturating_add(1);
    let mut txn = WriteTxn::new(&base, Overlays::of(sets), id);
    let made = f(&mut txn);
    // With the sets that it read: the one who joins them must be the only one that has the last of them.
    let set = txn.into_set();
    drop(base);
    // In a child forked since, the queue is the parent's.
    engine.check_not_forked().map_err(named)?;
    let place = match &made {
        Ok((_, transactions)) if !set.is_empty() => {
            let bytes = set.bytes();
            Some(place.join(Arc::new(set), (bytes, *transactions), absorb))
        }
        _ => {
            drop(place);
            None
        }
    };
    drop(turn);
    let told = match place {
        Some(Place::Member(fate)) => wait(engine, queue, &fate),
        Some(Place::Leader(mut leading)) => {
            let fate = leading.group().map_err(named)?.fate;
            lead_group(engine, leading);
            wait(engine, queue, &fate)
        }
        Some(Place::Broken(verdict)) => verdict,
        // What it read is not its own: that it failed is no more than a reason to try again.
        None => wait(engine, queue, &read).of_successors(),
    };
    told.outcome().map_err(named)?;
    Ok(made?.0)
}

/// Waits for the fate of a group, and leads it if it comes to that.
fn wait(engine: &Arc<Engine>, queue: &Queue, fate: &Fate) -> Verdict {
    loop {
        match fate.wait() {
            Next::Told(verdict) => return verdict,
            Next::Lead => {
                if let Some(leading) = queue.take(engine) {
                    lead_group(engine, leading);
                }
            }
        }
    }
}

/// Takes `newer` into `all`; how many bytes it is then.
fn absorb(all: &mut Changes, newer: Arc<Changes>) -> usize {
    let Some(all) = all.downcast_mut::<WriteSet>() else { return 0 };
    if let Ok(newer) = newer.downcast::<WriteSet>()
        && let Ok(newer) = Arc::try_unwrap(newer)
    {
        all.absorb(newer);
    }
    all.bytes()
}
