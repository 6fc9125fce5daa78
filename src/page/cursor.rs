//! A cursor over the entries of a range, from both ends.

mod ends;

use std::ops::{Bound, ControlFlow};

use smallvec::SmallVec;

use crate::error::Result;
use crate::page::format::HEADER_LINES;
use crate::page::layout::Pages;
use crate::page::leaf_prefetch::LeafPrefetch;
use crate::page::lookup::Found;
use crate::page::meta::TreeRecord;
use crate::page::search_key::SearchKey;
use crate::page::tree::branch_levels;
use crate::page::tree_position::TreePosition;

/// A key and its value, borrowed from the map.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// A bound of a range, owned by its cursor; keys of up to 40 bytes are inline.
type OwnBound = Bound<SmallVec<[u8; 40]>>;

/// The remaining entries of a range of one tree, taken from either end.
///
/// Opening reads nothing: an end descends when an entry is first taken from it. As long as only one end has descended,
/// the outermost key of each leaf is compared with the other bound; after that, the positions of both ends are
/// compared. An entry costs the bounds check of its node. After an error there are no more entries. A clone continues
/// independently. Cloning allocates nothing in trees of up to five levels and with bounds of up to 40 bytes.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and asked for by itself")]
pub struct Cursor<'a> {
    pages: Pages<'a>,
    tree: TreeRecord,
    /// The front, once it has descended. The remaining entries of its leaf are those from its slot up to `front_limit`.
    front: TreePosition<'a>,
    front_limit: usize,
    /// Whether the front's leaf is the last with remaining entries. Then the back is in that leaf too, at slot
    /// `front_limit`. Also set when no entries remain.
    in_last_leaf: bool,
    /// Whether the front has descended into the tree. Until then, the front is at the lower bound.
    is_open: bool,
    /// Whether keys must ascend by their bytes. If so, the cursor checks this at each change of leaf.
    ordered: bool,
    /// The width of every key of the tree and of the bounds, if their type fixes it, otherwise 0.
    width: u8,
    /// Whether the end that moved last has passed a whole leaf; then it prefetches beyond the next leaf.
    reads_ahead: bool,
    /// The back, once it has descended, while its leaf is after the front's leaf.
    back: Option<TreePosition<'a>>,
    /// The slot of the first remaining entry in the back's leaf; 0 when the front is, or may be, before that leaf.
    back_limit: usize,
    lower: OwnBound,
    upper: OwnBound,
    /// The prefetch of the next leaf, at the end that moved last.
    prefetch: LeafPrefetch<'a>,
}

/// The first cache line of a leaf is prefetched this many leaves ahead. For a page that is far from the last one read,
/// the processor needs longer to translate the address than to read the line.
const LINE_DISTANCE: isize = 8;

impl<'a> Cursor<'a> {
    /// The entries between two bounds. Reversed bounds give none.
    ///
    /// # Errors
    /// `Corrupted` when the tree's record is invalid.
    #[inline]
    pub(crate) fn range(pages: Pages<'a>, tree: &TreeRecord, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self> {
        Self::new(pages, tree, 0, lower, upper)
    }

    /// As [`range`](Self::range), in a tree whose keys all have `width` bytes unless it is 0. The bounds may have
    /// another width.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    #[inline]
    pub(crate) fn range_of_width(
        pages: Pages<'a>,
        tree: &TreeRecord,
        width: usize,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
    ) -> Result<Self> {
        Self::new(pages, tree, u8::try_from(width).unwrap_or(0), lower, upper)
    }

    /// All entries of a tree whose keys do not ascend by their bytes: the free list, with its native integers. The
    /// order of keys is not checked, so in a damaged tree only the record's count of leaves limits the walk.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub(crate) fn unordered(pages: Pages<'a>, tree: &TreeRecord) -> Result<Self> {
        let mut cursor = Self::new(pages, tree, 0, Bound::Unbounded, Bound::Unbounded)?;
        cursor.ordered = false;
        Ok(cursor)
    }

    #[inline]
    fn new(pages: Pages<'a>, tree: &TreeRecord, width: u8, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self> {
        let has_pages = branch_levels(pages, tree)?.is_some();
        Ok(Self {
            pages,
            tree: *tree,
            front: TreePosition::nowhere(),
            front_limit: 0,
            in_last_leaf: !has_pages,
            is_open: false,
            ordered: true,
            width,
            reads_ahead: false,
            back: None,
            back_limit: 0,
            lower: lower.map(SmallVec::from_slice),
            upper: upper.map(SmallVec::from_slice),
            prefetch: LeafPrefetch::default(),
        })
    }

    /// The first remaining entry, without taking it.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here. Then no entries remain.
    #[cfg(test)]
    pub(crate) fn peek(&mut self) -> Result<Option<Pair<'a>>> {
        if self.front.slot < self.front_limit
            && let Some(pair) = self.front.leaf.pair(self.front.slot)
        {
            return Ok(Some(pair));
        }
        let result = self.front_pair();
        self.checked(result)
    }

    /// The last remaining entry, without taking it.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[cfg(test)]
    pub(crate) fn peek_back(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.back_pair();
        self.checked(result)
    }

    /// Takes the first remaining entry.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here. Then no entries remain.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Pair<'a>>> {
        if self.front.slot < self.front_limit
            && let Some(pair) = self.front.leaf.pair(self.front.slot)
        {
            self.front.slot += 1;
            self.prefetch.step();
            return Ok(Some(pair));
        }
        self.next_slowly()
    }

    /// The slow path of [`next`](Self::next): the end of a leaf, a value in an overflow run, damage.
    #[cold]
    #[inline(never)]
    fn next_slowly(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.front_pair();
        let pair = self.checked(result)?;
        self.front.slot += usize::from(pair.is_some());
        Ok(pair)
    }

    /// Takes the last remaining entry.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub(crate) fn next_back(&mut self) -> Result<Option<Pair<'a>>> {
        if let Some(back) = &mut self.back
            && !self.in_last_leaf
            && back.slot > self.back_limit
            && let Some(pair) = back.leaf.pair(back.slot - 1)
        {
            back.slot -= 1;
            self.prefetch.step();
            return Ok(Some(pair));
        }
        self.next_back_slowly()
    }

    /// The slow path of [`next_back`](Self::next_back), also used when both ends are in one leaf.
    #[inline(never)]
    fn next_back_slowly(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.back_pair();
        let pair = self.checked(result)?;
        if pair.is_some() {
            match &mut self.back {
                Some(back) if !self.in_last_leaf => back.slot -= 1,
                _ => self.front_limit -= 1,
            }
        }
        Ok(pair)
    }

    /// Takes the first remaining entry of the main tree, whose values may be records of named trees.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here, or the entry has duplicates. Then no entries remain.
    pub(crate) fn next_node(&mut self) -> Result<Option<(&'a [u8], Found<'a>)>> {
        let result = self.front_node();
        let entry = self.checked(result)?;
        self.front.slot += usize::from(entry.is_some());
        Ok(entry)
    }

    /// Calls `each` with every remaining entry, in order, until it breaks: the fastest way through a range.
    ///
    /// The entry at which it broke is taken.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub(crate) fn for_each<B>(
        &mut self,
        mut each: impl FnMut(&'a [u8], &'a [u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        loop {
            // Copy the cursor's fields to local variables. The closure cannot change these, so the compiler keeps them
            // in registers during the calls.
            let (leaf, end) = (self.front.leaf, self.front_limit);
            let (mut slot, mut prefetch) = (self.front.slot, self.prefetch);
            let mut flow = ControlFlow::Continue(());
            while slot < end
                && flow.is_continue()
                && let Some((key, value)) = leaf.pair(slot)
            {
                slot += 1;
                prefetch.step();
                flow = each(key, value);
            }
            (self.front.slot, self.prefetch) = (slot, prefetch);
            if flow.is_break() {
                return Ok(flow);
            }
            let Some((key, value)) = self.next_slowly()? else {
                return Ok(ControlFlow::Continue(()));
            };
            flow = each(key, value);
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }

    /// Drops entries from the front until the first remaining one is not below `key`. Never moves back.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_front_to(&SearchKey::new(key));
        self.checked(result)
    }

    /// Drops entries from the back until the last remaining one is not above `key`. Never moves forward.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_back_to(&SearchKey::new(key));
        self.checked(result)
    }

    /// Moves the front to the next entry; `false` when none remains.
    fn front_ready(&mut self) -> Result<bool> {
        while self.front.slot >= self.front_limit {
            if !self.is_open && !self.in_last_leaf {
                self.open_front()?;
            } else if self.in_last_leaf || !self.advance()? {
                self.stop();
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn front_pair(&mut self) -> Result<Option<Pair<'a>>> {
        if !self.front_ready()? {
            return Ok(None);
        }
        let leaf = self.front.leaf;
        let node = leaf.node(self.front.slot)?;
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

    fn back_pair(&mut self) -> Result<Option<Pair<'a>>> {
        while !self.in_last_leaf {
            match &self.back {
                None => self.open_back()?,
                Some(back) if back.slot <= self.back_limit => self.retreat()?,
                Some(back) => {
                    let node = back.leaf.node(back.slot - 1)?;
                    return Ok(Some((node.key, node.plain(self.pages, back.leaf)?)));
                }
            }
        }
        if self.front.slot >= self.front_limit {
            self.stop();
            return Ok(None);
        }
        let leaf = self.front.leaf;
        let node = leaf.node(self.front_limit - 1)?;
        Ok(Some((node.key, node.plain(self.pages, leaf)?)))
    }

    /// Moves the front to the next leaf; `false` when there is none.
    #[inline(never)]
    fn advance(&mut self) -> Result<bool> {
        let before = self.front.leaf;
        if !self.front.next_leaf(self.pages)? {
            return Ok(false);
        }
        if self.ordered {
            let last = before.key(before.slots().saturating_sub(1))?;
            if self.front.leaf.compare(0, &SearchKey::<0>::new(last))?.is_le() {
                return Err(self.front.leaf.fault("keys are not above those of the leaf before"));
            }
        }
        self.find_end()?;
        if self.reads_ahead {
            self.look_ahead();
        } else if let Some(next) = self.front.path.parent().and_then(|parent| parent.child_at(1)) {
            // The front has just entered its second leaf, where a short range may end. So prefetch no more than the
            // header of the next leaf; from the next leaf on, the cursor reads ahead.
            self.pages.prefetch(next, HEADER_LINES);
            self.reads_ahead = true;
        }
        Ok(true)
    }

    /// Prefetches for a forward scan: the next leaf, and the header of the one after it.
    #[inline]
    fn look_ahead(&mut self) {
        let mut prefetch = LeafPrefetch::default();
        if !self.in_last_leaf
            && let Some(parent) = self.front.path.parent()
        {
            if let Some(number) = parent.child_at(LINE_DISTANCE) {
                self.pages.prefetch(number, 1);
            }
            if let Some(number) = parent.child_at(2) {
                self.pages.prefetch(number, HEADER_LINES);
            }
            if let Some(number) = parent.child_at(1) {
                prefetch = self.pages.leaf_prefetch(number, self.front_limit.saturating_sub(self.front.slot));
            }
        }
        self.prefetch = prefetch;
    }

    /// Prefetches for a backward scan.
    fn look_back(&mut self) {
        let mut prefetch = LeafPrefetch::default();
        if let Some(back) = &self.back
            && !self.in_last_leaf
            && let Some(parent) = back.path.parent()
        {
            if let Some(number) = parent.child_at(-2) {
                self.pages.prefetch(number, HEADER_LINES);
            }
            if let Some(number) = parent.child_at(-1) {
                prefetch = self.pages.leaf_prefetch(number, back.slot);
            }
        }
        self.prefetch = prefetch;
    }

    /// Moves the back to the end of the previous leaf.
    #[inline(never)]
    fn retreat(&mut self) -> Result<()> {
        let Some(back) = &mut self.back else {
            return Ok(());
        };
        let after = back.leaf;
        // A limit above 0 means that the range begins inside this leaf. Then no entry of the range is in a leaf before
        // it, and the cursor ends.
        if self.back_limit > 0 || !back.previous_leaf(self.pages)? {
            self.stop();
            return Ok(());
        }
        let leaf = back.leaf;
        if self.ordered && leaf.compare(leaf.slots() - 1, &SearchKey::<0>::new(after.key(0)?))?.is_ge() {
            return Err(leaf.fault("keys are not below those of the leaf behind"));
        }
        self.find_start()?;
        if self.reads_ahead {
            self.look_back();
        } else if !self.in_last_leaf
            && let Some(next) = self.back.as_ref().and_then(|back| back.path.parent()?.child_at(-1))
        {
            self.pages.prefetch(next, HEADER_LINES);
            self.reads_ahead = true;
        }
        Ok(())
    }

    /// Ends the cursor if an operation failed.
    #[inline]
    fn checked<T>(&mut self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.stop();
        }
        result
    }

    fn stop(&mut self) {
        self.in_last_leaf = true;
        self.front.slot = 0;
        self.front_limit = 0;
    }
}
