//! The entries of a range, from both ends.

use std::cmp::Ordering;
use std::ops::{Bound, ControlFlow};

use smallvec::SmallVec;

use crate::error::Result;
use crate::page::ahead::Ahead;
use crate::page::edge::Edge;
use crate::page::layout::{HEADER_LINES, Pages};
use crate::page::lookup::Found;
use crate::page::meta::TreeRecord;
use crate::page::target::Target;
use crate::page::trail::Spot;
use crate::page::tree::branch_levels;

/// A key and its value, borrowed from the map.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// A bound of a range, kept by its cursor; keys of up to 40 bytes inline.
type OwnBound = Bound<SmallVec<[u8; 40]>>;

/// The entries of one range of one tree that were not read yet, taken from either end.
///
/// Opening goes nowhere: an end is looked for when an entry is first taken from it, by one descent. Where the range ends on
/// the other side is looked for leaf by leaf, against the outermost key of each, until an entry is taken from there too: from
/// then on the ends are places that are compared, not keys. An entry costs its node's bounds check. After an error there are
/// no entries any more. A clone reads on by itself; up to five levels and with bounds of up to 40 bytes it allocates nothing.
#[derive(Clone)]
pub struct Cursor<'a> {
    pages: Pages<'a>,
    tree: TreeRecord,
    /// Once it was asked for, entries left in its leaf: from its slot up to `end`.
    front: Edge<'a>,
    end: usize,
    /// Whether the front's leaf is the last one with entries left; then the back is in it too, at `end`. Also set when
    /// nothing is left.
    last: bool,
    /// Whether the front was asked for. Until then it is the lower bound.
    is_open: bool,
    /// Whether keys ascend by their bytes, which is checked from leaf to leaf.
    ordered: bool,
    /// The bytes of every key of the tree, and of the bounds, when their type fixes it, else 0.
    width: u8,
    /// Whether a leaf was passed on the side that moved last: what comes behind the next one is asked for then.
    runs: bool,
    /// The back, once it was asked for, in a leaf behind the front's.
    back: Option<Edge<'a>>,
    /// Where the entries left begin in the back's leaf; 0 when the front is before that leaf, or may be.
    start: usize,
    lower: OwnBound,
    upper: OwnBound,
    /// What is asked for of the leaf that comes next, on the side that moved last.
    ahead: Ahead<'a>,
}

/// The bytes of a bound's key.
fn bytes_of(bound: Bound<&[u8]>) -> usize {
    match bound {
        Bound::Unbounded => 0,
        Bound::Included(key) | Bound::Excluded(key) => key.len(),
    }
}

/// How many leaves ahead one line of a leaf is asked for: to find a page that is far from the last one takes longer than to
/// read it.
const FAR: isize = 8;

impl<'a> Cursor<'a> {
    /// The entries between two bounds. Bounds that exclude each other enclose nothing.
    ///
    /// # Errors
    /// `Corrupted` when the record of the tree cannot be.
    #[inline]
    pub(crate) fn range(pages: Pages<'a>, tree: &TreeRecord, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self> {
        Self::new(pages, tree, lower, upper)
    }

    /// As [`range`](Self::range), in a tree whose keys all have `width` bytes when that is not 0; the bounds need not.
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
        let mut cursor = Self::new(pages, tree, lower, upper)?;
        cursor.width = u8::try_from(width).unwrap_or(0);
        Ok(cursor)
    }

    /// All entries of a tree whose keys do not ascend by their bytes: the free list, with its native integers. Only the
    /// count of leaves bounds it.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub(crate) fn unordered(pages: Pages<'a>, tree: &TreeRecord) -> Result<Self> {
        let mut cursor = Self::new(pages, tree, Bound::Unbounded, Bound::Unbounded)?;
        cursor.ordered = false;
        Ok(cursor)
    }

    #[inline]
    fn new(pages: Pages<'a>, tree: &TreeRecord, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self> {
        let has_pages = branch_levels(pages, tree)?.is_some();
        Ok(Self {
            pages,
            tree: *tree,
            front: Edge::nowhere(),
            end: 0,
            last: !has_pages,
            is_open: false,
            ordered: true,
            width: 0,
            runs: false,
            back: None,
            start: 0,
            lower: lower.map(SmallVec::from_slice),
            upper: upper.map(SmallVec::from_slice),
            ahead: Ahead::default(),
        })
    }

    /// The first entry left, without taking it.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here; then nothing is left.
    #[cfg(test)]
    pub(crate) fn peek(&mut self) -> Result<Option<Pair<'a>>> {
        if self.front.slot < self.end
            && let Some(pair) = self.front.leaf.pair(self.front.slot)
        {
            return Ok(Some(pair));
        }
        let result = self.front_pair();
        self.checked(result)
    }

    /// The last entry left, without taking it.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[cfg(test)]
    pub(crate) fn peek_back(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.back_pair();
        self.checked(result)
    }

    /// Takes the first entry left.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here; then nothing is left.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Pair<'a>>> {
        if self.front.slot < self.end
            && let Some(pair) = self.front.leaf.pair(self.front.slot)
        {
            self.front.slot += 1;
            self.ahead.step();
            return Ok(Some(pair));
        }
        self.next_slowly()
    }

    /// As [`next`](Self::next): at the end of a leaf, for a value that is elsewhere, for damage.
    #[cold]
    #[inline(never)]
    fn next_slowly(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.front_pair();
        let pair = self.checked(result)?;
        self.front.slot += usize::from(pair.is_some());
        Ok(pair)
    }

    /// Takes the last entry left.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub(crate) fn next_back(&mut self) -> Result<Option<Pair<'a>>> {
        if let Some(back) = &mut self.back
            && !self.last
            && back.slot > self.start
            && let Some(pair) = back.leaf.pair(back.slot - 1)
        {
            back.slot -= 1;
            self.ahead.step();
            return Ok(Some(pair));
        }
        self.next_back_slowly()
    }

    /// As [`next_back`](Self::next_back): also where both ends are in one leaf.
    #[inline(never)]
    fn next_back_slowly(&mut self) -> Result<Option<Pair<'a>>> {
        let result = self.back_pair();
        let pair = self.checked(result)?;
        if pair.is_some() {
            match &mut self.back {
                Some(back) if !self.last => back.slot -= 1,
                _ => self.end -= 1,
            }
        }
        Ok(pair)
    }

    /// Takes the first entry left of the main tree, where values may be records of named trees.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here, or the entry has duplicates; then nothing is left.
    pub(crate) fn next_node(&mut self) -> Result<Option<(&'a [u8], Found<'a>)>> {
        let result = self.front_node();
        let entry = self.checked(result)?;
        self.front.slot += usize::from(entry.is_some());
        Ok(entry)
    }

    /// Gives every entry left to `each`, in order, until it breaks: the fastest way through a range.
    ///
    /// The entry that it broke at is taken.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub(crate) fn for_each<B>(
        &mut self,
        mut each: impl FnMut(&'a [u8], &'a [u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        loop {
            // In locals, which the closure cannot be seen to change: they stay in registers.
            let (leaf, end) = (self.front.leaf, self.end);
            let (mut slot, mut ahead) = (self.front.slot, self.ahead);
            let mut flow = ControlFlow::Continue(());
            while slot < end
                && flow.is_continue()
                && let Some((key, value)) = leaf.pair(slot)
            {
                slot += 1;
                ahead.step();
                flow = each(key, value);
            }
            (self.front.slot, self.ahead) = (slot, ahead);
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

    /// Drops entries from the front until the first one left is not below `key`. Never goes back.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_front(&Target::new(key));
        self.checked(result)
    }

    /// Drops entries from the back until the last one left is not above `key`. Never goes forward.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        let result = self.seek_end(&Target::new(key));
        self.checked(result)
    }

    /// Brings the front to the next entry; `false` when none is left.
    fn front_ready(&mut self) -> Result<bool> {
        while self.front.slot >= self.end {
            if !self.is_open && !self.last {
                self.open_front()?;
            } else if self.last || !self.advance()? {
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
        while !self.last {
            match &self.back {
                None => self.open_back()?,
                Some(back) if back.slot <= self.start => self.retreat()?,
                Some(back) => {
                    let node = back.leaf.node(back.slot - 1)?;
                    return Ok(Some((node.key, node.plain(self.pages, back.leaf)?)));
                }
            }
        }
        if self.front.slot >= self.end {
            self.stop();
            return Ok(None);
        }
        let leaf = self.front.leaf;
        let node = leaf.node(self.end - 1)?;
        Ok(Some((node.key, node.plain(self.pages, leaf)?)))
    }

    /// Brings the front into the next leaf; `false` when there is none.
    #[inline(never)]
    fn advance(&mut self) -> Result<bool> {
        let before = self.front.leaf;
        if !self.front.next_leaf(self.pages)? {
            return Ok(false);
        }
        if self.ordered {
            let last = before.key(before.slots().saturating_sub(1))?;
            if self.front.leaf.compare(0, &Target::<0>::new(last))?.is_le() {
                return Err(self.front.leaf.fault("keys are not above those of the leaf before"));
            }
        }
        self.find_end()?;
        if self.runs {
            self.look_ahead();
        } else if let Some(next) = self.front.trail.parent().and_then(|parent| parent.child_at(1)) {
            // The second leaf of a range that may end in it.
            self.pages.prefetch(next, HEADER_LINES);
            self.runs = true;
        }
        Ok(true)
    }

    /// Looks how far the entries left go in the front's leaf, which it has just come to.
    #[inline]
    fn find_end(&mut self) -> Result<()> {
        let leaf = self.front.leaf;
        self.end = leaf.slots();
        if let Some(back) = &self.back {
            match self.front.trail.order(&back.trail) {
                Ordering::Less => {}
                Ordering::Equal => (self.end, self.last) = (back.slot, true),
                Ordering::Greater => self.stop(),
            }
            return Ok(());
        }
        let (key, within) = match &self.upper {
            Bound::Unbounded => return Ok(()),
            Bound::Included(key) => (key, true),
            Bound::Excluded(key) => (key, false),
        };
        let target: Target<'_> = Target::new(key);
        let Some(highest) = self.end.checked_sub(1) else {
            return Ok(());
        };
        let order = leaf.compare(highest, &target)?;
        if order.is_gt() || (order.is_eq() && !within) {
            // A key that is too high for its leaf would end the range leaves too early, and nobody would know.
            if self.front.trail.separator_behind()?.is_some_and(|separator| separator <= &key[..]) {
                return Err(leaf.fault("a key is not below the separator behind its leaf"));
            }
            self.last = true;
            self.end = if within { leaf.search::<true, 0>(0, &target)? } else { leaf.search::<false, 0>(0, &target)? };
        }
        Ok(())
    }

    /// Asks for what a scan forward will need next: the leaf behind this one, and the header of that behind it.
    #[inline]
    fn look_ahead(&mut self) {
        let mut ahead = Ahead::default();
        if !self.last
            && let Some(parent) = self.front.trail.parent()
        {
            if let Some(number) = parent.child_at(FAR) {
                self.pages.prefetch(number, 1);
            }
            if let Some(number) = parent.child_at(2) {
                self.pages.prefetch(number, HEADER_LINES);
            }
            if let Some(number) = parent.child_at(1) {
                ahead = self.pages.ahead(number, self.end.saturating_sub(self.front.slot));
            }
        }
        self.ahead = ahead;
    }

    /// Asks for what a scan backward will need next.
    fn look_behind(&mut self) {
        let mut ahead = Ahead::default();
        if let Some(back) = &self.back
            && !self.last
            && let Some(parent) = back.trail.parent()
        {
            if let Some(number) = parent.child_at(-2) {
                self.pages.prefetch(number, HEADER_LINES);
            }
            if let Some(number) = parent.child_at(-1) {
                ahead = self.pages.ahead(number, back.slot);
            }
        }
        self.ahead = ahead;
    }

    /// Goes down to the lower bound, when an entry is asked for from the front for the first time.
    #[inline(never)]
    fn open_front(&mut self) -> Result<()> {
        self.is_open = true;
        let lower = self.lower.as_ref().map(|key| &key[..]);
        self.front.leaves_left = self.tree.leaf_pages;
        match (self.width, bytes_of(lower)) {
            (4, 4) => self.front.enter_at(self.pages, &self.tree, &Spot::<4>::lower(lower))?,
            (8, 8) => self.front.enter_at(self.pages, &self.tree, &Spot::<8>::lower(lower))?,
            (16, 16) => self.front.enter_at(self.pages, &self.tree, &Spot::<16>::lower(lower))?,
            _ => self.front.enter_at(self.pages, &self.tree, &Spot::<0>::lower(lower))?,
        }
        self.start = 0;
        self.find_end()
    }

    /// Goes down to the upper bound, when an entry is asked for from the back for the first time, and it may be in another
    /// leaf than the front.
    #[inline(never)]
    fn open_back(&mut self) -> Result<()> {
        let upper = self.upper.as_ref().map(|key| &key[..]);
        let back = self.back.insert(Edge::nowhere());
        back.leaves_left = self.tree.leaf_pages;
        match (self.width, bytes_of(upper)) {
            (4, 4) => back.enter_at(self.pages, &self.tree, &Spot::<4>::upper(upper))?,
            (8, 8) => back.enter_at(self.pages, &self.tree, &Spot::<8>::upper(upper))?,
            (16, 16) => back.enter_at(self.pages, &self.tree, &Spot::<16>::upper(upper))?,
            _ => back.enter_at(self.pages, &self.tree, &Spot::<0>::upper(upper))?,
        }
        self.find_start()
    }

    /// Brings the back behind the last entry of the leaf before.
    #[inline(never)]
    fn retreat(&mut self) -> Result<()> {
        let Some(back) = &mut self.back else {
            return Ok(());
        };
        let behind = back.leaf;
        // Where the entries left begin inside of a leaf, none are left before it.
        if self.start > 0 || !back.previous_leaf(self.pages)? {
            self.stop();
            return Ok(());
        }
        let leaf = back.leaf;
        if self.ordered && leaf.compare(leaf.slots() - 1, &Target::<0>::new(behind.key(0)?))?.is_ge() {
            return Err(leaf.fault("keys are not below those of the leaf behind"));
        }
        self.find_start()?;
        if self.runs {
            self.look_behind();
        } else if !self.last
            && let Some(next) = self.back.as_ref().and_then(|back| back.trail.parent()?.child_at(-1))
        {
            self.pages.prefetch(next, HEADER_LINES);
            self.runs = true;
        }
        Ok(())
    }

    /// Looks where the entries left begin in the back's leaf, which it has just come to.
    fn find_start(&mut self) -> Result<()> {
        let Some(back) = &self.back else {
            return Ok(());
        };
        self.start = 0;
        if self.is_open {
            match back.trail.order(&self.front.trail) {
                Ordering::Less => self.stop(),
                Ordering::Equal => (self.end, self.last) = (back.slot, true),
                Ordering::Greater => {}
            }
            return Ok(());
        }
        let (key, within) = match &self.lower {
            Bound::Unbounded => return Ok(()),
            Bound::Included(key) => (key, true),
            Bound::Excluded(key) => (key, false),
        };
        let (leaf, target) = (back.leaf, Target::<0>::new(key));
        if leaf.slots() == 0 {
            return Ok(());
        }
        let order = leaf.compare(0, &target)?;
        if order.is_lt() || (order.is_eq() && !within) {
            // A key that is too low for its leaf would end the range leaves too early, and nobody would know.
            if back.trail.separator_before()?.is_some_and(|separator| separator > &key[..]) {
                return Err(leaf.fault("a key is below the separator of its leaf"));
            }
            self.start =
                if within { leaf.search::<false, 0>(0, &target)? } else { leaf.search::<true, 0>(0, &target)? };
        }
        Ok(())
    }

    fn seek_front(&mut self, target: &Target<'_>) -> Result<()> {
        if self.last && self.front.slot >= self.end {
            return Ok(());
        }
        if !self.is_open {
            // The front is a bound still: it goes up.
            let below = match &self.lower {
                Bound::Unbounded => true,
                Bound::Included(lower) | Bound::Excluded(lower) => &lower[..] < target.key(),
            };
            if below {
                self.lower = Bound::Included(SmallVec::from_slice(target.key()));
                self.find_start()?;
            }
            return Ok(());
        }
        let leaf = self.front.leaf;
        if self.front.slot < self.end && leaf.compare(self.end - 1, target)?.is_ge() {
            self.front.slot = leaf.search::<false, 0>(self.front.slot, target)?.min(self.end);
            return Ok(());
        }
        if self.last {
            self.stop();
            return Ok(());
        }
        let Some(edge) = Edge::at(self.pages, &self.tree, &Spot::<0>::Before(*target))? else {
            return Ok(());
        };
        if self.back.as_ref().is_some_and(|back| edge.order(back).is_ge()) {
            self.stop();
        } else if edge.order(&self.front).is_gt() {
            self.front.jump(edge);
            self.runs = false;
            self.ahead = Ahead::default();
            self.find_end()?;
        }
        Ok(())
    }

    fn seek_end(&mut self, target: &Target<'_>) -> Result<()> {
        if self.last {
            let leaf = self.front.leaf;
            if self.front.slot < self.end && leaf.compare(self.end - 1, target)?.is_gt() {
                self.end = leaf.search::<true, 0>(self.front.slot, target)?.min(self.end);
            }
            return Ok(());
        }
        let Some(back) = &mut self.back else {
            // The back is a bound still: it comes down.
            let above = match &self.upper {
                Bound::Unbounded => true,
                Bound::Included(upper) | Bound::Excluded(upper) => &upper[..] > target.key(),
            };
            if above {
                self.upper = Bound::Included(SmallVec::from_slice(target.key()));
                if self.is_open {
                    self.find_end()?;
                }
            }
            return Ok(());
        };
        if back.slot > 0 {
            if back.leaf.compare(back.slot - 1, target)?.is_le() {
                return Ok(());
            }
            if back.leaf.compare(0, target)?.is_le() {
                back.slot = back.leaf.search::<true, 0>(0, target)?.min(back.slot);
                return Ok(());
            }
        }
        let Some(edge) = Edge::at(self.pages, &self.tree, &Spot::<0>::After(*target))? else {
            return Ok(());
        };
        if self.is_open && edge.order(&self.front).is_le() {
            self.stop();
        } else if edge.order(back).is_lt() {
            back.jump(edge);
            self.runs = false;
            self.ahead = Ahead::default();
            self.find_start()?;
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
        self.last = true;
        self.front.slot = 0;
        self.end = 0;
    }
}
