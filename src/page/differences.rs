//! The keys whose entries differ between two trees of one file.

use std::cmp::Ordering;

use crate::error::Result;
use crate::page::cursor::Pair;
use crate::page::cursor_stack::SeekTarget;
use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;
use crate::page::search_key::SearchKey;
use crate::page::tree_position::TreePosition;

/// Walks two trees of one file together, and returns the keys that one of them has with another value, or not at all.
///
/// LMDB never changes a page of a committed state, but writes another one. So a page with the same number in both trees
/// is the same page, with all that lies below it, and is passed over, as long as both states are kept: the pages of a
/// state that is given up are used again. Costs O(log n) and the entries of the leaves that only one of the trees has.
pub(crate) struct Differences<'a, 'k> {
    old: Side<'a>,
    new: Side<'a>,
    end: Option<&'k [u8]>,
}

/// The position in one tree; `None` at its end.
struct Side<'a> {
    pages: Pages<'a>,
    at: Option<TreePosition<'a>>,
}

impl<'a, 'k> Differences<'a, 'k> {
    /// The walk over the keys from `start` to before `end`, or to the end of the trees.
    pub(crate) fn between(
        old: (Pages<'a>, &TreeRecord),
        new: (Pages<'a>, &TreeRecord),
        start: &[u8],
        end: Option<&'k [u8]>,
    ) -> Result<Self> {
        let is_same = old.1 == new.1;
        let open = |(pages, tree)| if is_same { Ok(Side { pages, at: None }) } else { Side::open(pages, tree, start) };
        Ok(Self { old: open(old)?, new: open(new)?, end })
    }

    /// The next key that differs, in ascending order.
    pub(crate) fn next(&mut self) -> Result<Option<&'a [u8]>> {
        loop {
            if let (Some(old), Some(new)) = (&mut self.old.at, &mut self.new.at)
                && let Some(levels) = shared_levels(old, new)
            {
                old.path.pass_shared(&mut new.path, levels);
                self.old.pass(levels)?;
                self.new.pass(levels)?;
                continue;
            }
            let (old, new) = (self.old.entry(self.end)?, self.new.entry(self.end)?);
            let (key, order) = match (old, new) {
                (None, None) => return Ok(None),
                (Some((key, _)), None) => (key, Ordering::Less),
                (None, Some((key, _))) => (key, Ordering::Greater),
                (Some((old, _)), Some((new, _))) => (old.min(new), old.cmp(new)),
            };
            if order.is_le() {
                self.old.step()?;
            }
            if order.is_ge() {
                self.new.step()?;
            }
            match (old, new) {
                (Some((_, old)), Some((_, new))) if order.is_eq() && is_same(old, new) => {}
                _ => return Ok(Some(key)),
            }
        }
    }
}

/// Whether two values are equal. If both are at the same place of one map, they are one value, and its bytes are not
/// read.
fn is_same(old: &[u8], new: &[u8]) -> bool {
    std::ptr::eq(old, new) || old == new
}

/// If both positions are before the same slot of the same leaf, returns how many levels of pages above the leaf are the
/// same in both trees too.
fn shared_levels(old: &TreePosition<'_>, new: &TreePosition<'_>) -> Option<usize> {
    if old.leaf.number() != new.leaf.number() || old.slot != new.slot {
        return None;
    }
    let levels = old.path.steps().iter().rev().zip(new.path.steps().iter().rev());
    Some(levels.take_while(|(old, new)| old.page.number() == new.page.number() && old.slot == new.slot).count())
}

impl<'a> Side<'a> {
    fn open(pages: Pages<'a>, tree: &TreeRecord, start: &[u8]) -> Result<Self> {
        let target = if start.is_empty() { SeekTarget::<0>::Start } else { SeekTarget::Before(SearchKey::new(start)) };
        let mut side = Self { pages, at: TreePosition::at(pages, tree, &target)? };
        side.settle()?;
        Ok(side)
    }

    /// The entry at this side's position, if its key is before `end`.
    fn entry(&self, end: Option<&[u8]>) -> Result<Option<Pair<'a>>> {
        let Some(at) = &self.at else { return Ok(None) };
        let node = at.leaf.node(at.slot)?;
        if end.is_some_and(|end| node.key >= end) {
            return Ok(None);
        }
        Ok(Some((node.key, node.plain(self.pages, at.leaf)?)))
    }

    /// Moves past the entry at this side's position.
    fn step(&mut self) -> Result<()> {
        if let Some(at) = &mut self.at {
            at.slot += 1;
        }
        self.settle()
    }

    /// Moves past the rest of the leaf, and past all other leaves below the page that is `levels` levels above it.
    fn pass(&mut self, levels: usize) -> Result<()> {
        if let Some(at) = &mut self.at
            && !at.next_leaf_beyond(self.pages, levels)?
        {
            self.at = None;
        }
        Ok(())
    }

    /// Moves to the next leaf if the current one has no more entries.
    fn settle(&mut self) -> Result<()> {
        if let Some(at) = &mut self.at
            && at.slot >= at.leaf.slots()
            && !at.next_leaf(self.pages)?
        {
            self.at = None;
        }
        Ok(())
    }
}
