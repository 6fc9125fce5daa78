//! One law for all key types: the engine agrees with an ordered map in every kind of state.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display};
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use mapleaf::{Env, Error, ErrorKind, Key, Result, WriteTxn};

pub use crate::common::states::{Numbered, number, value};
use crate::{batches, reads, writes};

/// The content, by the order of keys.
pub type Model<O> = BTreeMap<O, usize>;

/// Selects keys by their numbers.
type Wanted = fn(usize) -> bool;

/// Keys of one type, with an order that does not come from the engine.
pub struct Case<K: Key, O> {
    /// Keys that can be stored.
    pub stored: Vec<K::Owned>,
    /// Keys to look up: existing ones, absent ones, and ones that cannot be stored.
    pub probes: Vec<K::Owned>,
    /// The keys that are used in pairs as bounds of ranges.
    pub ends: Vec<K::Owned>,
    pub arg: for<'a> fn(&'a K::Owned) -> K::Arg<'a>,
    pub order: fn(&K::Owned) -> O,
    /// The kind of error for a key that cannot be stored; `None` for others.
    pub refusal: fn(&K::Owned) -> Option<ErrorKind>,
}

impl<K: Key, O: Ord + Debug> Case<K, O> {
    pub fn arg<'a>(&self, key: &'a K::Owned) -> K::Arg<'a> {
        (self.arg)(key)
    }

    pub fn order(&self, key: &K::Owned) -> O {
        (self.order)(key)
    }

    /// All forms of an interval between two of the ends, with the ends as indices.
    pub fn forms(&self) -> Vec<(Bound<usize>, Bound<usize>)> {
        let mut forms = vec![(Unbounded, Unbounded)];
        for a in 0..self.ends.len() {
            forms.extend([(Included(a), Unbounded), (Excluded(a), Unbounded)]);
            forms.extend([(Unbounded, Included(a)), (Unbounded, Excluded(a))]);
            for b in 0..self.ends.len() {
                forms.extend([(Included(a), Included(b)), (Included(a), Excluded(b))]);
                forms.extend([(Excluded(a), Included(b)), (Excluded(a), Excluded(b))]);
            }
        }
        forms
    }

    /// A range for the engine.
    pub fn range(&self, (start, end): (Bound<usize>, Bound<usize>)) -> (Bound<K::Arg<'_>>, Bound<K::Arg<'_>>) {
        (start.map(|at| self.arg(&self.ends[at])), end.map(|at| self.arg(&self.ends[at])))
    }

    /// The entries of the model in the range.
    pub fn inside(&self, (start, end): (Bound<usize>, Bound<usize>), model: &Model<O>) -> Vec<usize> {
        let (start, end) = (start.map(|at| self.order(&self.ends[at])), end.map(|at| self.order(&self.ends[at])));
        let is_inside = |key: &O| {
            let above = match &start {
                Included(start) => key >= start,
                Excluded(start) => key > start,
                Unbounded => true,
            };
            let below = match &end {
                Included(end) => key <= end,
                Excluded(end) => key < end,
                Unbounded => true,
            };
            above && below
        };
        model.iter().filter(|(key, _)| is_inside(key)).map(|(_, number)| *number).collect()
    }

    /// Stores the keys whose numbers are wanted.
    fn put(&self, txn: &mut WriteTxn, dbi: &Numbered<K>, model: &mut Model<O>, wanted: Wanted) -> Result<()> {
        for (n, key) in self.stored.iter().enumerate().filter(|(n, _)| wanted(*n)) {
            dbi.put(txn, self.arg(key), &value(n))?;
            model.insert(self.order(key), n);
        }
        Ok(())
    }

    /// Deletes the keys whose numbers are wanted.
    fn delete(&self, txn: &mut WriteTxn, dbi: &Numbered<K>, model: &mut Model<O>, wanted: Wanted) -> Result<()> {
        for (_, key) in self.stored.iter().enumerate().filter(|(n, _)| wanted(*n)) {
            let was_there = model.remove(&self.order(key)).is_some();
            assert_eq!(dbi.delete(txn, self.arg(key))?, was_there, "{}", brief(key));
        }
        Ok(())
    }

    /// A description of a form.
    pub fn shown(&self, (start, end): (Bound<usize>, Bound<usize>)) -> impl Display {
        let shown = |bound: Bound<usize>| bound.map(|at| brief(&self.ends[at]));
        fmt::from_fn(move |f| {
            for (name, bound) in [("from", shown(start)), (" to", shown(end))] {
                match bound {
                    Included(key) => write!(f, "{name} {key}, included")?,
                    Excluded(key) => write!(f, "{name} {key}, excluded")?,
                    Unbounded => write!(f, "{name} the end")?,
                }
            }
            Ok(())
        })
    }
}

/// A key for a message, cut to a short length. It is formatted only when needed, since a key may have megabytes.
pub fn brief(key: &impl Debug) -> impl Display {
    fmt::from_fn(move |f| {
        let text = format!("{key:?}");
        if text.len() <= 80 { f.write_str(&text) } else { write!(f, "{:.60}... {} bytes", text, text.len()) }
    })
}

/// Runs `f` in a savepoint that is undone.
pub fn tried<T>(txn: &mut WriteTxn, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
    let mut outcome = None;
    let undone = txn.savepoint(|txn| {
        outcome = Some(f(txn));
        Err::<(), _>(Error::new(ErrorKind::Other, "nothing of this is kept"))
    });
    assert!(undone.is_err());
    outcome.expect("it was run")
}

/// Checks the law in snapshots of an empty and a full database, and in transactions: without changes, with puts and
/// deletions, with these in a savepoint over a deleted range, and over a cleared database.
pub fn holds<K: Key, O: Ord + Clone + Debug>(case: &Case<K, O>) -> Result<()> {
    let env = Env::temporary()?;
    let (dbi, empty): (Numbered<K>, Numbered<K>) = (env.dbi("full")?, env.dbi("empty")?);
    let mut model = Model::new();
    env.transact(|txn| case.put(txn, &dbi, &mut model, |n| n % 2 == 0))?;
    let snap = env.snapshot()?;
    reads::agree(case, &empty, &snap, &Model::new())?;
    reads::agree(case, &dbi, &snap, &model)?;
    reads::agree_of_snapshots(case, &dbi, &snap, &model)?;

    let undone = env.transact(|txn| {
        let mut model = model.clone();
        reads::agree(case, &dbi, txn, &model)?;
        writes::agree(case, &dbi, txn, &model)?;
        case.put(txn, &empty, &mut Model::new(), |n| n % 3 == 0)?;

        case.put(txn, &dbi, &mut model, |n| n % 3 != 1)?;
        case.delete(txn, &dbi, &mut model, |n| n % 5 < 2)?;
        reads::agree(case, &dbi, txn, &model)?;
        writes::agree(case, &dbi, txn, &model)?;

        tried(txn, |txn| {
            let mut model = model.clone();
            let form = gap(case, &model);
            let gone = case.inside(form, &model);
            assert_eq!(dbi.delete_range(txn, case.range(form))?, gone.len() as u64);
            model.retain(|_, number| !gone.contains(number));
            case.put(txn, &dbi, &mut model, |n| n % 7 == 0)?;
            reads::agree(case, &dbi, txn, &model)?;
            writes::agree(case, &dbi, txn, &model)
        })?;

        dbi.clear(txn)?;
        model.clear();
        case.put(txn, &dbi, &mut model, |n| n % 4 == 1)?;
        reads::agree(case, &dbi, txn, &model)?;
        writes::agree(case, &dbi, txn, &model)?;
        Err::<(), _>(Error::new(ErrorKind::Other, "nothing of this is kept"))
    });
    match undone {
        Err(error) if error.kind() == ErrorKind::Other => {}
        outcome => return outcome,
    }
    batches::agree(case, &env, &dbi, &model)
}

/// The longest interval between two ends that leaves entries on both sides.
fn gap<K: Key, O: Ord + Debug>(case: &Case<K, O>, model: &Model<O>) -> (Bound<usize>, Bound<usize>) {
    let all: Vec<usize> = model.values().copied().collect();
    let is_within = |inside: &[usize]| inside.first() != all.first() && inside.last() != all.last();
    let forms = case.forms().into_iter().filter(|form| matches!(form, (Excluded(_), Excluded(_))));
    let gaps = forms.filter(|form| is_within(&case.inside(*form, model)));
    gaps.max_by_key(|form| case.inside(*form, model).len()).unwrap_or((Unbounded, Unbounded))
}
