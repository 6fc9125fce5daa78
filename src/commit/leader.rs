//! Leaders: they commit a transaction that ran on the newest state, or a group that follows on its predecessor.

use std::cell::RefCell;
use std::sync::Arc;

use crate::commit::group_commit::{GroupCommit, Leading, TransactionLock};
use crate::commit::moving::{apply_moving, commit_moving};
use crate::commit::pipeline::{Contribution, Group};
use crate::commit::schema_plan::{Company, SchemaPlan};
use crate::commit::session::{Begin, Begun, Session};
use crate::durability::Durability;
use crate::error::Result;
use crate::state::{Core, State, Wait, WriterTurn};
use crate::write_set::{LargeValue, SchemaChanges, WriteSet};

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
    // Declared first, so that it is dropped last, also by a panic. Dropping it lets the next leader begin, which needs
    // LMDB's lock and the writer's lock: both are free by then.
    let mut leading: Option<Leading> = None;
    let (begun, lock) = (begun, lock);
    if set.is_empty() {
        begun.session(|_| ());
        return Ok(());
    }
    // If the process was forked since the transaction began, this child must not commit: the pipeline is the parent's.
    begun.core().check_not_forked()?;
    if set.is_exclusive() {
        // The transaction lock is held until the commit has ended, because no other transaction may run on this set
        // before it is committed.
        let committed = begun.session(|session| commit(session, &set, made.transactions, made.durability));
        drop(lock);
        return committed;
    }
    if set.has_large() {
        // Large values are moved out of the set during the commit, while followers would read them. So the transaction
        // lock is held to the end, and no follower runs. That costs little: followers would wait for the disk in any
        // case.
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
    match set.schema() {
        Some(schema) if schema.is_exclusive() => commit_exclusively(session, set, transactions, durability),
        Some(schema) if !schema.is_empty() => {
            let plan = SchemaPlan::of(schema, session.base(), Company::Others, &[])?;
            commit_planned(session, (set, schema), &plan, transactions, durability)?;
            let (base, epoch) = (session.base(), session.base().head()?.epoch);
            base.dbis().carry_leftovers((epoch, epoch.wrapping_add(1)), plan.made());
            Ok(())
        }
        _ => commit_rows(session, set, Vec::new(), set.bytes(), transactions, durability),
    }
}

/// As [`commit`], for changes that create, rename or drop no DBI. `moved` are values of the same DBIs that are moved
/// out of memory. All of it takes `bytes`.
pub(super) fn commit_rows(
    session: &mut Session<'_>,
    set: &WriteSet,
    moved: Vec<LargeValue>,
    bytes: usize,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    let (base, fill) = (session.base(), session.fill());
    let moved = RefCell::new(moved);
    session.commit_to(set.trees(), bytes, durability, |applier, head| {
        // The session has already raised `head.seq` by one, for the first transaction, so only the others are added.
        head.seq = head.seq.plus(transactions.saturating_sub(1));
        set.apply(base, fill, applier)?;
        apply_moving(&mut moved.borrow_mut(), applier)
    })
}

/// As [`commit`], where trees may be removed: if no other process has the environment open, and none can open it
/// meanwhile.
pub(crate) fn commit_exclusively(
    session: &mut Session<'_>,
    set: &WriteSet,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    let Some(schema) = set.schema() else { return commit(session, set, transactions, durability) };
    let base = session.base();
    let leftovers = leftovers(base)?;
    session.exclusively(|session, is_alone| {
        let company = if is_alone { Company::Alone } else { Company::Others };
        let plan = SchemaPlan::of(schema, base, company, &leftovers)?;
        commit_planned(session, (set, schema), &plan, transactions, durability)?;
        base.dbis().set_leftovers(base.head()?.epoch.wrapping_add(1), plan.left(leftovers, company));
        Ok(())
    })
}

/// Removes the empty trees that are left of dropped DBIs. No other process has the environment open.
pub(crate) fn remove_leftovers(session: &mut Session<'_>, leftovers: &[String]) -> Result<()> {
    let plan = SchemaPlan::of(&SchemaChanges::default(), session.base(), Company::Alone, leftovers)?;
    session.commit(0, |applier, head| {
        // Removing empty trees changes nothing that anybody could read. So it counts as no transaction, and the
        // increment that the session made is taken back.
        head.seq = head.seq.minus(1);
        plan.apply(applier)
    })
}

fn commit_planned(
    session: &mut Session<'_>,
    (set, schema): (&WriteSet, &SchemaChanges),
    plan: &SchemaPlan,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    let (base, fill) = (session.base(), session.fill());
    session.commit_opening(true, set.bytes(), durability, |applier, head| {
        head.seq = head.seq.plus(transactions.saturating_sub(1));
        head.epoch = head.epoch.wrapping_add(1);
        head.next_dbi = schema.next_id().map_or(head.next_dbi, |next| head.next_dbi.max(next));
        plan.apply(applier)?;
        set.apply(base, fill, applier)
    })?;
    schema.settle();
    Ok(())
}

/// The names of the empty trees that are left of dropped DBIs. O(1); O(DBIs) the first time, and after other
/// processes' changes of DBIs.
fn leftovers(state: &State) -> Result<Vec<String>> {
    let epoch = state.head()?.epoch;
    if let Some(known) = state.dbis().leftovers(epoch) {
        // The known names may be outdated: other software does not raise the epoch, and may have created or filled
        // trees of these names. So each name is checked again.
        let mut left = Vec::with_capacity(known.len());
        for name in known {
            if state.is_leftover(&name)? {
                left.push(name);
            }
        }
        return Ok(left);
    }
    let found = state.leftovers()?;
    state.dbis().set_leftovers(epoch, found.clone());
    Ok(found)
}
