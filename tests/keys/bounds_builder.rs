//! A range that is built end by end contains what lies between its ends, whatever their lengths.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use crate::common::intervals::scans;
use crate::common::states::{Law, Numbered, in_every_state};
use mapleaf::scan::{ByteBounds, KeyBounds, KeyRange, RangeEnd};
use mapleaf::{ErrorKind, Key, MultiDbi, Read, Result};

type Triple = (u8, &'static str, u16);
type Owned = (u8, String, u16);

fn pool() -> Vec<Owned> {
    let keys = [
        (0, "", 0),
        (1, "", 0),
        (1, "a", 9),
        (7, "", 5),
        (7, "a", 0),
        (7, "a", 9),
        (7, "a\0", 1),
        (7, "b", 2),
        (255, "z", 0),
        (255, "z", u16::MAX),
    ];
    keys.map(|(first, second, third)| (first, second.to_owned(), third)).into()
}

fn arg((first, second, third): &Owned) -> (u8, &str, u16) {
    (*first, second, *third)
}

/// Ends, and how a key compares with one of them.
struct Ends<'e, E> {
    ends: &'e [E],
    compare: fn(&Owned, &E) -> Ordering,
}

const WHOLE: Ends<(u8, &str, u16)> = Ends {
    ends: &[(0, "", 0), (1, "a", 8), (7, "a", 0), (7, "a", 5), (7, "aa", 0), (255, "z", u16::MAX)],
    compare: |key, end| arg(key).cmp(end),
};
const TWO: Ends<(u8, &str)> = Ends {
    ends: &[(0, ""), (1, "b"), (7, ""), (7, "a"), (7, "a\0"), (255, "z")],
    compare: |key, end| (key.0, key.1.as_str()).cmp(end),
};
const ONE: Ends<(u8,)> =
    Ends { ends: &[(0,), (1,), (3,), (7,), (254,), (255,)], compare: |key, end| key.0.cmp(&end.0) };

/// Ranges from one kind of end to another.
struct Between<'e, S, E> {
    starts: Ends<'e, S>,
    ends: Ends<'e, E>,
}

impl<S: RangeEnd<Triple> + Copy + Debug, E: RangeEnd<Triple> + Copy + Debug> Between<'_, S, E> {
    /// The numbers of the keys that are present and between two bounds.
    fn inside(&self, start: Bound<&S>, end: Bound<&E>, present: &[usize]) -> Vec<usize> {
        let pool = pool();
        let is_inside = |n: &usize| {
            let key = &pool[*n];
            let above = match start {
                Included(start) => (self.starts.compare)(key, start).is_ge(),
                Excluded(start) => (self.starts.compare)(key, start).is_gt(),
                Unbounded => true,
            };
            let below = match end {
                Included(end) => (self.ends.compare)(key, end).is_le(),
                Excluded(end) => (self.ends.compare)(key, end).is_lt(),
                Unbounded => true,
            };
            above && below
        };
        present.iter().copied().filter(is_inside).collect()
    }
}

impl<S: RangeEnd<Triple> + Copy + Debug, E: RangeEnd<Triple> + Copy + Debug> Law<Triple> for Between<'_, S, E> {
    fn holds<R: Read>(&self, dbi: &Numbered<Triple>, state: &R, present: &[usize]) -> Result<()> {
        let new = KeyBounds::new;
        scans(dbi, state, new(), present)?;
        for s in self.starts.ends {
            scans(dbi, state, new().at_least(*s), &self.inside(Included(s), Unbounded, present))?;
            scans(dbi, state, new().above(*s), &self.inside(Excluded(s), Unbounded, present))?;
            for e in self.ends.ends {
                let inside = |start, end| self.inside(start, end, present);
                scans(dbi, state, new().at_least(*s).at_most(*e), &inside(Included(s), Included(e)))?;
                scans(dbi, state, new().at_least(*s).below(*e), &inside(Included(s), Excluded(e)))?;
                scans(dbi, state, new().at_most(*e).above(*s), &inside(Excluded(s), Included(e)))?;
                scans(dbi, state, new().below(*e).above(*s), &inside(Excluded(s), Excluded(e)))?;
                let count = dbi.count(state, new().above(*s).at_most(*e))?;
                assert_eq!(count, inside(Excluded(s), Included(e)).len() as u64);
            }
        }
        for e in self.ends.ends {
            scans(dbi, state, new().at_most(*e), &self.inside(Unbounded, Included(e), present))?;
            scans(dbi, state, new().below(*e), &self.inside(Unbounded, Excluded(e), present))?;
        }
        Ok(())
    }
}

/// Checks all forms between all pairs of ends, reversed and equal ones included, in every state of a database.
fn agree<S, E>(starts: Ends<'_, S>, ends: Ends<'_, E>) -> Result<()>
where
    S: RangeEnd<Triple> + Copy + Debug,
    E: RangeEnd<Triple> + Copy + Debug,
{
    in_every_state::<Triple>(&pool(), arg, &Between { starts, ends })
}

#[test]
fn a_range_from_more_to_fewer_elements_contains_what_lies_between() -> Result<()> {
    agree(WHOLE, ONE)?;
    agree(WHOLE, TWO)?;
    agree(TWO, ONE)
}

#[test]
fn a_range_from_fewer_to_more_elements_contains_what_lies_between() -> Result<()> {
    agree(ONE, WHOLE)?;
    agree(TWO, WHOLE)?;
    agree(ONE, TWO)
}

#[test]
fn ends_of_one_length_are_those_of_the_range_types() -> Result<()> {
    fn bytes<K: Key>(range: impl KeyRange<K>) -> ByteBounds {
        range.byte_bounds().expect("ends with a place in the order")
    }
    let (a, b) = ((7, "a"), (7, "b"));
    let new = KeyBounds::new;
    assert_eq!(bytes::<Triple>(new()), bytes::<Triple>(..));
    assert_eq!(bytes::<Triple>(new().at_least(a)), bytes::<Triple>(a..));
    assert_eq!(bytes::<Triple>(new().below(b)), bytes::<Triple>(..b));
    assert_eq!(bytes::<Triple>(new().at_most(b)), bytes::<Triple>(..=b));
    assert_eq!(bytes::<Triple>(new().at_least(a).below(b)), bytes::<Triple>(a..b));
    assert_eq!(bytes::<Triple>(new().at_least(a).at_most(b)), bytes::<Triple>(a..=b));
    for start in [Included(a), Excluded(a), Unbounded] {
        for end in [Included(b), Excluded(b), Unbounded] {
            assert_eq!(bytes::<Triple>(new().start(start).end(end)), bytes::<Triple>((start, end)));
        }
    }
    assert_eq!(bytes::<&str>(new().above("a").at_most("b")), bytes::<&str>((Excluded("a"), Included("b"))));
    agree(WHOLE, WHOLE)
}

#[test]
fn built_ranges_delete_and_select_pairs() -> Result<()> {
    let env = mapleaf::Env::temporary()?;
    let rows: mapleaf::Dbi<(u8, u8), ()> = env.dbi("rows")?;
    let pairs: MultiDbi<u8, u8> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        for (key, value) in (0..3).flat_map(|key| (0..3).map(move |value| (key, value))) {
            rows.put(txn, (key, value), ())?;
            pairs.insert(txn, key, value)?;
        }
        assert_eq!(rows.delete_range(txn, KeyBounds::new().above((0, 1)).at_most((1,)))?, 4);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    let left = rows.keys(&snap)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(left, [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)]);
    let between = pairs.range(&snap, KeyBounds::new().above((0,)).below((2, 1)))?.collect::<Result<Vec<_>>>()?;
    assert_eq!(between, [(1, 0), (1, 1), (1, 2), (2, 0)]);
    Ok(())
}

#[test]
fn an_end_without_position_is_an_invalid_key() {
    let nan = KeyRange::<(f64, u8)>::byte_bounds(&KeyBounds::new().at_least((f64::NAN,)).below((1.0, 2)));
    assert_eq!(nan.expect_err("NaN has no position").kind(), ErrorKind::InvalidKey);
    let nan = KeyRange::<(f64, u8)>::byte_bounds(&KeyBounds::new().at_least((1.0, 2)).at_most((f64::NAN,)));
    assert_eq!(nan.expect_err("NaN has no position").kind(), ErrorKind::InvalidKey);
}
