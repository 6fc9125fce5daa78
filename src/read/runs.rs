//! Runs of deletions: consecutive rows below a set that the set deletes. A long run becomes a gap, which readers
//! pass in one step.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::error::Result;
use crate::page;
use crate::read::cursor::LayeredCursor;
use crate::read::layered_tree::LayeredTree;
use crate::read::raw::RawCursor;
use crate::write_set::{DbiChanges, Gap, LEAST, Spot};

/// Fewer deletions than this stay single: a gap takes the memory of three, and a search of its own.
pub(crate) const MANY: usize = 8;

/// The run that the deletion of a key belongs to.
pub(crate) struct Run {
    /// The first key of the run, or of the gap that the run follows.
    pub start: Vec<u8>,
    /// The first key after the run that exists below, or the end of the gap that follows it; `None` at the end of
    /// all keys.
    pub end: Option<Vec<u8>>,
    /// Deletions of single keys that the gap replaces.
    pub deleted: Vec<Vec<u8>>,
}

/// What a set does to a row below it.
enum Is<'s> {
    Seen,
    Deleted,
    Within(Gap<'s>),
}

fn is<'s>(set: &'s DbiChanges, key: &[u8]) -> Is<'s> {
    match set.gaps().around(key) {
        Some(gap) => Is::Within(gap),
        None if matches!(set.get(key), Some((_, None))) => Is::Deleted,
        None => Is::Seen,
    }
}

/// As [`is`], for a row beside the searched key. `near` is the next change of the set on that side. Mostly it is
/// the row's own or lies beyond the row, and no search is needed.
#[inline]
fn is_beside<'s, const BEFORE: bool>(set: &'s DbiChanges, near: Option<Spot>, row: &[u8]) -> Is<'s> {
    let blocks = set.blocks();
    let beyond = if BEFORE { Ordering::Less } else { Ordering::Greater };
    let near = near.and_then(|near| Some((set.compare_at(near, row)?, blocks.at(near)?)));
    match near {
        Some((Ordering::Equal, entry)) if set.record(entry).1.is_none() => Is::Deleted,
        Some((order, _)) if order == beyond.reverse() => is(set, row),
        _ => set.gaps().around(row).map_or(Is::Seen, Is::Within),
    }
}

/// The run that `key` joins when `set` deletes it; `None` unless the run is long, touches a gap, or reaches an end
/// of all keys. `below` is what the set lies over, and has `key`. `at` is the key's spot in the set. `found` has
/// the neighbours of `key` in its leaf, if no other layer is in between.
///
/// O(log n), and a step for each deletion of the run. These are few, since longer runs are gaps already.
pub(crate) fn around<'r, 't: 'r>(
    set: &'r DbiChanges,
    below: impl Fn() -> Result<LayeredTree<'t>>,
    key: &'r [u8],
    at: (Spot, bool),
    found: &page::Beside<'t>,
) -> Result<Option<Run>> {
    let blocks = set.blocks();
    let mut joins = false;
    let mut deleted: SmallVec<[&[u8]; MANY]> = SmallVec::new();
    // Before the first key nothing exists below. So the gap starts at the least key, and readers begin after it.
    let (mut start, mut end) = (LEAST, None);
    let mut rows = Rows::<true, _> { below: &below, found, distance: 0, last: key, cursor: None };
    let (mut near, mut first) = (blocks.before(at.0), key);
    while let Some(row) = rows.next()? {
        match is_beside::<true>(set, near, row) {
            Is::Seen => start = first,
            Is::Within((from, _)) => (start, joins) = (from, true),
            Is::Deleted => {
                deleted.push(row);
                first = row;
                near = near.and_then(|near| blocks.before(near));
                continue;
            }
        }
        break;
    }
    let mut rows = Rows::<false, _> { below: &below, found, distance: 0, last: key, cursor: None };
    let mut near = if at.1 { blocks.behind(at.0) } else { at.0 };
    while let Some(row) = rows.next()? {
        match is_beside::<false>(set, Some(near), row) {
            Is::Seen => end = Some(row),
            Is::Within((_, to)) => (end, joins) = (to, true),
            Is::Deleted => {
                deleted.push(row);
                near = blocks.behind(near);
                continue;
            }
        }
        break;
    }
    // At an end of all keys, a gap pays from two rows on: the next row deleted there finds it at once.
    let is_at_end = !deleted.is_empty() && (start == LEAST || end.is_none());
    if !joins && !is_at_end && deleted.len() + 1 < MANY {
        return Ok(None);
    }
    let deleted = deleted.iter().map(|row| row.to_vec()).collect();
    Ok(Some(Run { start: start.to_vec(), end: end.map(<[u8]>::to_vec), deleted }))
}

/// The rows below before a key, or after it, one by one: first those of its leaf.
struct Rows<'r, 't, const BEFORE: bool, F> {
    below: &'r F,
    found: &'r page::Beside<'t>,
    /// How many rows of the leaf were returned.
    distance: isize,
    /// The row returned last; at first the key.
    last: &'r [u8],
    /// For the rows after those of the leaf.
    cursor: Option<LayeredCursor<'t>>,
}

impl<'r, 't: 'r, const BEFORE: bool, F: Fn() -> Result<LayeredTree<'t>>> Rows<'r, 't, BEFORE, F> {
    fn next(&mut self) -> Result<Option<&'t [u8]>> {
        if self.cursor.is_none() {
            self.distance += if BEFORE { -1 } else { 1 };
            if let Some(row) = self.found.row(self.distance)? {
                self.last = row;
                return Ok(Some(row));
            }
            let beyond = Bound::Excluded(self.last);
            let (lower, upper) = if BEFORE { (Bound::Unbounded, beyond) } else { (beyond, Bound::Unbounded) };
            self.cursor = Some((self.below)()?.range(lower, upper)?);
        }
        let Some(cursor) = &mut self.cursor else { return Ok(None) };
        let row = if BEFORE { cursor.next_back()? } else { cursor.next()? };
        Ok(row.map(|(key, _)| key))
    }
}
