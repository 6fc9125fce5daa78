//! A range contains what `BTreeMap::range` gives, in every form, from either end.

use std::ops::Bound;

use crate::page::cursor::{Cursor, Pair};
use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;
use crate::page::tests::samples::{Model, Random, Sample, probes, rounds, samples};

pub(super) type BoundPair<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// The nine forms of an interval between two keys. Five of them under an interpreter, which include each form of
/// either end.
pub(super) fn forms<'k>(low: &'k [u8], high: &'k [u8]) -> Vec<BoundPair<'k>> {
    let ends = |key| [Bound::Unbounded, Bound::Included(key), Bound::Excluded(key)];
    let all = ends(low).into_iter().flat_map(|low| ends(high).into_iter().map(move |high| (low, high)));
    all.step_by(if cfg!(miri) { 2 } else { 1 }).collect()
}

/// The entries of the range in the model; none when it is reversed.
pub(super) fn expected<'m>(model: &'m Model, (low, high): BoundPair<'_>) -> Vec<Pair<'m>> {
    let key = |bound| match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key),
        Bound::Unbounded => None,
    };
    let nothing = match (key(low), key(high)) {
        (Some(from), Some(to)) => {
            from > to || (from == to && (low, high) != (Bound::Included(from), Bound::Included(to)))
        }
        _ => false,
    };
    if nothing {
        return Vec::new();
    }
    model.range::<[u8], _>((low, high)).map(|(key, value)| (key.as_slice(), value.as_slice())).collect()
}

pub(super) fn cursor<'a>(sample: &'a Sample, limits: BoundPair<'_>) -> Cursor<'a> {
    Cursor::range(sample.image.pages(), &sample.tree, limits.0, limits.1).unwrap()
}

pub(super) fn forward(mut cursor: Cursor<'_>) -> Vec<Pair<'_>> {
    std::iter::from_fn(|| cursor.next().unwrap()).collect()
}

fn backward(mut cursor: Cursor<'_>) -> Vec<Pair<'_>> {
    std::iter::from_fn(|| cursor.next_back().unwrap()).collect()
}

#[test]
fn full_scans_agree_both_ways() {
    for sample in samples() {
        let all = (Bound::Unbounded, Bound::Unbounded);
        let mut expected = expected(&sample.model, all);
        assert!(forward(cursor(sample, all)) == expected, "{}", sample.name);
        expected.reverse();
        assert!(backward(cursor(sample, all)) == expected, "{}", sample.name);
    }
}

#[test]
fn every_form_agrees_on_keys_gaps_and_ends() {
    for sample in samples().iter().filter(|sample| sample.model.len() < 100_000) {
        let probes = probes(sample, 60);
        let mut random = Random(5);
        for _ in 0..rounds(20) {
            let (low, high) = (&probes[random.below(probes.len())], &probes[random.below(probes.len())]);
            for limits in forms(low, high) {
                let mut expected = expected(&sample.model, limits);
                assert!(forward(cursor(sample, limits)) == expected, "{} {limits:?}", sample.name);
                expected.reverse();
                assert!(backward(cursor(sample, limits)) == expected, "{} {limits:?}", sample.name);
            }
        }
    }
}

#[test]
fn for_each_gives_the_same_entries_and_stops_on_break() {
    for sample in samples() {
        let all = (Bound::Unbounded, Bound::Unbounded);
        let expected = expected(&sample.model, all);
        let (mut cursor, mut seen) = (cursor(sample, all), Vec::new());
        let half = expected.len() / 2;
        while cursor
            .for_each(|key, value| {
                seen.push((key, value));
                if seen.len() == half { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
            })
            .unwrap()
            .is_break()
        {
            assert_eq!(seen.len(), half);
        }
        assert!(seen == expected, "{}", sample.name);
    }
}

#[test]
fn the_main_tree_lists_its_named_trees() {
    let image = &samples()[0].image;
    let (pages, main): (Pages<'_>, TreeRecord) = (image.pages(), image.main());
    let mut cursor = Cursor::range(pages, &main, Bound::Unbounded, Bound::Unbounded).unwrap();
    let mut names = Vec::new();
    while let Some((name, found)) = cursor.next_node().unwrap() {
        assert!(found.is_tree());
        names.push(String::from_utf8(name.to_vec()).unwrap());
    }
    let mut expected: Vec<_> = samples().iter().map(|sample| sample.name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}
