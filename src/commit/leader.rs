//! Leaders: they commit a transaction that ran on the newest state, or a group that follows on its predecessor.

use std::cell::RefCell;
use std::sync::Arc;

use crate::commit::group_commit::{GroupCommit, Leading, TransactionLock};
use crate::commit::moving::{apply_moving, commit_moving};
use crate::commit::pipeline::{Contribution, Group};
use crate::commit::session::{Begin, Begun, Session};
use crate::durability::Durability;
use crate::error::Result;
use crate::state::{Core, Wait, WriterTurn};
use crate::write_set::{Creations, LargeValue, WriteSet};

/// Commits the changes of a transaction that ran on the newest state, under LMDB's lock. Nothing else is being
/// committed. The transaction lock is released before the wait for the disk.
pub(crate) fn commit_leading(
    begun: Begun,
    groups: &Arc<GroupCommit>,
    lock: TransactionLock,
    wait: Wait,
    mut set: WriteSet,
    made: Contribution,
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
    if set.has_large() {
        // Followers would read the values while they are moved. The lock keeps them out; they would wait for the disk in
        // any case.
        let Contribution { transactions, durability, .. } = made;
        return begun.session(|session| commit_moving(session, &mut set, transactions, durability));
    }
    let base = begun.base().lmdb_id();
    let leading = leading.insert(groups.lead(begun.core(), set, made, base, wait));
    drop(lock);
    let committed = leading.group().and_then(|group| begun.session(|session| commit_group(session, &group)));
    leading.note_outcome(&committed);
    committed
}

/// Commits the group in flight. Dropping `leading` reports the outcome, so the caller drops it last.
pub(crate) fn lead_group(core: &Arc<Core>, mut leading: Leading) {
    let committed = leading.group().and_then(|group| {
        let begun = Begun::begin(WriterTurn::wait_for(core), Begin::After(group.base));
        begun?.session(|session| commit_group(session, &group))
    });
    leading.note_outcome(&committed);
}

fn commit_group(session: &mut Session<'_>, group: &Group<WriteSet>) -> Result<()> {
    commit(session, &group.set, group.transactions, group.durability)
}

/// Commits `set`, the changes of `transactions` transactions, and counts them.
pub(crate) fn commit(
    session: &mut Session<'_>,
    set: &WriteSet,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    commit_with(session, set, Vec::new(), set.bytes(), transactions, durability)
}

/// As [`commit`], with values of the same DBIs that are moved out of memory. All of it takes `bytes`.
pub(super) fn commit_with(
    session: &mut Session<'_>,
    set: &WriteSet,
    moved: Vec<LargeValue>,
    bytes: usize,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    let (base, fill) = (session.base(), session.fill());
    let moved = RefCell::new(moved);
    session.commit_to(set.names(), bytes, durability, |applier, head| {
        // The session counts one already.
        head.seq = head.seq.plus(transactions.saturating_sub(1));
        if let Some(next) = set.creations().and_then(Creations::next_id) {
            head.next_dbi = head.next_dbi.max(next);
            head.epoch = head.epoch.wrapping_add(1);
        }
        set.apply(base, fill, applier)?;
        apply_moving(&mut moved.borrow_mut(), applier)
    })?;
    if let Some(creations) = set.creations().filter(|creations| creations.len() > 0) {
        creations.settle();
        let epoch = base.head()?.epoch;
        base.dbis().carry_leftovers((epoch, epoch.wrapping_add(1)), creations.iter().map(|dbi| &*dbi.name));
    }
    Ok(())
}
