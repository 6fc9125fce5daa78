//! The results of reads, compared with the map.

use std::fmt::Debug;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::ops::ControlFlow;

use mapleaf::{Entries, Key, Read, Result, Snapshot};

use crate::law::{Case, Model, Numbered, brief, number};

/// The neighbours of a key in the map.
struct Beside {
    below: Vec<usize>,
    at: Option<usize>,
    above: Vec<usize>,
}

impl Beside {
    fn new<O: Ord>(key: &O, model: &Model<O>) -> Self {
        Self {
            below: model.range((Unbounded, Excluded(key))).map(|(_, n)| *n).collect(),
            at: model.get(key).copied(),
            above: model.range((Excluded(key), Unbounded)).map(|(_, n)| *n).collect(),
        }
    }
}

pub fn agree<K: Key, O: Ord + Debug, R: Read>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    state: &R,
    model: &Model<O>,
) -> Result<()> {
    for key in case.probes.iter().chain(&case.ends) {
        points(case, dbi, state, key, &Beside::new(&case.order(key), model))?;
        seeks(case, dbi, state, key, model)?;
    }
    many(case, dbi, state, model)?;
    for form in case.forms() {
        let (inside, shown) = (case.inside(form, model), case.shown(form));
        let numbers = |entry: Result<(K::Ref<'_>, &[u8])>| Ok(number(entry?.1));
        let found = dbi.range(state, case.range(form))?.map(numbers).collect::<Result<Vec<_>>>()?;
        assert_eq!(found, inside, "forward through {shown}");
        let mut back = dbi.range(state, case.range(form))?.rev().map(numbers).collect::<Result<Vec<_>>>()?;
        back.reverse();
        assert_eq!(back, inside, "back through {shown}");
        assert_eq!(dbi.count(state, case.range(form))?, inside.len() as u64, "count of {shown}");
        let estimate = dbi.estimate(state, case.range(form))?;
        assert!(estimate <= case.stored.len() as u64 * 2, "estimate of {shown}: {estimate}");
        let mut walked = Vec::new();
        let flow = dbi.for_each(state, case.range(form), |_, value| {
            walked.push(number(value));
            ControlFlow::Continue(())
        })?;
        assert!(flow.is_continue());
        assert_eq!(walked, inside, "for_each of {shown}");
        let first = dbi.find_map(state, case.range(form), |_, value| Some(number(value)))?;
        assert_eq!(first, inside.first().copied(), "find_map of {shown}");
    }
    native_forms(case, dbi, state, model)
}

/// The reads that only snapshots have.
pub fn agree_of_snapshots<K: Key, O: Ord + Debug>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    snap: &Snapshot,
    model: &Model<O>,
) -> Result<()> {
    for form in case.forms() {
        let (inside, shown) = (case.inside(form, model), case.shown(form));
        // For a range of one or two leaves, the estimate is exact.
        if inside.is_empty() {
            assert_eq!(dbi.estimate(snap, case.range(form))?, 0, "estimate of {shown}");
        }
        for parts in [1, 3] {
            let mut found = Vec::new();
            for part in dbi.par_scan(snap, case.range(form), parts)? {
                for value in part.values() {
                    found.push(number(value?));
                }
            }
            assert_eq!(found, inside, "{parts} parts of {shown}");
        }
    }
    Ok(())
}

/// The methods that take one key.
fn points<K: Key, O: Ord + Debug, R: Read>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    state: &R,
    key: &K::Owned,
    beside: &Beside,
) -> Result<()> {
    let shown = brief(key);
    let arg = || case.arg(key);
    assert_eq!(dbi.get(state, arg())?.map(number), beside.at, "get of {shown}");
    assert_eq!(dbi.contains(state, arg())?, beside.at.is_some(), "contains of {shown}");
    assert_eq!(dbi.rank(state, arg())?, beside.below.len() as u64, "rank of {shown}");
    let of = |entry: Option<(K::Ref<'_>, &[u8])>| entry.map(|(_, value)| number(value));
    let (before, behind) = (beside.below.last().copied(), beside.above.first().copied());
    assert_eq!(of(dbi.lower(state, arg())?), before, "lower of {shown}");
    assert_eq!(of(dbi.floor(state, arg())?), beside.at.or(before), "floor of {shown}");
    assert_eq!(of(dbi.higher(state, arg())?), behind, "higher of {shown}");
    assert_eq!(of(dbi.ceiling(state, arg())?), beside.at.or(behind), "ceiling of {shown}");
    Ok(())
}

/// All keys at once, and each together with an existing one.
fn many<K: Key, O: Ord + Debug, R: Read>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    state: &R,
    model: &Model<O>,
) -> Result<()> {
    let keys: Vec<&K::Owned> = case.probes.iter().chain(&case.stored).collect();
    let expected: Vec<_> = keys.iter().map(|key| model.get(&case.order(key)).copied()).collect();
    let found = dbi.get_many(state, keys.iter().map(|key| case.arg(key)))?;
    let found: Vec<_> = found.into_iter().map(|value| value.map(number)).collect();
    assert_eq!(found, expected, "get_many");
    Ok(())
}

/// Seeks in a new scan, and in one whose two ends have moved.
fn seeks<K: Key, O: Ord + Debug, R: Read>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    state: &R,
    key: &K::Owned,
    model: &Model<O>,
) -> Result<()> {
    let (shown, sought) = (brief(key), case.order(key));
    for (front, back) in [(0, 0), (0, 1), (1, 0), (2, 2), (7, 0), (0, 7)] {
        let opened = || -> Result<Entries<'_, R, K, &'static [u8]>> {
            let mut entries = dbi.iter(state)?;
            (0..front).try_for_each(|_| entries.next().transpose().map(drop))?;
            (0..back).try_for_each(|_| entries.next_back().transpose().map(drop))?;
            Ok(entries)
        };
        let left: Vec<_> = model.iter().skip(front).collect();
        let left = &left[..left.len().saturating_sub(back)];
        let from: Vec<usize> = left.iter().filter(|(key, _)| **key >= sought).map(|(_, n)| **n).collect();
        let up_to: Vec<usize> = left.iter().filter(|(key, _)| **key <= sought).map(|(_, n)| **n).collect();
        let rest = |entries: Entries<'_, R, K, &'static [u8]>| {
            entries.values().map(|value| Ok(number(value?))).collect::<Result<Vec<_>>>()
        };
        let mut entries = opened()?;
        entries.seek(case.arg(key))?;
        assert_eq!(rest(entries)?, from, "seek to {shown} after {front} and {back}");
        let mut entries = opened()?;
        entries.seek_back(case.arg(key))?;
        assert_eq!(rest(entries)?, up_to, "seek back to {shown} after {front} and {back}");
        // Both ends at one key, and the rest from the back.
        let mut entries = opened()?;
        entries.seek_back(case.arg(key))?;
        entries.seek(case.arg(key))?;
        let both: Vec<_> = from.iter().copied().filter(|n| up_to.contains(n)).collect();
        assert_eq!(entries.rev().count(), both.len(), "seek both ends to {shown} after {front} and {back}");
        let mut keys = opened()?.keys();
        keys.seek(case.arg(key))?;
        assert_eq!(keys.count(), from.len(), "seek among keys to {shown}");
        let mut values = opened()?.values();
        values.seek(case.arg(key))?;
        assert_eq!(values.rev().count(), from.len(), "seek among values to {shown}");
    }
    Ok(())
}

/// The intervals in Rust's range syntax.
fn native_forms<K: Key, O: Ord + Debug, R: Read>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    state: &R,
    model: &Model<O>,
) -> Result<()> {
    for form in case.forms() {
        let key = |at: usize| case.arg(&case.ends[at]);
        let count = match form {
            (Unbounded, Unbounded) => dbi.count(state, ..),
            (Included(a), Unbounded) => dbi.count(state, key(a)..),
            (Unbounded, Excluded(b)) => dbi.count(state, ..key(b)),
            (Unbounded, Included(b)) => dbi.count(state, ..=key(b)),
            (Included(a), Excluded(b)) => dbi.count(state, key(a)..key(b)),
            (Included(a), Included(b)) => dbi.count(state, key(a)..=key(b)),
            _ => continue,
        };
        assert_eq!(count?, case.inside(form, model).len() as u64, "count of {}", case.shown(form));
    }
    Ok(())
}
