//! Each read verb once for each kind of key: integers, random bytes, text with shared beginnings, a tuple with text.
//! Values have 150 bytes; positions are random. heed gets encoded keys and decodes nothing.

use std::ops::{Bound, RangeFrom, RangeToInclusive};

use mapleaf::key::Key;
use mapleaf::scan::{Entries, KeyRange};
use mapleaf::{Dbi, Durability, Snapshot};

use crate::support::{
    Case, Hierarchical, Integer, KeyKind, Outcome, Pair, Random, Sides, Suite, Text, Tree, encoded, number, pick, touch,
};

type Rows<R> = Dbi<<R as KeyKind>::Key, &'static [u8]>;
type Scan<'t, R> = Entries<'t, Snapshot, <R as KeyKind>::Key, &'static [u8]>;

/// A kind of key to read.
trait Kind: KeyKind {
    /// The length in bytes of the prefix that finds a key's neighbours; 0 for keys without prefixes.
    const PREFIX: usize = 0;

    /// The entries whose keys share this one's prefix.
    fn alike<'t>(&self, _dbi: &Rows<Self>, _snap: &'t Snapshot) -> Outcome<Scan<'t, Self>> {
        Err("keys of this kind have no prefixes".into())
    }
}

impl Kind for Integer {}

impl Kind for Random {
    const PREFIX: usize = 2;

    fn alike<'t>(&self, dbi: &Rows<Self>, snap: &'t Snapshot) -> Outcome<Scan<'t, Self>> {
        Ok(dbi.prefix(snap, &self.0[..Self::PREFIX])?)
    }
}

impl Kind for Text {
    const PREFIX: usize = 18;

    fn alike<'t>(&self, dbi: &Rows<Self>, snap: &'t Snapshot) -> Outcome<Scan<'t, Self>> {
        Ok(dbi.prefix(snap, &self.0[..Self::PREFIX])?)
    }
}

impl Kind for Pair {
    const PREFIX: usize = 8;

    fn alike<'t>(&self, dbi: &Rows<Self>, snap: &'t Snapshot) -> Outcome<Scan<'t, Self>> {
        Ok(dbi.prefix(snap, (self.0,))?)
    }
}

impl Kind for Hierarchical {
    const PREFIX: usize = 13;

    fn alike<'t>(&self, dbi: &Rows<Self>, snap: &'t Snapshot) -> Outcome<Scan<'t, Self>> {
        Ok(dbi.prefix(snap, &self.0.segments()[..1].into())?)
    }
}

pub(crate) fn kinds(suite: &mut Suite) -> Outcome {
    kind::<Integer>(suite)?;
    kind::<Random>(suite)?;
    kind::<Text>(suite)?;
    kind::<Pair>(suite)?;
    kind::<Hierarchical>(suite)
}

fn kind<R: Kind>(suite: &mut Suite) -> Outcome
where
    for<'k> RangeFrom<<R::Key as Key>::Arg<'k>>: KeyRange<R::Key>,
    for<'k> RangeToInclusive<<R::Key as Key>::Arg<'k>>: KeyRange<R::Key>,
{
    let rows = suite.plan.rows;
    if !suite.plan.runs_named(R::NAME, &[Integer::NAME, Random::NAME, Text::NAME, Pair::NAME, Hierarchical::NAME]) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| {
        let dbi: Rows<R> = env.dbi("rows")?;
        for start in (0..rows).step_by(100_000) {
            env.transact(|txn| {
                for i in start..rows.min(start + 100_000) {
                    let mut value = [0; 150];
                    value[..8].copy_from_slice(&number(i).to_le_bytes());
                    dbi.put(txn, R::of(i, rows).key(), &value)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    let picks: Vec<R> = (0..suite.plan.work(20_000, 100)).map(|n| R::of(pick(u64::from(n), rows), rows)).collect();
    let keys = picks.iter().map(|row| encoded::<R::Key>(row.key())).collect::<Outcome<Vec<_>>>()?;
    let at = At { dbi: sides.mapleaf.dbi("rows")?, tree: sides.tree("rows")?, picks, keys };
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    at.points(suite, &txn, &snap)?;
    at.ranges(suite, &txn, &snap)?;
    if R::PREFIX > 0 {
        at.prefixes(suite, &txn, &snap)?;
    }
    at.whole(suite, &txn, &snap)
}

/// The positions to read, on both sides.
struct At<R: Kind> {
    dbi: Rows<R>,
    tree: Tree,
    picks: Vec<R>,
    keys: Vec<Box<[u8]>>,
}

impl<R: Kind> At<R> {
    /// Runs a verb at each position and adds up the results.
    fn verb(
        &self,
        suite: &mut Suite,
        name: &str,
        heed: impl Fn(&[u8]) -> Outcome<u64>,
        mapleaf: impl Fn(&R) -> Outcome<u64>,
    ) -> Outcome {
        let case = Case::new(format!("{name}, {}", R::NAME), u32::try_from(self.keys.len())?);
        suite.compare(
            case,
            || self.keys.iter().try_fold(0_u64, |sum, key| Ok(sum.wrapping_add(heed(key)?))),
            || self.picks.iter().try_fold(0_u64, |sum, row| Ok(sum.wrapping_add(mapleaf(row)?))),
        )
    }

    fn points(&self, suite: &mut Suite, txn: &heed::RoTxn<'_>, snap: &Snapshot) -> Outcome {
        const ABSENT: &str = "a key was not found";
        let (dbi, tree) = (&self.dbi, self.tree);
        let heed_get = |key: &[u8]| Ok(touch(tree.get(txn, key)?.ok_or(ABSENT)?));
        self.verb(suite, "get", heed_get, |row| Ok(touch(dbi.get(snap, row.key())?.ok_or(ABSENT)?)))?;
        let case = Case::new(format!("get_many of 1,000, {}", R::NAME), u32::try_from(self.keys.len())?);
        suite.compare(
            case,
            || self.keys.iter().try_fold(0_u64, |sum, key| Ok(sum.wrapping_add(heed_get(key)?))),
            || {
                self.picks.chunks(1_000).try_fold(0_u64, |sum, rows| {
                    let values = dbi.get_many(snap, rows.iter().map(R::key))?;
                    values.into_iter().try_fold(sum, |sum, value| Ok(sum.wrapping_add(touch(value.ok_or(ABSENT)?))))
                })
            },
        )?;
        let heed_floor = |key: &[u8]| Ok(touch(tree.get_lower_than_or_equal_to(txn, key)?.ok_or(ABSENT)?.1));
        self.verb(suite, "floor", heed_floor, |row| Ok(touch(dbi.floor(snap, row.key())?.ok_or(ABSENT)?.1)))
    }

    fn ranges(&self, suite: &mut Suite, txn: &heed::RoTxn<'_>, snap: &Snapshot) -> Outcome
    where
        for<'k> RangeFrom<<R::Key as Key>::Arg<'k>>: KeyRange<R::Key>,
        for<'k> RangeToInclusive<<R::Key as Key>::Arg<'k>>: KeyRange<R::Key>,
    {
        for count in [1, 10, 100] {
            self.verb(
                suite,
                &format!("range of {count}"),
                |key| bytes(self.tree.range(txn, &(Bound::Included(key), Bound::Unbounded))?.take(count)),
                |row| typed(self.dbi.range(snap, row.key()..)?.take(count)),
            )?;
            self.verb(
                suite,
                &format!("range of {count} backward"),
                |key| bytes(self.tree.rev_range(txn, &(Bound::Unbounded, Bound::Included(key)))?.take(count)),
                |row| typed(self.dbi.range(snap, ..=row.key())?.rev().take(count)),
            )?;
        }
        Ok(())
    }

    fn prefixes(&self, suite: &mut Suite, txn: &heed::RoTxn<'_>, snap: &Snapshot) -> Outcome {
        for (name, count) in [("prefix exists", 1), ("first 10 of a prefix", 10)] {
            self.verb(
                suite,
                name,
                |key| bytes(self.tree.prefix_iter(txn, &key[..R::PREFIX])?.take(count)),
                |row| typed(row.alike(&self.dbi, snap)?.take(count)),
            )?;
        }
        self.verb(
            suite,
            "last of a prefix",
            |key| bytes(self.tree.rev_prefix_iter(txn, &key[..R::PREFIX])?.take(1)),
            |row| typed(row.alike(&self.dbi, snap)?.rev().take(1)),
        )
    }

    fn whole(&self, suite: &mut Suite, txn: &heed::RoTxn<'_>, snap: &Snapshot) -> Outcome {
        let case = Case::new(format!("iter, {}", R::NAME), u32::try_from(suite.plan.rows)?);
        suite.compare(case, || bytes(self.tree.iter(txn)?), || typed(self.dbi.iter(snap)?))
    }
}

/// The sum of heed's entries.
fn bytes<'t>(mut entries: impl Iterator<Item = heed::Result<(&'t [u8], &'t [u8])>>) -> Outcome<u64> {
    entries.try_fold(0_u64, |sum, entry| Ok(sum.wrapping_add(touch(entry?.1))))
}

/// The sum of mapleaf's entries, whose keys are decoded.
fn typed<'t, K>(mut entries: impl Iterator<Item = mapleaf::Result<(K, &'t [u8])>>) -> Outcome<u64> {
    entries.try_fold(0_u64, |sum, entry| {
        let (key, value) = entry?;
        std::hint::black_box(key);
        Ok(sum.wrapping_add(touch(value)))
    })
}
