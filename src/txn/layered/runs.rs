//! Runs of deletions: rows that follow one another below a set and that the set deletes. They become a gap, which readers pass
//! in one step.

use std::ops::Bound;

use crate::error::Result;
use crate::page;
use crate::txn::layered::view::View;
use crate::txn::raw::RawCursor;
use crate::txn::write_set::{DbiChanges, Gap, LEAST};

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

/// The run that `key` becomes part of when `set` deletes it, if that is long or joins a gap. `below` is what the set is laid
/// over, and `key` is there.
///
/// O(log n), and a step for each deletion of the run, of which there are few: longer ones are gaps already.
pub(crate) fn around(set: &DbiChanges, below: &View<'_>, key: &[u8]) -> Result<Option<Run>> {
    let (before, behind) = beside(below, key)?;
    let left = before.map_or(Is::Seen, |before| is(set, before));
    let right = behind.map_or(Is::Seen, |behind| is(set, behind));
    let mut run = Run { start: LEAST.to_vec(), end: None, deleted: Vec::new() };
    let mut joins = false;
    match left {
        Is::Seen if matches!(right, Is::Seen) => return Ok(None),
        // Before the first key nothing is below: readers then begin behind the gap.
        Is::Seen => run.start = before.map_or(LEAST, |_| key).to_vec(),
        Is::Within((start, _)) => (run.start, joins) = (start.to_vec(), true),
        Is::Deleted => {
            let mut rows = below.range(Bound::Unbounded, Bound::Excluded(key))?;
            let mut first = key;
            while let Some((row, _)) = rows.next_back()? {
                match is(set, row) {
                    Is::Seen => run.start = first.to_vec(),
                    Is::Deleted => {
                        first = row;
                        run.deleted.push(row.to_vec());
                        continue;
                    }
                    Is::Within((start, _)) => (run.start, joins) = (start.to_vec(), true),
                }
                break;
            }
        }
    }
    match right {
        Is::Seen => run.end = behind.map(<[u8]>::to_vec),
        Is::Within((_, end)) => (run.end, joins) = (end.map(<[u8]>::to_vec), true),
        Is::Deleted => {
            let mut rows = below.range(Bound::Excluded(key), Bound::Unbounded)?;
            while let Some((row, _)) = rows.next()? {
                match is(set, row) {
                    Is::Seen => run.end = Some(row.to_vec()),
                    Is::Deleted => {
                        run.deleted.push(row.to_vec());
                        continue;
                    }
                    Is::Within((_, end)) => (run.end, joins) = (end.map(<[u8]>::to_vec), true),
                }
                break;
            }
        }
    }
    Ok((joins || run.deleted.len() + 1 >= MANY).then_some(run))
}

/// The keys before and behind `key` that are there below.
#[expect(clippy::type_complexity, reason = "two keys that may not be there")]
fn beside<'t>(below: &View<'t>, key: &[u8]) -> Result<(Option<&'t [u8]>, Option<&'t [u8]>)> {
    let found = if below.is_plain() { page::beside(below.pages, &below.tree, key)? } else { page::Beside::default() };
    let before = match found.before {
        Some(before) => Some(before),
        None => below.range(Bound::Unbounded, Bound::Excluded(key))?.next_back()?.map(|(before, _)| before),
    };
    let behind = match found.behind {
        Some(behind) => Some(behind),
        None => below.range(Bound::Excluded(key), Bound::Unbounded)?.next()?.map(|(behind, _)| behind),
    };
    Ok((before, behind))
}
