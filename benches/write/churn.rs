//! Many changes of one kind in one transaction, with reads between them: counters, queues, windows, caches,
//! deletions. Each once for each kind of key, in random order, with values of 150 bytes.
//!
//! Each round starts on its own copy of the same pages; both sides must hold the same entries at the end. The commit
//! is timed too. heed gets encoded keys.

use std::ops::{Bound, RangeFrom};
use std::time::Duration;

use mapleaf::key::Key;
use mapleaf::scan::KeyRange;
use mapleaf::{Dbi, Durability, Env, Result, WriteTxn};

use crate::fresh::wide_value as value;
use crate::support::{
    Case, Integer, KeyKind, Lane, Outcome, Pair, Random, Role, Sides, Suite, Text, Tree, encoded, timed, touch,
};

type Rows<K> = Dbi<<K as KeyKind>::Key, &'static [u8]>;
type Ours<K> = fn(&mut WriteTxn, &Rows<K>, &Keys<K>) -> Result<()>;
type Theirs = fn(&mut heed::RwTxn<'_>, Tree, &Keys<Box<[u8]>>) -> heed::Result<()>;

/// The work of both sides, and the target ratio.
type Work<K> = (&'static str, f64, Ours<K>, Theirs);

/// As many keys of each kind as there are steps.
struct Keys<K> {
    /// Keys of existing rows.
    there: Vec<K>,
    /// Keys of rows that do not exist.
    new: Vec<K>,
    /// Keys after all others, ascending.
    behind: Vec<K>,
    /// The key in the middle of the existing ones.
    middle: K,
}

impl<K: KeyKind> Keys<K> {
    fn of(rows: u64) -> Outcome<Self> {
        let steps = rows / 2;
        let mut sorted =
            (0..rows).map(|i| Ok((encoded::<K::Key>(K::of(i, rows).key())?, i))).collect::<Outcome<Vec<_>>>()?;
        sorted.sort_unstable();
        let middle = sorted.get(sorted.len() / 2).map_or(0, |(_, i)| *i);
        Ok(Self {
            there: (0..steps).map(|i| K::of(i, rows)).collect(),
            new: (rows..rows + steps).map(|i| K::of(i, rows)).collect(),
            behind: (0..steps).map(K::behind).collect(),
            middle: K::of(middle, rows),
        })
    }

    fn encoded(&self) -> Outcome<Keys<Box<[u8]>>> {
        let all = |keys: &[K]| keys.iter().map(|key| encoded::<K::Key>(key.key())).collect::<Outcome<Vec<_>>>();
        Ok(Keys {
            there: all(&self.there)?,
            new: all(&self.new)?,
            behind: all(&self.behind)?,
            middle: encoded::<K::Key>(self.middle.key())?,
        })
    }
}

/// Keys, each with its number.
fn numbered<K>(keys: &[K]) -> impl Iterator<Item = (u64, &K)> {
    (0..).zip(keys)
}

/// Whether a row is in the chosen part, one of `parts` by the value.
fn is_one_of(parts: u8, value: &[u8]) -> bool {
    value.get(3).is_some_and(|byte| byte.is_multiple_of(parts))
}

/// Removes the first or the last entry.
fn heed_pop(txn: &mut heed::RwTxn<'_>, tree: Tree, last: bool) -> heed::Result<()> {
    let end = if last { tree.last(txn)? } else { tree.first(txn)? };
    match end.map(|(key, _)| key.to_vec()) {
        Some(key) => tree.delete(txn, &key).map(drop),
        None => Ok(()),
    }
}

/// Removes the rows of one part in `parts`.
#[expect(unsafe_code, reason = "heed deletes by an iterator in an unsafe function")]
fn heed_remove(txn: &mut heed::RwTxn<'_>, tree: Tree, parts: u8) -> heed::Result<()> {
    let mut entries = tree.iter_mut(txn)?;
    while let Some(entry) = entries.next() {
        if is_one_of(parts, entry?.1) {
            // SAFETY: no reference to the entry is kept.
            unsafe { entries.del_current()? };
        }
    }
    Ok(())
}

const WINDOW: usize = 100;

/// Work that adds keys, with reads in between.
fn coming<K: KeyKind>() -> [Work<K>; 6] {
    [
        (
            "a counter",
            1.0,
            |txn, dbi, keys| {
                let Some(key) = keys.behind.first() else { return Ok(()) };
                numbered(&keys.behind)
                    .try_for_each(|(n, _)| dbi.update(txn, key.key(), |_| Some(value(n).to_vec())).map(drop))
            },
            |txn, tree, keys| {
                let Some(key) = keys.behind.first() else { return Ok(()) };
                numbered(&keys.behind).try_for_each(|(n, _)| {
                    tree.get(txn, key)?;
                    tree.put(txn, key, &value(n))
                })
            },
        ),
        (
            "put and get",
            1.0,
            |txn, dbi, keys| {
                numbered(&keys.new).zip(&keys.there).try_for_each(|((n, key), there)| {
                    dbi.put(txn, key.key(), &value(n))?;
                    dbi.get(txn, there.key()).map(drop)
                })
            },
            |txn, tree, keys| {
                numbered(&keys.new).zip(&keys.there).try_for_each(|((n, key), there)| {
                    tree.put(txn, key, &value(n))?;
                    tree.get(txn, there).map(drop)
                })
            },
        ),
        (
            "put and len",
            1.0,
            |txn, dbi, keys| {
                numbered(&keys.new).try_for_each(|(n, key)| {
                    dbi.put(txn, key.key(), &value(n))?;
                    dbi.len(txn).map(drop)
                })
            },
            |txn, tree, keys| {
                numbered(&keys.new).try_for_each(|(n, key)| {
                    tree.put(txn, key, &value(n))?;
                    tree.len(txn).map(drop)
                })
            },
        ),
        (
            "a sliding window",
            1.0,
            |txn, dbi, keys| {
                let old = std::iter::repeat_n(None, WINDOW).chain(keys.behind.iter().map(Some));
                numbered(&keys.behind).zip(old).try_for_each(|((n, key), old)| {
                    dbi.put(txn, key.key(), &value(n))?;
                    old.map_or(Ok(()), |old| dbi.delete(txn, old.key()).map(drop))
                })
            },
            |txn, tree, keys| {
                let old = std::iter::repeat_n(None, WINDOW).chain(keys.behind.iter().map(Some));
                numbered(&keys.behind).zip(old).try_for_each(|((n, key), old)| {
                    tree.put(txn, key, &value(n))?;
                    old.map_or(Ok(()), |old| tree.delete(txn, old).map(drop))
                })
            },
        ),
        (
            "a queue: put at the back, pop in front",
            1.0,
            |txn, dbi, keys| {
                numbered(&keys.behind).try_for_each(|(n, key)| {
                    dbi.put(txn, key.key(), &value(n))?;
                    dbi.pop_first(txn).map(drop)
                })
            },
            |txn, tree, keys| {
                numbered(&keys.behind).try_for_each(|(n, key)| {
                    tree.put(txn, key, &value(n))?;
                    heed_pop(txn, tree, false)
                })
            },
        ),
        (
            "a bounded cache: put anywhere, pop in front",
            1.0,
            |txn, dbi, keys| {
                numbered(&keys.new).try_for_each(|(n, key)| {
                    dbi.put(txn, key.key(), &value(n))?;
                    dbi.pop_first(txn).map(drop)
                })
            },
            |txn, tree, keys| {
                numbered(&keys.new).try_for_each(|(n, key)| {
                    tree.put(txn, key, &value(n))?;
                    heed_pop(txn, tree, false)
                })
            },
        ),
    ]
}

/// Work that removes keys.
fn going<K: KeyKind>() -> [Work<K>; 6]
where
    for<'k> RangeFrom<<K::Key as Key>::Arg<'k>>: KeyRange<K::Key>,
{
    [
        (
            "pop_first",
            1.0,
            |txn, dbi, keys| keys.there.iter().try_for_each(|_| dbi.pop_first(txn).map(drop)),
            |txn, tree, keys| keys.there.iter().try_for_each(|_| heed_pop(txn, tree, false)),
        ),
        (
            "pop_last",
            1.0,
            |txn, dbi, keys| keys.there.iter().try_for_each(|_| dbi.pop_last(txn).map(drop)),
            |txn, tree, keys| keys.there.iter().try_for_each(|_| heed_pop(txn, tree, true)),
        ),
        (
            "deletions in no order",
            1.5,
            |txn, dbi, keys| keys.there.iter().try_for_each(|key| dbi.delete(txn, key.key()).map(drop)),
            |txn, tree, keys| keys.there.iter().try_for_each(|key| tree.delete(txn, key).map(drop)),
        ),
        (
            "retain of half",
            1.5,
            |txn, dbi, _| dbi.retain(txn, .., |_, value| !is_one_of(2, value)).map(drop),
            |txn, tree, _| heed_remove(txn, tree, 2),
        ),
        (
            "extract_if of a sixth",
            1.0,
            |txn, dbi, _| {
                dbi.extract_if(txn, .., |_, value| is_one_of(6, value))?.try_for_each(|entry| entry.map(drop))
            },
            |txn, tree, _| heed_remove(txn, tree, 6),
        ),
        (
            "delete_range of half",
            1.0,
            |txn, dbi, keys| dbi.delete_range(txn, keys.middle.key()..).map(drop),
            |txn, tree, keys| {
                let half = (Bound::Included(&*keys.middle), Bound::Unbounded);
                tree.delete_range(txn, &half).map(drop)
            },
        ),
    ]
}

pub(crate) fn churn(suite: &mut Suite) -> Outcome {
    kind::<Integer>(suite)?;
    kind::<Random>(suite)?;
    kind::<Text>(suite)?;
    kind::<Pair>(suite)
}

fn kind<K: KeyKind>(suite: &mut Suite) -> Outcome
where
    for<'k> RangeFrom<<K::Key as Key>::Arg<'k>>: KeyRange<K::Key>,
{
    let rows = suite.plan.rows / 5;
    let cases = coming::<K>().into_iter().chain(going::<K>()).map(|(name, target, ours, theirs)| {
        let steps = u32::try_from(rows / 2)?;
        Ok((Case::new(format!("in one transaction: {name}, {}", K::NAME), steps).target(target), ours, theirs))
    });
    let cases = cases.collect::<Outcome<Vec<_>>>()?;
    if suite.plan.list || !cases.iter().any(|(case, ..)| suite.runs_any(std::slice::from_ref(case))) {
        return Ok(());
    }
    let keys = Keys::<K>::of(rows)?;
    let encoded = keys.encoded()?;
    for (case, ours, theirs) in cases {
        if suite.runs_any(std::slice::from_ref(&case)) {
            let (ours, theirs) = (Act { act: ours, keys: &keys }, Act { act: theirs, keys: &encoded });
            race(suite, &case, rows, ours, theirs)?;
        }
    }
    Ok(())
}

/// The work of one side, and its keys.
struct Act<'k, F, K> {
    act: F,
    keys: &'k Keys<K>,
}

fn race<K: KeyKind>(
    suite: &mut Suite,
    case: &Case,
    rows: u64,
    ours: Act<'_, Ours<K>, K>,
    theirs: Act<'_, Theirs, Box<[u8]>>,
) -> Outcome {
    let plan = suite.plan.clone();
    let fresh = || Sides::new(&plan, Durability::Process, |env| fill::<K>(env, rows));
    let heed = || -> Outcome<(Duration, u64)> {
        let sides = fresh()?;
        let tree = sides.tree("rows")?;
        let (took, _) = timed(&mut || {
            let mut txn = sides.heed.write_txn()?;
            (theirs.act)(&mut txn, tree, theirs.keys)?;
            txn.commit()?;
            Ok(0)
        })?;
        let txn = sides.heed.read_txn()?;
        let sum = tree.iter(&txn)?.try_fold(0_u64, |sum, entry| entry.map(|(_, value)| added(sum, value)))?;
        Ok((took, sum))
    };
    let mapleaf = || -> Outcome<(Duration, u64)> {
        let sides = fresh()?;
        let dbi: Rows<K> = sides.mapleaf.dbi("rows")?;
        let (took, _) =
            timed(&mut || Ok(sides.mapleaf.transact(|txn| (ours.act)(txn, &dbi, ours.keys)).map(|()| 0)?))?;
        let snap = sides.mapleaf.snapshot()?;
        let sum = dbi.values(&snap)?.try_fold(0_u64, |sum, value| value.map(|value| added(sum, value)))?;
        Ok((took, sum))
    };
    suite.race_rounds(case, 5, 0, vec![Lane::timing(Role::Heed, heed), Lane::timing(Role::Mapleaf, mapleaf)])
}

/// A sum that depends on values and their order.
fn added(sum: u64, value: &[u8]) -> u64 {
    sum.wrapping_mul(31).wrapping_add(touch(value))
}

fn fill<K: KeyKind>(env: &Env, rows: u64) -> Outcome {
    let dbi: Rows<K> = env.dbi("rows")?;
    Ok(env.transact(|txn| (0..rows).try_for_each(|i| dbi.put(txn, K::of(i, rows).key(), &value(i))))?)
}
