//! Counts, ranks and positions agree with a walk over the entries.

use std::ops::Bound;

use crate::page::count::{count_range, estimate, nth, rank};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::split::split;
use crate::page::tests::ranges_agree::{expected, forms};
use crate::page::tests::samples::{Random, probes, rounds, samples};

#[test]
fn a_range_counts_what_it_holds() {
    for sample in samples() {
        let probes = probes(sample, 40);
        let tries = if sample.model.len() > 100_000 { 4 } else { 40 };
        let mut random = Random(3);
        for _ in 0..rounds(tries) {
            let (low, high) = (&probes[random.below(probes.len())], &probes[random.below(probes.len())]);
            for limits in forms(low, high) {
                let count = count_range(sample.image.pages(), &sample.tree, limits.0, limits.1).unwrap();
                assert_eq!(count, expected(&sample.model, limits).len() as u64, "{} {limits:?}", sample.name);
            }
        }
    }
}

#[test]
fn rank_and_nth_are_inverse() {
    for sample in samples() {
        let (pages, tree) = (sample.image.pages(), &sample.tree);
        let step = (sample.model.len() / if cfg!(miri) { 5 } else { 300 }).max(1);
        for (n, (key, value)) in sample.model.iter().enumerate().step_by(step) {
            assert_eq!(rank(pages, tree, key).unwrap(), n as u64, "{}", sample.name);
            assert_eq!(nth(pages, tree, n as u64).unwrap(), Some((key.as_slice(), value.as_slice())));
        }
        assert_eq!(nth(pages, tree, sample.model.len() as u64).unwrap(), None);
        assert_eq!(nth(pages, tree, u64::MAX).unwrap(), None);
        assert_eq!(rank(pages, tree, &[255; 600]).unwrap(), sample.model.len() as u64);
    }
}

/// The root is not a page of the file, so reading it would give an error.
#[test]
fn a_whole_tree_is_counted_by_its_record_alone() {
    for sample in samples().iter().filter(|sample| !sample.tree.is_empty()) {
        let pages = sample.image.pages();
        let tree = TreeRecord { root: PageNo(pages.page_count() + 1), ..sample.tree };
        let (all, entries) = (Bound::Unbounded, sample.model.len() as u64);
        assert_eq!(count_range(pages, &tree, all, all).unwrap(), entries, "{}", sample.name);
        assert_eq!(estimate(pages, &tree, all, all).unwrap(), entries, "{}", sample.name);
        assert!(rank(pages, &tree, b"a").is_err());
    }
}

#[test]
fn an_estimate_is_near_and_exact_for_small_ranges() {
    for sample in samples() {
        let probes = probes(sample, 40);
        let mut random = Random(4);
        for _ in 0..rounds(100) {
            let (low, high) = (&probes[random.below(probes.len())], &probes[random.below(probes.len())]);
            let (low, high) = (Bound::Included(low.as_slice()), Bound::Excluded(high.as_slice()));
            let count = count_range(sample.image.pages(), &sample.tree, low, high).unwrap();
            let guess = estimate(sample.image.pages(), &sample.tree, low, high).unwrap();
            let leaf = sample.tree.entries / sample.tree.leaf_pages.max(1);
            // Leaves are between a quarter and completely full in all of these trees, and mostly near the average.
            assert!(guess.abs_diff(count) <= count / 3 + 2 * leaf, "{} {guess} for {count}", sample.name);
            // One leaf, or two neighbouring leaves.
            if split(sample.image.pages(), &sample.tree, low, high, usize::MAX).unwrap().len() <= 1 {
                assert_eq!(guess, count, "{} {low:?} {high:?}", sample.name);
            }
        }
    }
}
