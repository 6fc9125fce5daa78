//! The first difference between two states of a file, with any layers over each, is that of two maps; and finding it
//! reads the pages of which only one state has a copy.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;

use crate::catalog::CommitSeq;
use crate::commit::write;
use crate::env::Env;
use crate::error::Result;
use crate::page::steps::{pages_of, steps_of};
use crate::read::layered_tree::LayeredTree;
use crate::read::layers::Layers;
use crate::read::tests::stacks::{Act, Map, Rows, act, key};
use crate::state::{Base, WriteView};
use crate::txn::{Snapshot, WriteTxn};
use crate::write_set::WriteSet;

fn number() -> impl Strategy<Value = u16> {
    0_u16..900
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (number(), 0_u8..3).prop_map(|(n, value)| Act::Put(n, value)),
        5 => number().prop_map(Act::Delete),
        2 => (number(), 1_u16..200).prop_map(|(n, len)| Act::DeleteRange((Bound::Included(n), Bound::Excluded(n + len)))),
    ];
    prop::collection::vec(act, 0..25)
}

type Range = (Option<u16>, Option<u16>);

#[derive(Clone, Debug)]
struct Case {
    /// The number of rows in the file, and the distance between their keys.
    base: (u16, u16),
    /// What is committed between the two states.
    between: Vec<Vec<Act>>,
    /// The layers over each.
    layers: [Vec<Vec<Act>>; 2],
    ranges: Vec<Range>,
}

fn case() -> impl Strategy<Value = Case> {
    let layers = || prop::collection::vec(acts(), 0..3);
    let range = (proptest::option::of(number()), proptest::option::of(number()));
    let ranges = prop::collection::vec(range, 1..12);
    let between = prop::collection::vec(acts(), 0..3);
    ((0_u16..400, 1_u16..4), between, [layers(), layers()], ranges).prop_map(|(base, between, layers, ranges)| Case {
        base,
        between,
        layers,
        ranges,
    })
}

/// The newest state, with these changes laid over it.
fn state(env: &Env, rows: &Rows, map: &Map, layers: &[Vec<Act>]) -> Result<(Snapshot, Map)> {
    let mut map = map.clone();
    let sets = write(env.engine.writer_access(), "test", |session| {
        let mut sets: Vec<Arc<WriteSet>> = Vec::new();
        for acts in layers {
            let base = Base::Newest(Arc::clone(session.base()));
            let view = WriteView { base, layers: Layers::of(sets.iter().cloned()), seq: CommitSeq(7) };
            let mut txn = WriteTxn::new(env.engine.core(), view, WriteSet::default(), None);
            acts.iter().try_for_each(|made| act(rows, &mut txn, &mut map, made))?;
            sets.push(Arc::new(txn.take_set()));
        }
        Ok::<_, crate::Error>(sets)
    })?;
    Ok((env.snapshot()?.under(Layers::of(sets)), map))
}

fn with<T>(snapshot: &Snapshot, rows: &Rows, body: impl FnOnce(&LayeredTree<'_>) -> Result<T>) -> Result<T> {
    let view = &snapshot.lease().view;
    let tree = view.pinned.tree(&rows.dbi)?;
    body(&LayeredTree::new(view.pinned.pages(), tree, view.layers.of_dbi(rows.dbi.slot)))
}

/// The first key of a range with another value in one map than in the other.
fn expected(one: &Map, other: &Map, start: &[u8], end: Option<&[u8]>) -> Option<Vec<u8>> {
    let keys: BTreeMap<_, _> = one.iter().chain(other).collect();
    let within = |key: &&Vec<u8>| key.as_slice() >= start && end.is_none_or(|end| key.as_slice() < end);
    keys.into_keys().filter(within).find(|key| one.get(*key) != other.get(*key)).cloned()
}

fn run(case: &Case) -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let mut map = Map::new();
    env.transact(|txn| (0..case.base.0).try_for_each(|n| act(&rows, txn, &mut map, &Act::Put(n * case.base.1, 1))))?;
    let (before, old) = state(&env, &rows, &map, &case.layers[0])?;
    for acts in &case.between {
        env.transact(|txn| acts.iter().try_for_each(|made| act(&rows, txn, &mut map, made)))?;
    }
    let (now, new) = state(&env, &rows, &map, &case.layers[1])?;
    for (start, end) in &case.ranges {
        let (start, end) = (start.map(key).unwrap_or_default(), end.map(key));
        let range = (&*start, end.as_deref());
        let found = with(&before, &rows, |before| with(&now, &rows, |now| before.first_difference(now, range)))?;
        assert_eq!(found, expected(&old, &new, range.0, range.1), "{range:?}");
        let back = with(&now, &rows, |now| with(&before, &rows, |before| now.first_difference(before, range)))?;
        assert_eq!(back, found, "the other way round");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_first_difference_is_that_of_two_maps(case in case()) {
        run(&case).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    }
}

#[test]
fn pages_that_both_states_have_are_passed_over() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let key = |n: u32| n.to_be_bytes();
    env.transact(|txn| (0..100_000_u32).try_for_each(|n| rows.put(txn, &key(n * 2), &[7; 60])))?;
    let before = env.snapshot()?;
    // Changed and changed back, so that there is no difference to stop at.
    for value in [8, 7] {
        env.transact(|txn| {
            [5, 80_000, 199_998].iter().try_for_each(|n| rows.put(txn, &key(*n / 2 * 2), &[value; 60]))
        })?;
    }
    let now = env.snapshot()?;
    assert_eq!(rows.len(&before)?, rows.len(&now)?);
    let all = || with(&before, &rows, |before| with(&now, &rows, |now| before.first_difference(now, (&[], None))));
    let ((found, pages), steps) = steps_of(|| pages_of(all));
    assert_eq!(found?, None);
    // Three paths of three pages in each of the two trees, and what lies beside them.
    assert!((1..=120).contains(&pages) && steps < 1_000, "{pages} pages and {steps} steps");
    // One more row, in a leaf that is divided for it, and one less.
    env.transact(|txn| rows.put(txn, &key(100_001), &[7; 60]))?;
    env.transact(|txn| rows.delete(txn, &key(150_000)).map(drop))?;
    let now = env.snapshot()?;
    let from = |start: [u8; 4]| {
        with(&before, &rows, |before| with(&now, &rows, |now| before.first_difference(now, (&start, None))))
    };
    assert_eq!(from(key(0))?, Some(key(100_001).to_vec()));
    assert_eq!(from(key(100_002))?, Some(key(150_000).to_vec()));
    assert_eq!(from(key(150_001))?, None);
    Ok(())
}

#[test]
fn random_commits_to_a_deep_tree_are_all_found() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let name = |n: u64| format!("{n:0100}").into_bytes();
    let mut map = Map::new();
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    env.transact(|txn| {
        (0..6_000).try_for_each(|n| {
            map.insert(name(n * 3), vec![1; 150]);
            rows.put(txn, &name(n * 3), &[1; 150])
        })
    })?;
    for round in 0..16 {
        let (before, old) = (env.snapshot()?, map.clone());
        for _ in 0..=round % 3 {
            env.transact(|txn| {
                let from = next(18_000);
                // Whole leaves go, so that trees lose levels and pages on the way.
                let run = if round % 4 == 0 { 900 } else { 2 };
                for n in from..from + run {
                    if next(3) == 0 {
                        map.insert(name(n), vec![2; 150]);
                        rows.put(txn, &name(n), &[2; 150])?;
                    } else {
                        assert_eq!(rows.delete(txn, &name(n))?, map.remove(&name(n)).is_some());
                    }
                }
                Ok(())
            })?;
        }
        let now = env.snapshot()?;
        for _ in 0..40 {
            let start = next(18_000);
            let end = start + [1, 40, 3_000, 18_000][usize::try_from(next(4)).unwrap_or(0)];
            let (start, end) = (name(start), name(end));
            let range = (&*start, Some(&*end));
            let found = with(&before, &rows, |before| with(&now, &rows, |now| before.first_difference(now, range)))?;
            assert_eq!(found, expected(&old, &map, &start, Some(&end)));
        }
    }
    Ok(())
}
