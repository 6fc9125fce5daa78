//! Decides whether the deletion of one row makes a gap. Consecutive rows of the layers below that a write set deletes
//! form a deleted range. A long range becomes a gap, which readers pass in one step.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::error::Result;
use crate::page;
use crate::read::layered_tree::LayeredTree;
use crate::read::raw::RawCursor;
use crate::write_set::{DbiChanges, EntryPosition, Gap, LEAST};

/// A deleted range becomes a gap from this many rows on. A gap takes the memory of three deletions, and costs readers
/// a search of its own.
pub(crate) const MIN_GAP_ROWS: usize = 8;

/// The range that the deletion of a key belongs to.
pub(crate) struct DeletedRange {
    /// The start: the first key of the range; if a gap ends there, that gap's start.
    pub start: Vec<u8>,
    /// The exclusive end: the first key after the range that the layers below have; if another gap begins there, that
    /// gap's end. `None` if no key follows.
    pub end: Option<Vec<u8>>,
    /// Deletions of single keys that the gap replaces.
    pub deleted: Vec<Vec<u8>>,
}

/// A range with fewer rows than this is not followed into the next leaf: opening a cursor there costs as much as the
/// deletion itself. So short ranges where two leaves meet may stay single deletions; readers pass few of them.
const MIN_ROWS_FOLLOWED: usize = 4;

/// What a set does to a row below it: shows it, deletes it, or hides it in a gap.
enum RowFate<'s> {
    Shown,
    Deleted,
    InGap(Gap<'s>),
}

/// Where the range ends on one side of the key.
enum RangeEnd<'r> {
    /// Not known yet: the leaf has no more rows there.
    Unknown,
    /// At a row that stays.
    Row(&'r [u8]),
    /// At a gap.
    Gap(Gap<'r>),
    /// At the end of all keys.
    Keys,
}

/// One side of the key, before it or after it, while the range is followed to its end there.
struct RangeSide<'r, const BEFORE: bool> {
    set: &'r DbiChanges,
    /// The nearest gap on this side.
    gap: Option<Gap<'r>>,
    /// The next change of the set on this side.
    near: Option<EntryPosition>,
    /// The last row of the range so far; at first the key.
    last: &'r [u8],
    end: RangeEnd<'r>,
}

impl<'r, const BEFORE: bool> RangeSide<'r, BEFORE> {
    fn new(set: &'r DbiChanges, key: &'r [u8], at: (EntryPosition, bool)) -> Self {
        let (blocks, gaps) = (set.blocks(), set.gaps());
        let (gap, near) = if BEFORE {
            (gaps.last_starting_up_to(key), blocks.before(at.0))
        } else {
            (gaps.first_after(key), Some(if at.1 { blocks.after(at.0) } else { at.0 }))
        };
        // A gap that ends at the key is next to it. So the range ends at this gap, and the rows of the leaf need not be
        // examined.
        let end = match gap {
            Some((start, Some(to))) if BEFORE && to == key => RangeEnd::Gap((start, Some(to))),
            _ => RangeEnd::Unknown,
        };
        Self { set, gap, near, last: key, end }
    }

    /// Whether the set shows `row`, deletes it, or hides it in a gap. `row` is the next one on this side. In most cases
    /// `near` is the change of this row or one beyond it, and the set need not be searched.
    #[inline]
    fn fate_of(&self, row: &[u8]) -> RowFate<'r> {
        match self.gap {
            Some(gap) if BEFORE && gap.1.is_none_or(|end| row < end) => return RowFate::InGap(gap),
            Some(gap) if !BEFORE && gap.0 <= row => return RowFate::InGap(gap),
            _ => {}
        }
        let near = self.near.and_then(|near| Some((self.set.compare_at(near, row)?, self.set.blocks().at(near)?)));
        let within = if BEFORE { Ordering::Greater } else { Ordering::Less };
        match near {
            Some((Ordering::Equal, entry)) if self.set.record(entry).1.is_none() => RowFate::Deleted,
            Some((order, _)) if order == within && matches!(self.set.get(row), Some((_, None))) => RowFate::Deleted,
            _ => RowFate::Shown,
        }
    }

    /// Follows the range along these rows, up to its end or the last of them. Adds the range's rows to `deleted`.
    fn follow(
        &mut self,
        mut rows: impl FnMut() -> Result<Option<&'r [u8]>>,
        deleted: &mut SmallVec<[&'r [u8]; MIN_GAP_ROWS]>,
    ) -> Result<()> {
        while let Some(row) = rows()? {
            match self.fate_of(row) {
                RowFate::Shown => self.end = RangeEnd::Row(row),
                RowFate::InGap(gap) => self.end = RangeEnd::Gap(gap),
                RowFate::Deleted => {
                    deleted.push(row);
                    self.last = row;
                    let blocks = self.set.blocks();
                    self.near =
                        self.near.and_then(|near| if BEFORE { blocks.before(near) } else { Some(blocks.after(near)) });
                    continue;
                }
            }
            break;
        }
        Ok(())
    }

    /// Follows the range in the leaf of the key.
    fn follow_in_leaf(
        &mut self,
        found: &page::LeafNeighbours<'r>,
        deleted: &mut SmallVec<[&'r [u8]; MIN_GAP_ROWS]>,
    ) -> Result<()> {
        if !self.is_open() {
            return Ok(());
        }
        let mut distance = 0;
        let next = || {
            distance += if BEFORE { -1 } else { 1 };
            found.row(distance)
        };
        self.follow(next, deleted)
    }

    /// Follows the range beyond the leaf of the key.
    fn follow_beyond<'t: 'r>(
        &mut self,
        below: &LayeredTree<'t>,
        deleted: &mut SmallVec<[&'r [u8]; MIN_GAP_ROWS]>,
    ) -> Result<()> {
        if !self.is_open() {
            return Ok(());
        }
        let beyond = Bound::Excluded(self.last);
        let (lower, upper) = if BEFORE { (Bound::Unbounded, beyond) } else { (beyond, Bound::Unbounded) };
        let mut cursor = below.range(lower, upper)?;
        let next = || Ok(if BEFORE { cursor.next_back()? } else { cursor.next()? }.map(|(key, _)| key));
        self.follow(next, deleted)?;
        if self.is_open() {
            self.end = RangeEnd::Keys;
        }
        Ok(())
    }

    /// Whether the range's end on this side is not known yet.
    fn is_open(&self) -> bool {
        matches!(self.end, RangeEnd::Unknown)
    }
}

/// The range that `key` joins when `set` deletes it; `None` unless the range is long, touches a gap, or reaches an end
/// of all keys. `below` gives the layers and the file under the set, in which `key` exists. `at` is the key's position
/// in the set. `found` has the neighbours of `key` in its leaf, if no other layer is in between.
///
/// O(log n), and a step for each deletion of the range. These are few, since longer ranges are gaps already. A short
/// range is not followed beyond its leaf.
/// range is not followed beyond its leaf.
pub(crate) fn range_joined_by<'r, 't: 'r>(
    set: &'r DbiChanges,
    below: impl Fn() -> Result<LayeredTree<'t>>,
    key: &'r [u8],
    at: (EntryPosition, bool),
    found: &page::LeafNeighbours<'t>,
) -> Result<Option<DeletedRange>> {
    let mut deleted: SmallVec<[&[u8]; MIN_GAP_ROWS]> = SmallVec::new();
    let (mut before, mut after) = (RangeSide::<true>::new(set, key, at), RangeSide::<false>::new(set, key, at));
    before.follow_in_leaf(found, &mut deleted)?;
    after.follow_in_leaf(found, &mut deleted)?;
    if before.is_open() || after.is_open() {
        let joins = matches!(before.end, RangeEnd::Gap(_)) || matches!(after.end, RangeEnd::Gap(_));
        if !joins && deleted.len() + 1 < MIN_ROWS_FOLLOWED && found.rows() >= MIN_GAP_ROWS {
            return Ok(None);
        }
        let below = below()?;
        before.follow_beyond(&below, &mut deleted)?;
        after.follow_beyond(&below, &mut deleted)?;
    }
    // If the range reaches down to the first key, the layers below have nothing before it. So the gap starts at the
    // least key, and readers begin after the gap.
    let start = match before.end {
        RangeEnd::Gap((start, _)) => start,
        RangeEnd::Keys => LEAST,
        RangeEnd::Row(_) | RangeEnd::Unknown => before.last,
    };
    let end = match after.end {
        RangeEnd::Gap((_, end)) => end,
        RangeEnd::Row(row) => Some(row),
        RangeEnd::Keys | RangeEnd::Unknown => None,
    };
    let joins = matches!(before.end, RangeEnd::Gap(_)) || matches!(after.end, RangeEnd::Gap(_));
    // At the start or the end of all keys, a gap pays from two rows on: the deletion of the next row there finds the
    // gap at once.
    let is_at_end = !deleted.is_empty() && (start == LEAST || end.is_none());
    if !joins && !is_at_end && deleted.len() + 1 < MIN_GAP_ROWS {
        return Ok(None);
    }
    let deleted = deleted.iter().map(|row| row.to_vec()).collect();
    Ok(Some(DeletedRange { start: start.to_vec(), end: end.map(<[u8]>::to_vec), deleted }))
}
