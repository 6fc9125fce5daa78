//! Leaders: they commit a transaction that ran on the newest state, or a group that follows on its predecessor.

use std::sync::Arc;

use crate::commit::group_commit::{GroupCommit, Leading, TransactionLock};
use crate::commit::pipeline::Group;
use crate::commit::session::{Begin, Begun, Session};
use crate::error::Result;
use crate::state::{Core, Wait, WriterTurn};
use crate::write_set::WriteSet;

/// Commits the changes of a transaction that ran on the newest state, under LMDB's lock. Nothing else is being
/// committed. The transaction lock is released before the wait for the disk.
pub(crate) fn commit_leading(
    begun: Begun,
    groups: &Arc<GroupCommit>,
    lock: TransactionLock,
    wait: Wait,
    set: WriteSet,
    transactions: u64,
) -> Result<()> {
    // Declared first, so that it is dropped last, also by a panic: LMDB's lock and the writer's lock are free before
    // the next one leads.
    let mut leading: Option<Leading> = None;
    let (begun, lock) = (begun, lock);
    if set.is_empty() {
        begun.session(|_| ());
        return Ok(());
    }
    // In a child that was forked in the meantime, the pipeline is the parent's.
    begun.core().check_not_forked()?;
    let bytes = set.bytes();
    let base = begun.base().lmdb_id();
    let leading = leading.insert(groups.lead(begun.core(), set, (bytes, transactions), base, wait));
    drop(lock);
    let committed = leading.group().and_then(|group| begun.session(|session| commit_group(session, &group)));
    leading.note_outcome(&committed);
    committed
}

/// Commits the group in flight. Dropping `leading` reports the outcome, so the caller drops it last.
pub(crate) fn lead_group(core: &Arc<Core>, mut leading: Leading) {
    let committed = leading.group().and_then(|group| {
        let begun = Begun::begin(WriterTurn::wait_for(core), Begin::After(group.base));
        begun.map_err(|error| error.during("transact"))?.session(|session| commit_group(session, &group))
    });
    leading.note_outcome(&committed);
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
