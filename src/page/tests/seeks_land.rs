//! A seek drops exactly the entries before its key, from the end that it moves, and never restores one.

use std::ops::Bound;

use crate::page::tests::ranges_agree::{cursor, expected, forward};
use crate::page::tests::samples::{Random, probes, rounds, samples};

#[test]
fn seeks_and_steps_leave_the_entries_that_the_model_leaves() {
    for sample in samples() {
        let probes = probes(sample, 50);
        let count = if sample.model.len() > 100_000 { 3 } else { 25 };
        for seed in 0..rounds(count) as u64 {
            let mut random = Random(seed);
            let limits = if seed % 3 == 0 {
                (Bound::Unbounded, Bound::Unbounded)
            } else {
                let pick = |random: &mut Random| probes[random.below(probes.len())].as_slice();
                let (one, two) = (pick(&mut random), pick(&mut random));
                (Bound::Excluded(one.min(two)), Bound::Included(two.max(one)))
            };
            let all = expected(&sample.model, limits);
            let mut cursor = cursor(sample, limits);
            let (mut from, mut to) = (0, all.len());
            for _ in 0..40 {
                let key = match random.below(3) {
                    0 => probes[random.below(probes.len())].as_slice(),
                    // Near the remaining entries, where seeks take their short paths.
                    1 => all.get(from + random.below(90)).map_or(&b"x"[..], |pair| pair.0),
                    _ => all.get(to.saturating_sub(random.below(90))).map_or(&b"x"[..], |pair| pair.0),
                };
                match random.below(6) {
                    0 | 1 if random.below(3) > 0 => {
                        cursor.seek(key).unwrap();
                        from = from.max(all.partition_point(|pair| pair.0 < key)).min(to);
                    }
                    2 | 3 if random.below(3) > 0 => {
                        cursor.seek_back(key).unwrap();
                        to = to.min(all.partition_point(|pair| pair.0 <= key)).max(from);
                    }
                    4 => {
                        let expected = (from < to).then(|| all[from]);
                        assert_eq!(cursor.next().unwrap(), expected, "{} {seed}", sample.name);
                        from = (from + 1).min(to);
                    }
                    _ => {
                        let expected = (from < to).then(|| all[to - 1]);
                        assert_eq!(cursor.next_back().unwrap(), expected, "{} {seed}", sample.name);
                        to = to.saturating_sub(1).max(from);
                    }
                }
                // Peeking moves an end of the range out of its leaf; a seek must also work without it.
                if random.below(3) == 0 {
                    assert_eq!(cursor.peek().unwrap(), (from < to).then(|| all[from]), "{} {seed}", sample.name);
                    assert_eq!(cursor.peek_back().unwrap(), (from < to).then(|| all[to - 1]), "{} {seed}", sample.name);
                }
            }
            assert!(forward(cursor) == all[from..to], "{} {seed}", sample.name);
        }
    }
}

/// Entries that were taken are not returned again, even when that end is between two leaves.
#[test]
fn a_seek_never_goes_back() {
    let sample = samples().iter().find(|sample| sample.name == "random integers").unwrap();
    let all = expected(&sample.model, (Bound::Unbounded, Bound::Unbounded));
    let mut cursor = cursor(sample, (Bound::Unbounded, Bound::Unbounded));
    for at in 0..all.len() / 2 {
        let (low, high) = (all[at.saturating_sub(3)].0, all[(all.len() - at).min(all.len() - 1)].0);
        cursor.seek(low).unwrap();
        cursor.seek_back(high).unwrap();
        assert_eq!(cursor.next().unwrap(), Some(all[at]));
        assert_eq!(cursor.next_back().unwrap(), Some(all[all.len() - 1 - at]));
    }
}
