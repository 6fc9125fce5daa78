//! Runs of deletions: rows that follow one another below a set and that the set deletes. They become a gap, which readers pass
//! in one step.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::error::Result;
use crate::page;
use crate::read::cursor::LayeredCursor;
use crate::read::layered_tree::LayeredTree;
use crate::read::raw::RawCursor;
use crate::write_set::{DbiChanges, Gap, LEAST, Spot};

/// Fewer deletions than this are kept one by one: a gap takes the room of three, and a search of its own.
pub(crate) const MANY: usize = 8;

/// What is deleted together with a key.
pub(crate) struct Run {
    /// The first key of the run, or of the gap that it goes on from.
    pub start: Vec<u8>,
    /// The first key behind it that is there below, or the end of the gap that it leads to; `None` where nothing is behind.
    pub end: Option<Vec<u8>>,
    /// The deletions of single keys that become part of the gap.
    pub deleted: Vec<Vec<u8>>,
}

/// What a set says of a row below it.
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

/// As [`is`], of a row next to the one that `at` was found for. `near` is the change next to that on the row's side: it mostly is
/// the row's or lies beyond it, and then nothing is to be searched.
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

/// The run that `key` becomes part of when `set` deletes it, if that is long, joins a gap, or reaches to an end of all keys.
/// `below` is what the set is laid over, `key` is there, `at` is where the set has or would have it, and `found` is what is next
/// to it in its leaf, where nothing else is between.
///
/// O(log n), and a step for each deletion of the run, of which there are few: longer ones are gaps already.
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
    // Before the first key nothing is below: readers then begin behind the gap.
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
    // At an end a gap is worth it as soon as it is not of one row: who takes one more away there finds it at once.
    let is_at_end = !deleted.is_empty() && (start == LEAST || end.is_none());
    if !joins && !is_at_end && deleted.len() + 1 < MANY {
        return Ok(None);
    }
    let deleted = deleted.iter().map(|row| row.to_vec()).collect();
    Ok(Some(Run { start: start.to_vec(), end: end.map(<[u8]>::to_vec), deleted }))
}

/// The rows below that come one after the other before a key, or behind it: those of its leaf first.
struct Rows<'r, 't, const BEFORE: bool, F> {
    below: &'r F,
    found: &'r page::Beside<'t>,
    /// How many rows of the leaf were given.
    distance: isize,
    /// The row that was given last; at first the key.
    last: &'r [u8],
    /// Once the leaf is used up.
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
