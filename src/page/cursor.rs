//! The entries of a range, from both ends.

use std::ops::{Bound, ControlFlow};

use crate::error::Result;
use crate::page::edge::Edge;
use crate::page::layout::Pages;
use crate::page::lookup::Found;
use crate::page::meta::TreeRecord;
use crate::page::target::Target;
use crate::page::trail::Spot;

/// Cache lines of the next leaf that are asked for when a leaf is entered: all of a page of 4 KiB. Two lines gave
/// 1.25 times the speed of heed on a tree grown at random, all of them 1.55 times.
const READ_AHEAD: usize = 64;

/// A key and its value, borrowed from the map.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// The entries of one range of one tree that were not read yet, taken from either end.
///
/// Both ends are places; they are compared when a leaf is left, never keys. An entry costs its node's bounds check.
/// After an error there are no entries any more. A clone reads on by itself; up to five levels it allocates nothing.
#[derive(Clone)]
pub struct Cursor<'a> {
    pages: Pages<'a>,
    tree: TreeRecord,
    front: Edge<'a>,
    back: Edge<'a>,
    /// Whether both ends are in one leaf.
    same: bool,
    /// Whether nothing is left: then both ends are in one leaf, at one slot.
    done: bool,
    /// Whether keys ascend by their bytes, which is checked from leaf to leaf.
    ordered: bool,
}

impl<'a> Cursor<'a> {
    /// The entries between two bounds. Bounds that exclude each other enclose nothing.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way to either end is not what its place says.
    pub(crate) fn range(pages: Pages<'a>, tree: &TreeRecord, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self> {
        let front = Edge::at(pages, tree, &Spot::lower(lower))?;
        let back = Edge::at(pages, tree, &Spot::upper(upper))?;
        let done = Self {
            pages,
            tree: *tree,
            front: Edge::nowhere(),
            back: Edge::nowhere(),
            same: true,
            done: true,
            ordered: true,
        };
        let (Some(front), Some(back)) = (front, back) else {
            return Ok(done);
        };
        if front.order(&back).is_ge() {
            return Ok(done);
        }
        Ok(Self { same: front.trail.order(&back.trail).is_eq(), done: false, front, back, ..done })
    }

    /// All entries of a tree whose keys do not ascend by their bytes: the free list, with its native integers. Only the
    /// count of leaves bounds it.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub(crate) fn unordered(pages: Pages<'a>, tree: &TreeRecord) -> Result<Self> {
        let all = Self::range(pages, tree, Bound::Unbounded, Bound::Unbounded)?;
        Ok(Self { ordered: false, ..all })
    }

    /// The first entry left, without taking it.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here; then nothing is left.
    pub(crate) fn peek(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.front_pair();
        self.checked(result)
    }

    /// The last entry left, without taking it.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub(crate) fn peek_back(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.back_pair();
        self.checked(result)
    }

    /// Takes the first entry left.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Pair<'a>>> {
        match self.front_pair() {
            Ok(Some(pair)) => {
                self.front.slot += 1;
                Ok(Some(pair))
            }
            result => self.checked(result),
        }
    }

    /// Takes the last entry left.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    #[inline]
    pub(crate) fn next_back(&mut self) -> Result<Option<Pair<'a>>> {
        match self.back_pair() {
            Ok(Some(pair)) => {
                self.back.slot -= 1;
                Ok(Some(pair))
            }
            result => self.checked(result),
        }
    }

    /// Takes the first entry left of the main tree, where values may be records of named trees.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here, or the entry has duplicates; then nothing is left.
    pub(crate) fn next_node(&mut self) -> Result<Option<(&'a [u8], Found<'a>)>> {
        let result = self.front_node();
        let entry = self.checked(result)?;
        if entry.is_some() {
            self.front.slot += 1;
        }
        Ok(entry)
    }

    /// Gives every entry left to `each`, in order, until it breaks: the fastest way through a range.
    ///
    /// The entry that it broke at is taken.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    #[inline]
    pub(crate) fn for_each<B>(
        &mut self,
        mut each: impl FnMut(&'a [u8], &'a [u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        loop {
            let ready = self.front_ready();
            if !self.checked(ready)? {
                return Ok(ControlFlow::Continue(()));
            }
            let (leaf, end) = (self.front.leaf, self.front_end());
            while self.front.slot < end {
                let pair = leaf.node(self.front.slot).and_then(|node| Ok((node.key, node.plain(self.pages, leaf)?)));
                let (key, value) = self.checked(pair)?;
                self.front.slot += 1;
                if let ControlFlow::Break(value) = each(key, value) {
                    return Ok(ControlFlow::Break(value));
                }
            }
        }
    }

    /// Drops entries from the front until the first one left is not below `key`. Never goes back.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_front(&Target::new(key));
        self.checked(result)
    }

    /// Drops entries from the back until the last one left is not above `key`. Never goes forward.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub(crate) fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_end(&Target::new(key));
        self.checked(result)
    }

    #[inline]
    fn front_end(&self) -> usize {
        if self.same { self.back.slot } else { self.front.leaf.slots() }
    }

    #[inline]
    fn back_end(&self) -> usize {
        if self.same { self.front.slot } else { 0 }
    }

    #[inline]
    fn front_ready(&mut self) -> Result<bool> {
        if self.front.slot < self.front_end() { Ok(true) } else { self.advance() }
    }

    #[inline]
    fn front_pair(&mut self) -> Result<Option<Pair<'a>>> {
        if !self.front_ready()? {
            return Ok(None);
        }
        let leaf = self.front.leaf;
        let node = leaf.node(self.front.slot)?;
        Ok(Some((node.key, node.plain(self.pages, leaf)?)))
    }

    #[inline]
    fn back_pair(&mut self) -> Result<Option<Pair<'a>>> {
        if self.back.slot <= self.back_end() && !self.retreat()? {
            return Ok(None);
        }
        let leaf = self.back.leaf;
        let node = leaf.node(self.back.slot - 1)?;
        Ok(Some((node.key, node.plain(self.pages, leaf)?)))
    }

    fn front_node(&mut self) -> Result<Option<(&'a [u8], Found<'a>)>> {
        if !self.front_ready()? {
            return Ok(None);
        }
        let leaf = self.front.leaf;
        let node = leaf.node(self.front.slot)?;
        Ok(Some((node.key, Found { flags: node.flags, value: node.value(self.pages, leaf)? })))
    }

    /// Brings the front to the first entry of the next leaf; `false` when none is left.
    #[cold]
    #[inline(never)]
    fn advance(&mut self) -> Result<bool> {
        if self.same {
            self.stop();
            return Ok(false);
        }
        let before = self.front.leaf;
        if !self.front.next_leaf(self.pages)? {
            self.stop();
            return Ok(false);
        }
        if let Some(next) = self.front.trail.next_sibling() {
            self.pages.prefetch(next, READ_AHEAD);
        }
        let last = before.key(before.slots().saturating_sub(1))?;
        if self.ordered && self.front.leaf.compare(0, &Target::new(last))?.is_le() {
            return Err(self.front.leaf.fault("keys are not above those of the leaf before"));
        }
        Ok(self.meet())
    }

    /// Brings the back behind the last entry of the leaf before; `false` when none is left.
    #[cold]
    #[inline(never)]
    fn retreat(&mut self) -> Result<bool> {
        if self.same {
            self.stop();
            return Ok(false);
        }
        let behind = self.back.leaf;
        if !self.back.previous_leaf(self.pages)? {
            self.stop();
            return Ok(false);
        }
        let leaf = self.back.leaf;
        if self.ordered && leaf.compare(leaf.slots() - 1, &Target::new(behind.key(0)?))?.is_ge() {
            return Err(leaf.fault("keys are not below those of the leaf behind"));
        }
        Ok(self.meet())
    }

    /// Looks where the ends are to each other, after one of them has moved to another leaf.
    fn meet(&mut self) -> bool {
        self.same = self.front.trail.order(&self.back.trail).is_eq();
        if self.same && self.front.slot >= self.back.slot {
            self.stop();
        }
        !self.done
    }

    fn seek_front(&mut self, target: &Target<'_>) -> Result<()> {
        let end = self.front_end();
        if self.front.slot < end && self.front.leaf.compare(end - 1, target)?.is_ge() {
            self.front.slot = self.front.leaf.search::<false>(self.front.slot, target)?.min(end);
            return Ok(());
        }
        if self.same {
            self.stop();
            return Ok(());
        }
        let Some(edge) = Edge::at(self.pages, &self.tree, &Spot::Before(*target))? else {
            return Ok(());
        };
        if edge.order(&self.back).is_ge() {
            self.stop();
        } else if edge.order(&self.front).is_gt() {
            self.front.jump(edge);
            self.meet();
        }
        Ok(())
    }

    fn seek_end(&mut self, target: &Target<'_>) -> Result<()> {
        let start = self.back_end();
        if self.back.slot > start {
            let leaf = self.back.leaf;
            if leaf.compare(self.back.slot - 1, target)?.is_le() {
                return Ok(());
            }
            if leaf.compare(start, target)?.is_le() {
                self.back.slot = leaf.search::<true>(start, target)?.min(self.back.slot);
                return Ok(());
            }
        }
        if self.same {
            self.stop();
            return Ok(());
        }
        let Some(edge) = Edge::at(self.pages, &self.tree, &Spot::After(*target))? else {
            return Ok(());
        };
        if edge.order(&self.front).is_le() {
            self.stop();
        } else if edge.order(&self.back).is_lt() {
            self.back.jump(edge);
            self.meet();
        }
        Ok(())
    }

    /// Ends the cursor where an operation failed.
    #[inline]
    fn checked<T>(&mut self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.stop();
        }
        result
    }

    fn stop(&mut self) {
        self.done = true;
        self.same = true;
        self.front.slot = 0;
        self.back.slot = 0;
    }
}
