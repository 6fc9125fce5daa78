//! Leaders: they commit a transaction that ran on the newest state, or a group that follows on its predecessor.

use std::sync::Arc;

use crate::commit::fair_lock::FairLockGuard;
use crate::commit::group_commit::{GroupCommit, Leading};
use crate::commit::made::Made;
use crate::commit::pipeline::Group;
use crate::commit::session::{Begin, Session, write_as_writer};
use crate::commit::writing::Wait;
use crate::error::{Error, Result};
use crate::state::{Core, WriteView};
use crate::write_set::WriteSet;

/// Runs `f` under LMDB's lock, taken as `from` says, and commits its changes. Nothing else is being committed. The
/// transaction lock is released before the wait for the disk.
pub(crate) fn lead<T, E: From<Error>>(
    core: &Arc<Core>,
    groups: &GroupCommit,
    guard: FairLockGuard<'_>,
    from: Begin,
    operation: &'static str,
    f: impl FnOnce(WriteView, WriteSet) -> Result<Made<T>, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    // These are dropped in reverse order, also by a panic: LMDB's lock and the mutex are free before the next one
    // leads.
    let mut guard = Some(guard);
    let wait = if from == Begin::NewestOrBusy { Wait::No } else { Wait::Yes };
    let mut leading: Option<Leading<'_>> = None;
    let mut state = core.writer_state();
    write_as_writer(core, from, operation, &mut state, |session| {
        let view = WriteView::over_newest(session.base())?;
        let Made { outcome, set, transactions } = f(view, WriteSet::default())?;
        if set.is_empty() {
            return Ok(outcome);
        }
        // In a child that was forked in the meantime, the pipeline is the parent's.
        core.check_not_forked().map_err(named)?;
        let bytes = set.bytes();
        let leading = leading.insert(groups.lead(core, set, (bytes, transactions), session.base().lmdb_id(), wait));
        guard = None;
        let committed = leading.group().and_then(|group| commit_group(session, &group));
        leading.judge(&committed);
        committed.map_err(named)?;
        Ok(outcome)
    })
}

/// Commits the group in flight. Dropping `leading` reports the outcome, so the caller drops it last.
pub(crate) fn lead_group(core: &Arc<Core>, mut leading: Leading<'_>) {
    let committed = leading.group().and_then(|group| {
        let mut state = core.writer_state();
        write_as_writer(core, Begin::After(group.base), "transact", &mut state, |session| commit_group(session, &group))
    });
    leading.judge(&committed);
}

fn commit_group(session: &mut Session<'_>, group: &Group<WriteSet>) -> Result<()> {
    commit(session, &group.set, group.transactions)
}

/// Commits `set`, the changes of `transactions` transactions, and counts them.
pub(crate) fn commit(session: &mut Session<'_>, set: &WriteSet, transactions: u64) -> Result<()> {
    let (base, fill) = (session.base(), session.fill());
    session.commit_to(set.names(), set.bytes(), |applier, head| {
        // The session counts one already.
        head.seq = head.seq.plus(transactions.saturating_sub(1));
        set.apply(base, fill, applier)
    })
}
