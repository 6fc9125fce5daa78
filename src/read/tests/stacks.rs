//! Reads through layers, and the model that their results are compared with: a map.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use crate::dbi::Dbi;
use crate::error::Result;
use crate::read::cursor::LayeredCursor;
use crate::read::raw::{RawCursor, RawRead};
use crate::txn::{Read, Write};

pub(super) type Map = BTreeMap<Vec<u8>, Vec<u8>>;
pub(super) type Rows = Dbi<&'static [u8], &'static [u8]>;
pub(super) type Ends = (Bound<u16>, Bound<u16>);

/// Keys with a common prefix. Three of each share their first eight bytes too.
pub(super) fn key(n: u16) -> Vec<u8> {
    let [high, low] = (n / 3).to_be_bytes();
    [b"row".to_vec(), vec![high, low], vec![0; usize::from(n % 3)]].concat()
}

/// States with layered cursors.
pub(super) trait State: Read + 'static + for<'t> RawRead<Cursor<'t> = LayeredCursor<'t>> {}

impl<R: Read + 'static + for<'t> RawRead<Cursor<'t> = LayeredCursor<'t>>> State for R {}

/// A change to a state and to its map.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Put(u16, u8),
    Delete(u16),
    DeleteRange(Ends),
}

pub(super) fn act(rows: &Rows, txn: &mut impl Write, map: &mut Map, act: &Act) -> Result<()> {
    match act {
        Act::Put(n, value) => {
            let value = vec![*value; 60];
            rows.put(txn, &key(*n), &value)?;
            map.insert(key(*n), value);
        }
        Act::Delete(n) => assert_eq!(rows.delete(txn, &key(*n))?, map.remove(&key(*n)).is_some()),
        Act::DeleteRange(ends) => {
            let before = map.len();
            map.retain(|key, _| !is_between(key, *ends));
            let (lower, upper) = bounds(*ends);
            let deleted = txn.write_txn().open().raw_delete_range(&rows.dbi, as_ref(&lower), as_ref(&upper))?;
            assert_eq!(deleted, (before - map.len()) as u64);
        }
    }
    Ok(())
}

fn bounds(ends: Ends) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    (ends.0.map(key), ends.1.map(key))
}

fn as_ref(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(|key| &key[..])
}

fn is_between(key: &[u8], ends: Ends) -> bool {
    let (lower, upper) = bounds(ends);
    let above = match &lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => key >= &lower[..],
        Bound::Excluded(lower) => key > &lower[..],
    };
    above
        && match &upper {
            Bound::Unbounded => true,
            Bound::Included(upper) => key <= &upper[..],
            Bound::Excluded(upper) => key < &upper[..],
        }
}

/// A step of a cursor in a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Next,
    Back,
    Seek(u16),
    SeekBack(u16),
    /// Up to this many entries by `for_each`.
    Each(usize),
}

type Row = (Vec<u8>, Vec<u8>);

/// The visible rows between two bounds.
fn between(map: &Map, ends: Ends) -> Vec<Row> {
    map.iter().filter(|(key, _)| is_between(key, ends)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn walk(rows: &Rows, state: &impl State, map: &Map, ends: Ends, steps: &[Step]) -> Result<()> {
    let (lower, upper) = bounds(ends);
    let mut cursor = state.raw_range(&rows.dbi, as_ref(&lower), as_ref(&upper))?;
    let mut left = std::collections::VecDeque::from(between(map, ends));
    let owned = |(key, value): (&[u8], &[u8])| (key.to_vec(), value.to_vec());
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Next => assert_eq!(cursor.next()?.map(owned), left.pop_front(), "{ends:?} {steps:?} {at}"),
            Step::Back => assert_eq!(cursor.next_back()?.map(owned), left.pop_back(), "{ends:?} {steps:?} {at}"),
            Step::Seek(n) => {
                cursor.seek(&key(*n))?;
                left.retain(|(row, _)| *row >= key(*n));
            }
            Step::SeekBack(n) => {
                cursor.seek_back(&key(*n))?;
                left.retain(|(row, _)| *row <= key(*n));
            }
            Step::Each(count) => {
                let mut seen = Vec::new();
                let _ = cursor.for_each(|key, value| {
                    seen.push((key.to_vec(), value.to_vec()));
                    if seen.len() == *count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                let expected: Vec<_> = left.drain(..left.len().min(*count)).collect();
                assert_eq!(seen, expected, "{ends:?} {steps:?} {at}");
            }
        }
    }
    let mut other = cursor.clone();
    let mut rest = Vec::new();
    while let Some(row) = cursor.next()? {
        rest.push(owned(row));
    }
    assert!(rest.iter().eq(&left), "{ends:?} {steps:?}");
    assert!(cursor.next()?.is_none() && cursor.next_back()?.is_none());
    let mut rest = Vec::new();
    while let Some(row) = other.next_back()? {
        rest.push(owned(row));
    }
    assert!(rest.iter().eq(left.iter().rev()), "{ends:?} {steps:?}");
    Ok(())
}

/// Compares all reads of a state with the map.
pub(super) fn look(rows: &Rows, state: &impl State, map: &Map, ends: Ends, steps: &[Step]) -> Result<()> {
    walk(rows, state, map, ends, steps)?;
    let (lower, upper) = bounds(ends);
    let expected = between(map, ends).len() as u64;
    assert_eq!(state.raw_count(&rows.dbi, as_ref(&lower), as_ref(&upper))?, expected, "{ends:?}");
    assert_eq!((rows.len(state)?, rows.is_empty(state)?), (map.len() as u64, map.is_empty()));
    let entries = rows.stat(state)?.entries + map.len() as u64;
    assert!(state.raw_estimate(&rows.dbi, as_ref(&lower), as_ref(&upper))? <= entries);
    let asked: Vec<u16> = (0..40).map(|n| n * 15).chain(steps.iter().filter_map(|step| step.key())).collect();
    let keys: Vec<Vec<u8>> = asked.iter().map(|n| key(*n)).collect();
    let owned = |(key, value): (&[u8], &[u8])| (key.to_vec(), value.to_vec());
    let row = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
    let many = rows.get_many(state, keys.iter().map(|key| &key[..]))?;
    for (key, found) in keys.iter().zip(many) {
        let expected = map.get(key).map(|value| &value[..]);
        assert_eq!((rows.get(state, key)?, found), (expected, expected), "{key:?}");
        assert_eq!(rows.contains(state, key)?, expected.is_some());
        assert_eq!(rows.rank(state, key)?, map.range::<Vec<u8>, _>(..key).count() as u64, "{key:?}");
        assert_eq!(rows.ceiling(state, key)?.map(owned), map.range(key.clone()..).next().map(row));
        assert_eq!(rows.floor(state, key)?.map(owned), map.range(..=key.clone()).next_back().map(row));
    }
    assert_eq!(rows.first(state)?.map(owned), map.first_key_value().map(row));
    assert_eq!(rows.last(state)?.map(owned), map.last_key_value().map(row));
    for n in (0..map.len() + 2).step_by(map.len() / 12 + 1) {
        assert_eq!(rows.nth(state, n as u64)?.map(owned), map.iter().nth(n).map(row), "{n}");
    }
    let cuts = state.raw_split(&rows.dbi, as_ref(&lower), as_ref(&upper), 4)?;
    assert!(cuts.len() < 4 && cuts.is_sorted() && cuts.iter().all(|cut| is_between(cut, ends)), "{ends:?} {cuts:?}");
    Ok(())
}

impl Step {
    fn key(self) -> Option<u16> {
        match self {
            Self::Seek(n) | Self::SeekBack(n) => Some(n),
            _ => None,
        }
    }
}
