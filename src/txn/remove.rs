//! Removes entries: by key, from either end, and many at once after a scan.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::{DbiRef, DbiSlot};
use crate::error::{ErrorKind, Result};
use crate::key::KeyBuf;
use crate::page::{self, LeafSlot, Pages, TreeRecord};
use crate::read::{LayeredTree, RawCursor, RawRead, deleted_ranges, look};
use crate::txn::keys::Keys;
use crate::txn::txn_state::TxnState;
use crate::write_set::{DbiChanges, EntryPosition, LEAST, change_bytes};

/// The position in the file of the last removal, or of the next one. The file's pages do not change while the
/// transaction runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    slot: DbiSlot,
    position: LeafSlot,
    /// Whether the next removal is expected in the same leaf, since the last one was.
    is_local: bool,
}

/// What it takes to remove the entry at an end.
enum Pop<'b, T> {
    /// There is no entry.
    Nothing,
    /// The set puts the entry, and nothing visible is below it.
    Own(T, EntryPosition),
    /// The entry is next to the gap at that end: what `read` returned, its key, the key to which the gap grows
    /// (exclusive in front, inclusive at the back), and that key's position.
    Joins(T, &'b [u8], Option<&'b [u8]>, Option<LeafSlot>),
    /// Another case, for the general path.
    Other,
}

impl TxnState {
    /// Removes `key`, and returns whether it existed. One search in the changes, and one in the file.
    pub(crate) fn raw_delete(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        self.raw_delete_of::<0>(dbi, key)
    }

    /// As [`raw_delete`](Self::raw_delete), where all keys have `W` bytes, or any length if `W` is 0.
    pub(crate) fn raw_delete_of<const W: usize>(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        let is_removed = if self.is_draft() {
            self.remove_alone(dbi, key)?
        } else if self.layers.of_dbi(dbi.slot).next().is_none() {
            self.remove_over_file::<W>(dbi, key)?
        } else {
            let is_there = self.raw_get::<0>(dbi, key)?.is_some();
            if is_there {
                self.remove_over_layers(dbi, key)?;
            }
            is_there
        };
        if is_removed {
            self.note(dbi.slot, key, false);
        }
        Ok(is_removed)
    }

    /// Removes `key`, if it exists, when no other layer is between the set and the file.
    fn remove_over_file<const W: usize>(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        let (pages, tree) = (self.base.pages(), self.tree(dbi)?);
        let Some(own) = self.set.dbi(dbi.slot).filter(|own| !own.is_empty()) else {
            let is_there = page::get::<W>(pages, &tree, key)?.is_some();
            if is_there {
                self.change(dbi, key, None)?;
            }
            return Ok(is_there);
        };
        let at = own.lower(key);
        let change = if at.1 { own.blocks().at(at.0).map(|entry| own.record(entry).1.is_some()) } else { None };
        if change == Some(false) {
            return Ok(false);
        }
        // The changes around the key show whether its neighbours in the file are deleted. They are read after the
        // search in the file, which takes longer than a prefetch, so they are prefetched now.
        own.prefetch_beside(at.0);
        let near = self.near.filter(|near| near.slot == dbi.slot);
        let found = if own.gaps().containing(key).is_some() {
            page::LeafNeighbours::default()
        } else {
            let leaf = near.filter(|near| near.is_local).map(|near| near.position.0);
            page::leaf_neighbours::<W>(pages, &tree, leaf, key)?
        };
        if !found.is_there {
            if change.is_some() {
                self.set.forget_at(dbi, at.0);
            }
            return Ok(change.is_some());
        }
        let below = || Ok(LayeredTree::new(pages, tree, std::iter::empty()));
        let range = deleted_ranges::range_joined_by(own, below, key, at, &found)?;
        self.near = found.leaf().map(|leaf| {
            let is_local = near.is_some_and(|near| near.position.0 == leaf);
            Near { slot: dbi.slot, position: (leaf, 0), is_local }
        });
        self.remove_seen(dbi, key, at, range).map(|()| true)
    }

    /// Removes `key`, which exists, when other layers are between the set and the file.
    fn remove_over_layers(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<()> {
        let Some(own) = self.set.dbi(dbi.slot) else { return self.change(dbi, key, None) };
        let at = own.lower(key);
        if at.1 && !self.is_below(dbi, key)? {
            self.set.forget_at(dbi, at.0);
            return Ok(());
        }
        let below = || Ok(LayeredTree::new(self.base.pages(), self.tree(dbi)?, self.layers(dbi.slot).skip(1)));
        let range = deleted_ranges::range_joined_by(own, below, key, at, &page::LeafNeighbours::default())?;
        self.remove_seen(dbi, key, at, range)
    }

    /// Removes `key`, which exists below the set, as a part of a range or alone.
    fn remove_seen(
        &mut self,
        dbi: &Arc<DbiRef>,
        key: &[u8],
        at: (EntryPosition, bool),
        range: Option<deleted_ranges::DeletedRange>,
    ) -> Result<()> {
        let Some(mut range) = range else { return self.set.change_at(dbi, key, None, at) };
        if at.1 {
            // The gap keeps the set's puts, except those of the keys in `deleted`. The set has a put of this key, so
            // the key is added.
            range.deleted.push(key.to_vec());
        }
        match self.set.add_gap_keeping_puts(dbi, &range.start, range.end.as_deref(), &range.deleted) {
            Err(error) if error.kind() == ErrorKind::TooLarge => self.set.change_at(dbi, key, None, at),
            joined => joined,
        }
    }

    /// Whether `key` exists below the set's own change of it.
    pub(super) fn is_below(&self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        if self.set.dbi(dbi.slot).is_some_and(|own| own.gaps().containing(key).is_some()) {
            return Ok(false);
        }
        match look(self.layers.of_dbi(dbi.slot), key) {
            Some(found) => Ok(found.is_some()),
            None => Ok(page::get::<0>(self.base.pages(), &self.tree(dbi)?, key)?.is_some()),
        }
    }

    /// Removes the last entry if `LAST`, else the first, and returns what `read` made of it.
    pub(crate) fn raw_pop<const LAST: bool, T>(
        &mut self,
        dbi: &Arc<DbiRef>,
        read: impl Fn(&[u8], &[u8]) -> Result<T>,
    ) -> Result<Option<T>> {
        let near = self.near.filter(|near| near.slot == dbi.slot).map(|near| near.position);
        let is_next_to_file = self.layers.of_dbi(dbi.slot).next().is_none() && !self.is_draft();
        let found = match self.set.dbi(dbi.slot).filter(|_| is_next_to_file) {
            Some(own) => find_pop::<LAST, T>(self.base.pages(), &self.tree(dbi)?, own, near, &read)?,
            None => Pop::Other,
        };
        let popped = match found {
            Pop::Nothing => return Ok(None),
            Pop::Own(popped, position) => {
                if let Some(key) = self.set.dbi(dbi.slot).and_then(|own| own.key_at(position)) {
                    self.note(dbi.slot, key, false);
                }
                self.set.forget_at(dbi, position);
                popped
            }
            Pop::Joins(popped, key, next, position) => {
                let (start, end) = if LAST { (next, None) } else { (None, next) };
                self.set.add_gap_keeping_puts(dbi, start.unwrap_or(LEAST), end, &[])?;
                self.note(dbi.slot, key, false);
                self.near = position.map(|position| Near { slot: dbi.slot, position, is_local: true });
                popped
            }
            Pop::Other => {
                let mut cursor = self.raw_range(dbi, Bound::Unbounded, Bound::Unbounded)?;
                let entry = if LAST { cursor.next_back()? } else { cursor.next()? };
                let end = entry.map_or(Bound::Unbounded, |(key, _)| Bound::Included(key));
                let (lower, upper) = if LAST { (end, Bound::Unbounded) } else { (Bound::Unbounded, end) };
                self.log_range(dbi, lower, upper)?;
                let Some((key, value)) = entry else { return Ok(None) };
                let popped = read(key, value)?;
                let key = KeyBuf::from_slice(key);
                drop(cursor);
                self.raw_delete(dbi, &key)?;
                return Ok(Some(popped));
            }
        };
        Ok(Some(popped))
    }

    /// Whether the set itself changes no key from `first` to `last`.
    pub(crate) fn is_untouched(&self, dbi: &DbiRef, first: &[u8], last: &[u8]) -> bool {
        self.set.dbi(dbi.slot).filter(|own| !own.is_empty()).is_none_or(|own| {
            let (from, to) = (own.lower(first), own.lower(last));
            from.0 == to.0 && !from.1 && !to.1
        })
    }

    /// Makes sure that the set has room to remove `keys` and `key` later, whatever happens to them until then.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(crate) fn make_room_to_remove(&mut self, keys: &Keys, key: &[u8]) -> Result<()> {
        let each = change_bytes(&[], None) * (keys.len() + 1) + keys.bytes() + key.len();
        // Each range of `MIN_GAP_ROWS` keys may become a gap, whose end may be as long as a key can be. There is room
        // for a few gaps more, because the outermost ranges join earlier deletions.
        let gaps = DbiChanges::gap_bytes(&[], None) + 2 * (self.max_key + 1);
        self.set.make_room(each + gaps * (keys.len() / deleted_ranges::MIN_GAP_ROWS + 4))
    }

    /// Removes these keys, which exist and ascend. Each has a flag: whether nothing visible is between it and the
    /// key before.
    ///
    /// If the set itself changes nothing among them, no key is looked up.
    pub(crate) fn raw_remove_all(&mut self, dbi: &Arc<DbiRef>, keys: &Keys) -> Result<()> {
        let Some((first, last)) = keys.both_ends() else { return Ok(()) };
        if self.is_draft() || !self.is_untouched(dbi, first, last) {
            return keys.iter().try_for_each(|(key, _)| self.raw_delete(dbi, key).map(drop));
        }
        // If the set has changes of this DBI, earlier deletions may be adjacent to the first and the last range of
        // consecutive keys. These two ranges must join them.
        let is_changed = self.set.dbi(dbi.slot).is_some_and(|changes| !changes.is_empty());
        let mut all = keys.iter().peekable();
        let mut adjacent: Vec<&[u8]> = Vec::new();
        let mut is_first = true;
        while let Some((key, _)) = all.next() {
            adjacent.push(key);
            let next = all.peek();
            if next.is_some_and(|(_, meets)| *meets) {
                continue;
            }
            let is_outermost = is_changed && (is_first || next.is_none());
            match adjacent[..] {
                // The ends of the range are removed by `raw_delete`, which finds adjacent earlier deletions and joins
                // them.
                [first, ref inner @ .., last] if is_outermost && adjacent.len() >= deleted_ranges::MIN_GAP_ROWS => {
                    self.remove_adjacent(dbi, inner, Some(last))?;
                    self.raw_delete(dbi, first)?;
                    self.raw_delete(dbi, last)?;
                }
                ref all if is_outermost => all.iter().try_for_each(|key| self.raw_delete(dbi, key).map(drop))?,
                ref all => self.remove_adjacent(dbi, all, None)?,
            }
            adjacent.clear();
            is_first = false;
        }
        Ok(())
    }

    /// Removes consecutive keys that exist below the set, which has no changes among them. `after` is the key
    /// after them, if it is known.
    fn remove_adjacent(&mut self, dbi: &Arc<DbiRef>, adjacent: &[&[u8]], after: Option<&[u8]>) -> Result<()> {
        let (Some(first), Some(last)) = (adjacent.first(), adjacent.last()) else { return Ok(()) };
        // If `after` is known, the caller also removes `after` and the key before the range, and both join the gap. So
        // two keys fewer are enough for a gap.
        let enough = if after.is_some() { deleted_ranges::MIN_GAP_ROWS - 2 } else { deleted_ranges::MIN_GAP_ROWS };
        if adjacent.len() >= enough {
            let next = if let Some(after) = after {
                Some(after.to_vec())
            } else {
                let view = LayeredTree::new(self.base.pages(), self.tree(dbi)?, self.layers.of_dbi(dbi.slot));
                view.range(Bound::Excluded(last), Bound::Unbounded)?.next()?.map(|(next, _)| next.to_vec())
            };
            match self.set.add_gap_keeping_puts(dbi, first, next.as_deref(), &[]) {
                Ok(()) => {
                    adjacent.iter().copied().for_each(|key| self.note(dbi.slot, key, false));
                    return Ok(());
                }
                // The set has no room for a gap. Deletions key by key may need less memory, so they are tried.
                Err(error) if error.kind() == ErrorKind::TooLarge => {}
                Err(error) => return Err(error),
            }
        }
        for key in adjacent {
            self.change(dbi, key, None)?;
            self.note(dbi.slot, key, false);
        }
        Ok(())
    }

    /// Records these keys as deleted, some perhaps for a second time, without reading anything: only a full set can
    /// fail. Known lengths and counts are forgotten.
    pub(crate) fn remove_blindly(&mut self, dbi: &Arc<DbiRef>, keys: &Keys) -> Result<()> {
        self.lengths.forget(dbi.slot);
        self.counts.forget();
        keys.iter().try_for_each(|(key, _)| self.change(dbi, key, None))
    }
}

/// Looks at an end that has a gap, or where only the set has entries: at the last change there, and at the file's
/// entry next to the gap. `near` is the position of that entry, or of another one.
fn find_pop<'b, const LAST: bool, T>(
    pages: Pages<'b>,
    tree: &TreeRecord,
    own: &DbiChanges,
    near: Option<LeafSlot>,
    read: &impl Fn(&[u8], &[u8]) -> Result<T>,
) -> Result<Pop<'b, T>> {
    let order = own.blocks();
    let position = if LAST { order.before(order.end()) } else { Some(EntryPosition::default()) };
    let change = position.and_then(|position| Some((position, own.record(order.at(position)?))));
    let gap = own.gaps().at_end::<LAST>();
    let row = match gap {
        Some((start, None)) if start <= LEAST => None,
        Some((start, _)) if LAST => page::outermost::<LAST>(pages, tree, near, Some(start))?,
        gap => page::outermost::<LAST>(pages, tree, near, gap.and_then(|(_, end)| end))?,
    };
    let is_own = |key: &[u8]| row.as_ref().is_none_or(|row| row.key != key && (key > row.key) == LAST);
    match (change, &row) {
        (Some((position, (key, Some(value)))), _) if is_own(key) => Ok(Pop::Own(read(key, value)?, position)),
        (None, None) => Ok(Pop::Nothing),
        (Some((_, (key, _))), _) if is_own(key) || row.as_ref().is_some_and(|row| row.key == key) => Ok(Pop::Other),
        (_, Some(row)) if gap.is_some() && (own.gaps().len() == 1 || own.gaps().containing(row.key).is_none()) => {
            let popped = read(row.key, row.value)?;
            if LAST {
                return Ok(Pop::Joins(popped, row.key, Some(row.key), Some(row.position())));
            }
            let next = page::next_after(pages, tree, row)?;
            Ok(Pop::Joins(popped, row.key, next.map(|(key, _)| key), next.map(|(_, position)| position)))
        }
        _ => Ok(Pop::Other),
    }
}
