//! The ends of a `MultiDbi`, and its ranges, are those of an ordered set of pairs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};

use mapleaf::{Env, MultiDbi, Result};
use proptest::prelude::*;

type Pairs = MultiDbi<&'static str, u8>;

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(&'static str, u8),
    PopFirst,
    PopLast,
    DeleteRange((&'static str, u8), (&'static str, u8)),
}

fn pair() -> impl Strategy<Value = (&'static str, u8)> {
    (proptest::sample::select(vec!["", "a", "ab", "b\0", "c"]), 0..4_u8)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => pair().prop_map(|(key, value)| Step::Insert(key, value)),
        2 => Just(Step::PopFirst),
        2 => Just(Step::PopLast),
        1 => (pair(), pair()).prop_map(|(from, to)| Step::DeleteRange(from, to)),
    ];
    proptest::collection::vec(step, 0..40)
}

type Owned = (String, u8);

fn read((key, value): (Cow<'_, str>, u8)) -> Owned {
    (key.into_owned(), value)
}

fn own((key, value): (&str, u8)) -> Owned {
    (key.to_owned(), value)
}

fn ends(model: &BTreeSet<(&str, u8)>) -> (Option<Owned>, Option<Owned>) {
    (model.first().copied().map(own), model.last().copied().map(own))
}

fn run(steps: &[Step], commit_every: usize) -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Pairs = env.multi_dbi("pairs")?;
    let mut model = BTreeSet::new();
    for steps in steps.chunks(commit_every) {
        env.transact(|txn| {
            for step in steps {
                match *step {
                    Step::Insert(key, value) => assert_eq!(dbi.insert(txn, key, value)?, model.insert((key, value))),
                    Step::PopFirst => assert_eq!(dbi.pop_first(txn)?, model.pop_first().map(own)),
                    Step::PopLast => assert_eq!(dbi.pop_last(txn)?, model.pop_last().map(own)),
                    Step::DeleteRange(from, to) => {
                        let before = model.len();
                        model.retain(|pair| !(from..to).contains(pair));
                        assert_eq!(dbi.delete_range(txn, from..to)?, (before - model.len()) as u64);
                    }
                }
                assert_eq!((dbi.first(txn)?.map(read), dbi.last(txn)?.map(read)), ends(&model));
            }
            Ok(())
        })?;
        let snap = env.snapshot()?;
        assert_eq!((dbi.first(&snap)?.map(read), dbi.last(&snap)?.map(read)), ends(&model));
        let after = model.range((Excluded(("a", 1)), Unbounded)).count();
        assert_eq!(dbi.range(&snap, (Excluded(("a", 1)), Unbounded))?.count(), after);
        assert_eq!(dbi.range(&snap, (Unbounded, Included(("ab", 2))))?.count(), model.range(..=("ab", 2)).count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn they_agree_with_the_model(steps in steps(), commit_every in 1..20_usize) {
        run(&steps, commit_every).expect("it runs");
    }
}
