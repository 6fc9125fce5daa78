//! Kept counts agree with a set of keys, whichever ranges are counted and deleted.

use std::collections::BTreeSet;
use std::ops::{Bound, RangeBounds};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::catalog::DbiSlot;
use crate::txn::counts::Counts;

type Ends = (Bound<u8>, Bound<u8>);

fn ends() -> impl Strategy<Value = Ends> {
    let end = || {
        prop_oneof![
            1 => Just(Bound::Unbounded),
            2 => (0..12_u8).prop_map(Bound::Included),
            2 => (0..12_u8).prop_map(Bound::Excluded),
        ]
    };
    (end(), end())
}

#[derive(Clone, Debug)]
enum Step {
    Toggle(u8),
    Remove(Ends),
    Ask(Ends),
    /// Begins a savepoint.
    Begin,
    /// Ends this many savepoints, or all; keeps them, or undoes them.
    End(usize, bool),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn with_a_set(steps in vec(prop_oneof![
        3 => (0..12_u8).prop_map(Step::Toggle),
        1 => ends().prop_map(Step::Remove),
        3 => ends().prop_map(Step::Ask),
        2 => Just(Step::Begin),
        2 => (1..4_usize, any::<bool>()).prop_map(|(ends, keeps)| Step::End(ends, keeps)),
    ], 1..60)) {
        let (own, other) = (DbiSlot(7), DbiSlot(8));
        let (mut counts, mut model) = (Counts::default(), BTreeSet::new());
        let mut savepoints: Vec<BTreeSet<u8>> = Vec::new();
        let mut asked: Vec<Ends> = Vec::new();
        for step in steps {
            match step {
                Step::Toggle(key) => {
                    let came = model.insert(key) || !model.remove(&key);
                    counts.change(own, &[key], came);
                    counts.change(other, &[key], !came);
                }
                Step::Remove(ends) => {
                    let before = model.len();
                    model.retain(|key| !ends.contains(key));
                    with(ends, |range| counts.remove(own, range, (before - model.len()) as u64));
                }
                Step::Ask(ends) => {
                    let count = model.iter().filter(|key| ends.contains(*key)).count() as u64;
                    if with(ends, |range| counts.get(own, range)).is_none() {
                        with(ends, |range| counts.set(own, range, count, 0));
                        asked.push(ends);
                    }
                }
                Step::Begin => {
                    counts.begin_savepoint();
                    savepoints.push(model.clone());
                }
                Step::End(ends, keeps) => {
                    let left = savepoints.len().saturating_sub(ends);
                    let mut ended = savepoints.split_off(left);
                    if keeps {
                        counts.keep_savepoints(left + 1);
                    } else {
                        counts.undo_savepoints(left + 1);
                        model = ended.drain(..).next().unwrap_or(model);
                    }
                }
            }
            for ends in asked.iter().copied() {
                let count = model.iter().filter(|key| ends.contains(*key)).count() as u64;
                let kept = with(ends, |range| counts.get(own, range));
                prop_assert!(kept.is_none_or(|kept| kept == count), "{:?}: {:?}, not {}", ends, kept, count);
                prop_assert!(with(ends, |range| counts.get(other, range)).is_none());
            }
        }
    }
}

fn with<T>(ends: Ends, f: impl FnOnce((Bound<&[u8]>, Bound<&[u8]>)) -> T) -> T {
    f((ends.0.as_ref().map(std::slice::from_ref), ends.1.as_ref().map(std::slice::from_ref)))
}
