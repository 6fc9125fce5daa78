//! The nine forms of an interval, in both directions, between all pairs of bounds.

use std::cmp::Ordering;
use std::ops::{Bound, ControlFlow};

use mapleaf::scan::{KeyRange, RangeEnd};
use mapleaf::{Key, Read, Result, Snapshot};

use super::states::{Law, Numbered, in_every_state, number};

/// Intervals between these bounds. `compare` orders a key against a bound.
struct Intervals<'p, K: Key, E> {
    pool: &'p [K::Owned],
    ends: &'p [E],
    compare: fn(&K::Owned, &E) -> Ordering,
}

type Ends<E> = (Bound<E>, Bound<E>);

/// Checks all forms between all pairs of `ends`, including reversed and equal ones, in every state of a database.
pub fn agree<K: Key, E: RangeEnd<K> + Copy + std::fmt::Debug>(
    pool: &[K::Owned],
    arg: for<'a> fn(&'a K::Owned) -> K::Arg<'a>,
    ends: &[E],
    compare: fn(&K::Owned, &E) -> Ordering,
) -> Result<()> {
    in_every_state::<K>(pool, arg, &Intervals { pool, ends, compare })
}

impl<K: Key, E: RangeEnd<K> + Copy + std::fmt::Debug> Intervals<'_, K, E> {
    /// The nine forms, each with all pairs of bounds.
    fn forms(&self) -> Vec<Ends<E>> {
        use Bound::{Excluded, Included, Unbounded};
        let mut forms = vec![(Unbounded, Unbounded)];
        for a in self.ends.iter().copied() {
            forms.extend([(Included(a), Unbounded), (Excluded(a), Unbounded)]);
            forms.extend([(Unbounded, Included(a)), (Unbounded, Excluded(a))]);
            for b in self.ends.iter().copied() {
                forms.extend([(Included(a), Included(b)), (Included(a), Excluded(b))]);
                forms.extend([(Excluded(a), Included(b)), (Excluded(a), Excluded(b))]);
            }
        }
        forms
    }

    fn inside(&self, (start, end): &Ends<E>, present: &[usize]) -> Vec<usize> {
        let stands = |n: usize, end: &E| (self.compare)(&self.pool[n], end);
        let is_inside = |n: usize| {
            let above = match start {
                Bound::Included(start) => stands(n, start).is_ge(),
                Bound::Excluded(start) => stands(n, start).is_gt(),
                Bound::Unbounded => true,
            };
            let below = match end {
                Bound::Included(end) => stands(n, end).is_le(),
                Bound::Excluded(end) => stands(n, end).is_lt(),
                Bound::Unbounded => true,
            };
            above && below
        };
        present.iter().copied().filter(|n| is_inside(*n)).collect()
    }
}

impl<K: Key, E: RangeEnd<K> + Copy + std::fmt::Debug> Law<K> for Intervals<'_, K, E> {
    fn holds<R: Read>(&self, dbi: &Numbered<K>, state: &R, present: &[usize]) -> Result<()> {
        for form in self.forms() {
            let inside = self.inside(&form, present);
            scans(dbi, state, form, &inside)?;
            // The same interval in Rust's range syntax.
            let count = match form {
                (Bound::Unbounded, Bound::Unbounded) => dbi.count(state, ..),
                (Bound::Included(a), Bound::Unbounded) => dbi.count(state, a..),
                (Bound::Unbounded, Bound::Excluded(b)) => dbi.count(state, ..b),
                (Bound::Unbounded, Bound::Included(b)) => dbi.count(state, ..=b),
                (Bound::Included(a), Bound::Excluded(b)) => dbi.count(state, a..b),
                (Bound::Included(a), Bound::Included(b)) => dbi.count(state, a..=b),
                excluded_start => dbi.count(state, excluded_start),
            };
            assert_eq!(count?, inside.len() as u64, "count of {form:?}");
        }
        Ok(())
    }

    fn holds_of_snapshots(&self, dbi: &Numbered<K>, snap: &Snapshot, present: &[usize]) -> Result<()> {
        for form in self.forms() {
            owned(dbi, snap, form, &self.inside(&form, present))?;
            for parts in [0, 1, 2, 5] {
                let mut found = Vec::new();
                for part in dbi.par_scan(snap, form, parts)? {
                    for value in part.values() {
                        found.push(number(value?));
                    }
                }
                assert_eq!(found, self.inside(&form, present), "{parts} parts of {form:?}");
            }
        }
        Ok(())
    }
}

/// All methods that scan a range find the same entries.
pub fn scans<K: Key, R: Read, B>(dbi: &Numbered<K>, state: &R, range: B, inside: &[usize]) -> Result<()>
where
    B: KeyRange<K> + Copy + std::fmt::Debug,
{
    let numbers = |entry: Result<(K::Ref<'_>, &[u8])>| Ok(number(entry?.1));
    let forward = dbi.range(state, range)?.map(numbers).collect::<Result<Vec<_>>>()?;
    assert_eq!(forward, inside, "forward through {range:?}");
    let mut back = dbi.range(state, range)?.rev().map(numbers).collect::<Result<Vec<_>>>()?;
    back.reverse();
    assert_eq!(back, inside, "back through {range:?}");

    // Read alternately from both ends; nothing follows the last entry.
    let mut both = dbi.range(state, range)?;
    let (mut front, mut rear) = (Vec::new(), Vec::new());
    while let Some(entry) = both.next() {
        front.push(numbers(entry)?);
        rear.extend(both.next_back().map(numbers).transpose()?);
    }
    assert!(both.next().is_none() && both.next_back().is_none());
    front.extend(rear.into_iter().rev());
    assert_eq!(front, inside, "from both ends of {range:?}");

    assert_eq!(dbi.range(state, range)?.keys().count(), inside.len());
    let values = dbi.range(state, range)?.values().map(|value| Ok(number(value?))).collect::<Result<Vec<_>>>()?;
    assert_eq!(values, inside, "values of {range:?}");

    let mut seen = Vec::new();
    let flow = dbi.for_each(state, range, |_, value| {
        seen.push(number(value));
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert_eq!(seen, inside[..inside.len().min(3)], "for_each of {range:?}");
    assert_eq!(flow.is_break(), inside.len() >= 3);

    let last = dbi.find_map(state, range, |_, value| (Some(number(value)) == inside.last().copied()).then_some(()))?;
    assert_eq!(last.is_some(), !inside.is_empty(), "find_map of {range:?}");
    Ok(())
}

/// Iterators that own their snapshot find the same entries, in any mixture of both ends.
fn owned<K: Key, B: KeyRange<K> + Copy + std::fmt::Debug>(
    dbi: &Numbered<K>,
    snap: &Snapshot,
    range: B,
    inside: &[usize],
) -> Result<()> {
    // Of every three entries, this many are taken from the back.
    for back in 0..=3 {
        let mut entries = dbi.range_owned(snap.clone(), range)?;
        let (mut front, mut rear) = (Vec::new(), Vec::new());
        for turn in 0.. {
            let from_back = turn % 3 < back;
            let Some(entry) = (if from_back { entries.next_back() } else { entries.next() }) else { break };
            let number = number(&entry?.1);
            if from_back { rear.push(number) } else { front.push(number) }
        }
        assert!(entries.next().is_none() && entries.next_back().is_none());
        front.extend(rear.into_iter().rev());
        assert_eq!(front, inside, "owned entries of {range:?}, {back} of 3 from the back");
    }
    Ok(())
}
