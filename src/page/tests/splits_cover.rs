//! The parts of a range are in order, cover it, and have about equal sizes.

use std::ops::Bound;

use crate::page::count::count_range;
use crate::page::split::split;
use crate::page::tests::ranges_agree::{expected, forms};
use crate::page::tests::samples::{Random, probes, rounds, samples};

#[test]
fn boundaries_ascend_inside_the_bounds_and_parts_add_up() {
    for sample in samples() {
        let (pages, tree) = (sample.image.pages(), &sample.tree);
        let probes = probes(sample, 20);
        let tries = if sample.model.len() > 100_000 { 2 } else { 12 };
        let mut random = Random(8);
        for _ in 0..rounds(tries) {
            let (low, high) = (&probes[random.below(probes.len())], &probes[random.below(probes.len())]);
            for limits in forms(low, high) {
                let whole = expected(&sample.model, limits).len() as u64;
                let parts = 1 + random.below(20);
                let keys = split(pages, tree, limits.0, limits.1, parts).unwrap();
                assert!(keys.len() < parts && keys.is_sorted_by(|a, b| a < b), "{}", sample.name);
                let inside = |key: &Vec<u8>| std::ops::RangeBounds::<[u8]>::contains(&limits, key.as_slice());
                assert!(keys.iter().all(inside), "{} {limits:?}", sample.name);
                let mut lower = limits.0;
                let mut total = 0;
                for key in &keys {
                    total += count_range(pages, tree, lower, Bound::Excluded(key)).unwrap();
                    lower = Bound::Included(key);
                }
                total += count_range(pages, tree, lower, limits.1).unwrap();
                assert_eq!(total, whole, "{} {limits:?}", sample.name);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "large trees")]
fn parts_of_a_large_tree_are_of_about_equal_size() {
    for name in ["ordered integers", "random integers"] {
        let sample = samples().iter().find(|sample| sample.name == name).unwrap();
        let all = (Bound::Unbounded, Bound::Unbounded);
        let keys = split(sample.image.pages(), &sample.tree, all.0, all.1, 8).unwrap();
        assert_eq!(keys.len(), 7);
        let ranks: Vec<_> = keys.iter().map(|key| sample.model.range(..key.clone()).count()).collect();
        let share = sample.model.len() / 8;
        for (at, rank) in ranks.iter().enumerate() {
            let size = rank - if at == 0 { 0 } else { ranks[at - 1] };
            assert!(size > share * 2 / 3 && size < share * 3 / 2, "{name}: {size} of {share}");
        }
    }
}

#[test]
fn a_request_for_more_parts_than_leaves_gives_fewer() {
    let sample = &samples()[4];
    let keys = split(sample.image.pages(), &sample.tree, Bound::Unbounded, Bound::Unbounded, usize::MAX).unwrap();
    assert_eq!(keys.len() as u64, sample.tree.leaf_pages - 1);
    assert!(split(sample.image.pages(), &sample.tree, Bound::Unbounded, Bound::Unbounded, 0).unwrap().is_empty());
}

#[test]
fn a_bound_that_is_a_boundary_leaves_no_empty_part() {
    let sample = &samples()[4];
    let (pages, tree) = (sample.image.pages(), &sample.tree);
    let keys = split(pages, tree, Bound::Unbounded, Bound::Unbounded, usize::MAX).unwrap();
    for (at, key) in keys.iter().enumerate() {
        let below = split(pages, tree, Bound::Unbounded, Bound::Excluded(key), usize::MAX).unwrap();
        assert_eq!(below, keys[..at]);
        let above = split(pages, tree, Bound::Included(key), Bound::Unbounded, usize::MAX).unwrap();
        assert_eq!(above, keys[at + 1..]);
    }
}
