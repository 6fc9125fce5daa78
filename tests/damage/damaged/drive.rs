//! Calls every read method of one database in a damaged file.
//!
//! A scan comes first. If the database is known to be intact, all other methods must agree with the scan. Otherwise
//! they may return anything that is in the file, or a typed error, and they must end.

use std::fmt::Debug;
use std::ops::{Bound, ControlFlow};

use mapleaf::{Dbi, Entries, Key, ListOptions, Msgpack, Result, Snapshot, Value};

use crate::common::damage::{Random, typed};

/// A key type of the samples.
pub trait Probe: Key<Owned: Ord> {
    fn arg(key: &Self::Owned) -> Self::Arg<'_>;

    /// The entries whose keys begin with `key`, or are equal to it if the type has no prefixes.
    fn near<'t, V: Value>(
        dbi: &Dbi<Self, V>,
        snap: &'t Snapshot,
        key: &Self::Owned,
    ) -> Result<Entries<'t, Snapshot, Self, V>>;
}

impl Probe for u32 {
    fn arg(key: &u32) -> u32 {
        *key
    }

    fn near<'t, V: Value>(dbi: &Dbi<Self, V>, snap: &'t Snapshot, key: &u32) -> Result<Entries<'t, Snapshot, Self, V>> {
        dbi.range(snap, *key..=*key)
    }
}

impl Probe for &str {
    fn arg(key: &String) -> &str {
        key
    }

    fn near<'t, V: Value>(
        dbi: &Dbi<Self, V>,
        snap: &'t Snapshot,
        key: &String,
    ) -> Result<Entries<'t, Snapshot, Self, V>> {
        dbi.prefix(snap, key.get(..7).unwrap_or(key))
    }
}

impl Probe for &[u8] {
    fn arg(key: &Vec<u8>) -> &[u8] {
        key
    }

    fn near<'t, V: Value>(
        dbi: &Dbi<Self, V>,
        snap: &'t Snapshot,
        key: &Vec<u8>,
    ) -> Result<Entries<'t, Snapshot, Self, V>> {
        dbi.prefix(snap, key.get(..3).unwrap_or(key))
    }
}

/// A value that can be compared with another reading of it.
pub trait Known: Value {
    fn same(one: &Self::Ref<'_>, other: &Self::Ref<'_>) -> bool;
}

impl Known for &[u8] {
    fn same(one: &&[u8], other: &&[u8]) -> bool {
        one == other
    }
}

impl Known for Msgpack<Vec<u32>> {
    fn same(one: &Vec<u32>, other: &Vec<u32>) -> bool {
        one == other
    }
}

/// The number of methods, without the first scan.
pub const VERBS: usize = 14;

type Verb<D> = fn(&mut D) -> Result<()>;
type Pair<'t, K, V> = (<K as Key>::Ref<'t>, <V as Value>::Ref<'t>);

/// One database of a snapshot, and what is known of it.
pub struct Drive<'t, K: Probe, V: Known> {
    dbi: &'t Dbi<K, V>,
    snap: &'t Snapshot,
    /// Keys to look up; some exist.
    keys: &'t [K::Owned],
    /// The result of the scan, if the database is known to be intact.
    truth: Option<Vec<Pair<'t, K, V>>>,
    /// The file cannot contain more entries than this.
    most: usize,
    random: Random,
}

impl<'t, K: Probe, V: Known> Drive<'t, K, V>
where
    V::Ref<'t>: Debug,
{
    /// The methods, by name.
    const VERBS: [(&'static str, Verb<Self>); VERBS] = [
        ("iter backwards", Self::backwards),
        ("iter from both ends", Self::both_ends),
        ("for_each", Self::for_each),
        ("get", Self::get),
        ("get_many", Self::get_many),
        ("range", Self::range),
        ("prefix", Self::prefix),
        ("seek", Self::seek),
        ("rank and nth", Self::ranks),
        ("sample", Self::sample),
        ("par_scan", Self::par_scan),
        ("list", Self::list),
        ("neighbours", Self::neighbours),
        ("len and stat", Self::shape),
    ];

    /// Scans the database and calls `verbs` of its methods, selected by `random`.
    ///
    /// `whole`: the pages of this database are as they were written, except for bytes of keys and values.
    pub fn run(
        dbi: &'t Dbi<K, V>,
        snap: &'t Snapshot,
        keys: &'t [K::Owned],
        (whole, most): (bool, usize),
        (verbs, random): (usize, Random),
    ) {
        let scan: Result<Vec<_>> = dbi.iter(snap).and_then(Iterator::collect);
        if let Err(error) = &scan {
            typed(error);
        }
        let truth = scan.ok().filter(|_| whole);
        let mut drive = Self { dbi, snap, keys, truth, most, random };
        let first = drive.random.below(VERBS);
        for (name, verb) in Self::VERBS.iter().cycle().skip(first).take(verbs.min(VERBS)) {
            if let Err(error) = verb(&mut drive) {
                typed(&error);
                assert!(drive.truth.is_none(), "{name} of {}: {error:?}", dbi.name());
            }
        }
    }

    fn key(&mut self) -> &'t K::Owned {
        &self.keys[self.random.below(self.keys.len())]
    }

    /// The number of keys below `key` in the scan, and whether `key` exists.
    fn place(&self, key: &K::Owned) -> Option<(usize, bool)> {
        let truth = self.truth.as_ref()?;
        let at = truth.partition_point(|(stored, _)| K::own(stored.clone()) < *key);
        Some((at, truth.get(at).is_some_and(|(stored, _)| K::own(stored.clone()) == *key)))
    }

    /// Checks that `found` are the entries `from..to` of the scan, as far as there are any.
    fn agrees(&self, found: &[Pair<'t, K, V>], from: usize, to: usize) {
        assert!(found.len() <= self.most, "more entries than there can be: {}", found.len());
        let Some(truth) = &self.truth else { return };
        let expected = truth.get(from..to).unwrap_or_default();
        let same = |(one, other): (&Pair<'t, K, V>, &Pair<'t, K, V>)| {
            K::own(one.0.clone()) == K::own(other.0.clone()) && V::same(&one.1, &other.1)
        };
        assert_eq!(found.len(), expected.len(), "entries {from} to {to}");
        assert!(found.iter().zip(expected).all(same), "entries {from} to {to}: {found:?}");
    }

    fn all(&self) -> usize {
        self.truth.as_ref().map_or(0, Vec::len)
    }

    fn backwards(&mut self) -> Result<()> {
        let mut found: Vec<_> = self.dbi.iter(self.snap)?.rev().collect::<Result<_>>()?;
        found.reverse();
        self.agrees(&found, 0, self.all());
        Ok(())
    }

    fn both_ends(&mut self) -> Result<()> {
        let mut entries = self.dbi.iter(self.snap)?;
        let (mut front, mut back) = (Vec::new(), Vec::new());
        while let Some(entry) = if self.random.below(2) == 0 {
            entries.next().map(|entry| entry.map(|entry| front.push(entry)))
        } else {
            entries.next_back().map(|entry| entry.map(|entry| back.push(entry)))
        } {
            entry?;
        }
        front.extend(back.into_iter().rev());
        self.agrees(&front, 0, self.all());
        Ok(())
    }

    fn for_each(&mut self) -> Result<()> {
        let mut found = Vec::new();
        let flow = self.dbi.for_each(self.snap, .., |key, value| {
            found.push((key, value));
            ControlFlow::Continue(())
        })?;
        assert_eq!(flow, ControlFlow::Continue(()));
        self.agrees(&found, 0, self.all());
        self.dbi.find_map(self.snap, .., |_, _| None::<()>).map(|none| assert!(none.is_none()))
    }

    fn get(&mut self) -> Result<()> {
        for _ in 0..8 {
            let key = self.key();
            let found = self.dbi.get(self.snap, K::arg(key))?;
            let there = self.dbi.contains(self.snap, K::arg(key))?;
            assert_eq!(there, found.is_some(), "{key:?}");
            self.is_at(key, found.as_ref());
        }
        Ok(())
    }

    fn is_at(&self, key: &K::Owned, found: Option<&V::Ref<'t>>) {
        if let (Some((at, there)), Some(truth)) = (self.place(key), &self.truth) {
            let expected = if there { truth.get(at).map(|(_, value)| value) } else { None };
            match (found, expected) {
                (Some(found), Some(expected)) => assert!(V::same(found, expected), "{key:?}"),
                (found, expected) => assert_eq!(found.is_some(), expected.is_some(), "{key:?}"),
            }
        }
    }

    fn get_many(&mut self) -> Result<()> {
        let keys: Vec<_> = (0..40).map(|_| self.key()).collect();
        let found = self.dbi.get_many(self.snap, keys.iter().map(|key| K::arg(key)))?;
        assert_eq!(found.len(), keys.len());
        keys.iter().zip(&found).for_each(|(key, found)| self.is_at(key, found.as_ref()));
        Ok(())
    }

    fn range(&mut self) -> Result<()> {
        let (low, high) = (self.key(), self.key());
        let bounds = (Bound::Included(K::arg(low)), Bound::Excluded(K::arg(high)));
        let found: Vec<_> = self.dbi.range(self.snap, bounds)?.collect::<Result<_>>()?;
        let (from, to) = (self.place(low).map_or(0, |at| at.0), self.place(high).map_or(0, |at| at.0));
        self.agrees(&found, from.min(to), to);
        let bounds = || (Bound::Included(K::arg(low)), Bound::Excluded(K::arg(high)));
        let (count, about) = (self.dbi.count(self.snap, bounds())?, self.dbi.estimate(self.snap, bounds())?);
        if let Some(truth) = &self.truth {
            assert_eq!(count, found.len() as u64);
            assert!(about <= truth.len() as u64, "{about} of {}", truth.len());
        }
        Ok(())
    }

    fn prefix(&mut self) -> Result<()> {
        let key = self.key();
        let found: Vec<_> = K::near(self.dbi, self.snap, key)?.collect::<Result<_>>()?;
        assert!(found.len() <= self.most);
        if let Some((_, true)) = self.place(key) {
            assert!(found.iter().any(|(found, _)| K::own(found.clone()) == *key), "{key:?}");
        }
        Ok(())
    }

    fn seek(&mut self) -> Result<()> {
        let (low, high) = (self.key(), self.key());
        let mut entries = self.dbi.iter(self.snap)?;
        entries.seek(K::arg(low))?;
        entries.seek_back(K::arg(high))?;
        let found: Vec<_> = entries.collect::<Result<_>>()?;
        let from = self.place(low).map_or(0, |at| at.0);
        let to = self.place(high).map_or(0, |(at, there)| at + usize::from(there));
        self.agrees(&found, from.min(to), to);
        Ok(())
    }

    fn ranks(&mut self) -> Result<()> {
        let key = self.key();
        let rank = self.dbi.rank(self.snap, K::arg(key))?;
        if let Some((at, _)) = self.place(key) {
            assert_eq!(rank, at as u64, "{key:?}");
        }
        for n in [0, 7, 200, rank, u64::MAX] {
            let found = self.dbi.nth(self.snap, n)?;
            let at = usize::try_from(n).unwrap_or(usize::MAX).min(self.all());
            let found: Vec<_> = found.into_iter().collect();
            self.agrees(&found, at, (at + 1).min(self.all()));
        }
        Ok(())
    }

    fn sample(&mut self) -> Result<()> {
        let found = self.dbi.sample(self.snap, 5, self.random.below(1000) as u64)?;
        assert!(found.len() <= 5);
        if self.truth.is_some() {
            assert_eq!(found.len(), self.all().min(5));
        }
        Ok(())
    }

    fn par_scan(&mut self) -> Result<()> {
        let parts = 2 + self.random.below(6);
        let mut found = Vec::new();
        for part in self.dbi.par_scan(self.snap, .., parts)? {
            for entry in part {
                found.push(entry?);
                assert!(found.len() <= self.most * parts, "a scan without end");
            }
        }
        if self.truth.is_some() {
            self.agrees(&found, 0, self.all());
        }
        Ok(())
    }

    fn list(&mut self) -> Result<()> {
        let reverse = self.random.below(2) == 0;
        let mut options = ListOptions::default().limit(60).reverse(reverse);
        let mut found = Vec::new();
        loop {
            let page = self.dbi.list(self.snap, options.clone())?;
            found.extend(page.items);
            assert!(found.len() <= self.most, "a listing without end");
            if !page.has_more {
                break;
            }
            options = options.after(page.cursor);
        }
        if reverse {
            found.reverse();
        }
        self.agrees(&found, 0, self.all());
        Ok(())
    }

    fn neighbours(&mut self) -> Result<()> {
        let (dbi, snap, key) = (self.dbi, self.snap, self.key());
        let (at, there) = self.place(key).unwrap_or_default();
        let behind = at + usize::from(there);
        let all = self.all();
        let ends = [(dbi.first(snap)?, Some(0)), (dbi.last(snap)?, all.checked_sub(1))];
        let around = [
            (dbi.floor(snap, K::arg(key))?, behind.checked_sub(1)),
            (dbi.ceiling(snap, K::arg(key))?, Some(at)),
            (dbi.lower(snap, K::arg(key))?, at.checked_sub(1)),
            (dbi.higher(snap, K::arg(key))?, Some(behind)),
        ];
        for (found, place) in ends.into_iter().chain(around) {
            let from = place.unwrap_or(all).min(all);
            let found: Vec<_> = found.into_iter().collect();
            self.agrees(&found, from, (from + 1).min(all));
        }
        Ok(())
    }

    fn shape(&mut self) -> Result<()> {
        let (len, empty) = (self.dbi.len(self.snap)?, self.dbi.is_empty(self.snap)?);
        let stat = self.dbi.stat(self.snap)?;
        if self.truth.is_some() {
            assert_eq!((len, empty, stat.entries), (self.all() as u64, self.all() == 0, self.all() as u64));
        }
        Ok(())
    }
}
