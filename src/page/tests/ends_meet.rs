//! The two ends of a cursor never return an entry twice and never skip one.

use std::ops::Bound;

use crate::page::tests::ranges_agree::{cursor, expected};
use crate::page::tests::samples::{Random, probes, rounds, samples};

#[test]
fn every_entry_is_returned_once_when_the_ends_alternate_at_random() {
    for sample in samples().iter().filter(|sample| sample.model.len() < 100_000) {
        let probes = probes(sample, 40);
        for seed in 0..rounds(12) as u64 {
            let mut random = Random(seed);
            let (low, high) = (&probes[random.below(probes.len())], &probes[random.below(probes.len())]);
            let limits = (Bound::Included(low.as_slice().min(high)), Bound::Excluded(high.as_slice().max(low)));
            let expected = expected(&sample.model, limits);
            let mut cursor = cursor(sample, limits);
            let (mut from, mut to) = (0, expected.len());
            let lean = 1 + random.below(9);
            while from < to {
                if random.below(10) < lean {
                    assert_eq!(cursor.peek().unwrap(), Some(expected[from]));
                    assert_eq!(cursor.next().unwrap(), Some(expected[from]), "{}", sample.name);
                    from += 1;
                } else {
                    to -= 1;
                    assert_eq!(cursor.peek_back().unwrap(), Some(expected[to]));
                    assert_eq!(cursor.next_back().unwrap(), Some(expected[to]), "{}", sample.name);
                }
            }
            for _ in 0..3 {
                assert_eq!((cursor.next().unwrap(), cursor.next_back().unwrap()), (None, None));
                assert_eq!((cursor.peek().unwrap(), cursor.peek_back().unwrap()), (None, None));
            }
        }
    }
}

#[test]
fn a_clone_continues_independently() {
    let sample = &samples()[4];
    let mut first = cursor(sample, (Bound::Unbounded, Bound::Unbounded));
    for _ in 0..rounds(100) {
        first.next().unwrap();
    }
    let mut second = first.clone();
    while let Some(pair) = first.next().unwrap() {
        assert_eq!(second.next().unwrap(), Some(pair));
    }
    assert_eq!(second.next().unwrap(), None);
}
