//! Applying a write set to LMDB: DBI by DBI, keys ascending.

use std::ops::Bound;

use crate::catalog::DbiIdentity;
use crate::commit::refill::{is_worthwhile, refill};
use crate::error::Result;
use crate::lmdb::{Applier, Failure, TreeHandle};
use crate::page::{Cursor, FILL_PERCENT_MAX, FILL_PERCENT_UNORDERED, LeafFill, Leaves, TreeRecord, used_in_last_leaf};
use crate::read::is_in;
use crate::state::State;
use crate::write_set::{Below, DbiChanges, Gap, OfDbi, WriteSet};

/// Fewer changes than this are made one by one: they do not repay a search for the tree's end, or allocating a
/// cursor.
const FEW: usize = 16;

impl WriteSet {
    /// Applies the changes of rows in LMDB's write transaction, whose base is `base`. The trees of all DBIs exist. They
    /// were checked when they were made, so only space and the disk can fail. The set stays whole and can be applied
    /// again.
    pub(crate) fn apply(
        &self,
        base: &State,
        fill: Option<u8>,
        applier: &mut Applier<'_, '_, '_>,
    ) -> Result<(), Failure> {
        for of in self.dbis().filter(|of| self.is_there(of)) {
            if let Some((key, value)) = of.changes.only() {
                let tree = applier.tree(of.dbi.tree())?;
                match value {
                    Some(value) => applier.put(tree, key, value)?,
                    None => applier.delete(tree, key)?,
                }
                continue;
            }
            if of.changes.is_empty() {
                continue;
            }
            let tree = applier.tree(of.dbi.tree())?;
            if of.changes.gaps().is_empty() && of.changes.len() < FEW {
                apply_changes(&of.changes, |_| false, tree, applier)?;
                continue;
            }
            let below = self.below(of, base)?;
            let percent = || {
                fill.unwrap_or_else(
                    || if of.changes.came_in_order() { FILL_PERCENT_MAX } else { FILL_PERCENT_UNORDERED },
                )
            };
            let page_size = base.meta().page_size;
            if is_worthwhile(base, &below, &of.changes)? {
                refill(
                    base,
                    &below,
                    &of.changes,
                    LeafFill::new(page_size, fill.unwrap_or(FILL_PERCENT_UNORDERED), 0),
                    tree,
                    applier,
                )?;
                continue;
            }
            match open_gaps(base, &below, &of.changes, tree, applier)? {
                Some(last) if of.changes.gaps().is_empty() && of.changes.first_key().is_some_and(|key| key > last) => {
                    let used = used_in_last_leaf(base.pages(), &below)?;
                    fill_tree(&of.changes, LeafFill::new(page_size, percent(), used), tree, applier)?;
                }
                Some(last) => apply_changes(&of.changes, |key| key > last, tree, applier)?,
                None => fill_tree(&of.changes, LeafFill::new(page_size, percent(), 0), tree, applier)?,
            }
        }
        Ok(())
    }

    /// Whether the DBI is there after the commit, under the handle that the changes were made with.
    fn is_there(&self, of: &OfDbi) -> bool {
        self.schema().is_none_or(|schema| match of.dbi.identity {
            DbiIdentity::Catalogued(id) => schema.dbi(id).is_none_or(|changed| changed.name.is_some()),
            // A transaction that adopts a foreign DBI records the foreign DBI's changes again as changes of the adopted
            // DBI. So those of the foreign DBI must not be applied too.
            DbiIdentity::Foreign => schema.foreign(&of.dbi.name).is_none(),
        })
    }

    /// The tree below the changes of a DBI.
    fn below(&self, of: &OfDbi, base: &State) -> Result<TreeRecord> {
        let changed = match of.dbi.identity {
            DbiIdentity::Catalogued(id) => self.schema().and_then(|schema| schema.dbi(id)),
            DbiIdentity::Foreign => None,
        };
        match changed.map(|changed| &changed.below) {
            Some(Below::Nothing) => Ok(TreeRecord::EMPTY),
            Some(Below::Adopted(foreign)) => base.tree(foreign),
            Some(Below::Own) | None => base.tree(&of.dbi),
        }
    }
}

/// Deletes the entries that the gaps hide, and returns the last key that is left.
fn open_gaps<'t, 'e>(
    base: &'t State,
    below: &TreeRecord,
    changes: &DbiChanges,
    tree: TreeHandle<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<Option<&'t [u8]>, Failure> {
    let within = |(start, end): Gap<'_>| {
        let upper = end.map_or(Bound::Unbounded, Bound::Excluded);
        Cursor::range(base.pages(), below, Bound::Included(start), upper)
    };
    // `all` stays valid while the transaction deletes rows: LMDB writes changed pages to other places, and leaves the
    // base's pages alone.
    let mut all = Cursor::range(base.pages(), below, Bound::Unbounded, Bound::Unbounded)?;
    let mut last = all.next_back()?;
    for gap in changes.gaps().iter().rev() {
        let Some((key, _)) = last else { break };
        if !is_in(key, gap) {
            continue;
        }
        all.seek_back(gap.0)?;
        // After `seek_back` the cursor returns the gap's first key, if the tree has it. The gap hides that key too, so
        // it is skipped.
        last = all.next_back()?;
        if last.is_some_and(|(key, _)| key == gap.0) {
            last = all.next_back()?;
        }
    }
    if last.is_none() {
        if !below.is_empty() {
            applier.clear(tree)?;
        }
        return Ok(None);
    }
    for gap in changes.gaps().iter() {
        if let Some((first, _)) = within(gap)?.next()? {
            empty(base, below, (first, gap.1), tree, applier)?;
        }
    }
    Ok(last.map(|(key, _)| key))
}

/// The number of leaves that are emptied together.
const TOGETHER: usize = 32;

/// Deletes the entries of a range.
///
/// LMDB deletes entry by entry. When a leaf is less than a quarter full, LMDB moves one entry over from the leaf
/// beside it, or merges the two. So, for some leaves at a time, first as many entries of each leaf are deleted as
/// leave it a quarter full, which moves nothing. Then the rest is deleted, which merges each leaf with the next.
fn empty<'e>(
    base: &State,
    below: &TreeRecord,
    (first, end): Gap<'_>,
    tree: TreeHandle<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<(), Failure> {
    let Some(mut leaves) = Leaves::within(base.pages(), below, first, end)? else { return Ok(()) };
    let mut next = leaves.next()?;
    let mut shares = Vec::new();
    while let Some(share) = next {
        shares.clear();
        shares.push(share);
        next = leaves.next()?;
        while let Some(share) = next.filter(|_| shares.len() < TOGETHER) {
            shares.push(share);
            next = leaves.next()?;
        }
        let to = next.map_or(end, |next| Some(next.first));
        if shares.len() > 1 {
            let mut at = 0;
            applier.delete_range(tree, share.first, to, |key| {
                while shares.get(at + 1).is_some_and(|next| next.first <= key) {
                    at += 1;
                }
                shares[at].kept.is_none_or(|kept| key > kept)
            })?;
        }
        applier.delete_range(tree, share.first, to, |_| true)?;
    }
    Ok(())
}

/// Puts and deletes, ascending. After the last key of the tree there is nothing to delete.
fn apply_changes<'e>(
    changes: &DbiChanges,
    is_above_all: impl Fn(&[u8]) -> bool,
    tree: TreeHandle<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<(), Failure> {
    let mut all = changes.iter_all().filter(|(key, value)| value.is_some() || !is_above_all(key));
    if changes.len() < FEW {
        return all.try_for_each(|(key, value)| match value {
            Some(value) => applier.put(tree, key, value),
            None => applier.delete(tree, key),
        });
    }
    let mut cursor = applier.puts(tree)?;
    all.try_for_each(|(key, value)| match value {
        Some(value) => cursor.put(key, value),
        None => cursor.delete(key),
    })
}

/// Puts after all keys of a tree.
fn fill_tree<'e>(
    changes: &DbiChanges,
    filling: LeafFill,
    tree: TreeHandle<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<(), Failure> {
    let mut puts = applier.fill(tree, filling)?;
    changes.iter_all().filter_map(|(key, value)| Some((key, value?))).try_for_each(|(key, value)| puts.put(key, value))
}
