//! Random look-ups of one key among a million: integers, text and tuples, against heed's own `get` of the same bytes.
//!
//! heed gets its keys already encoded and returns bytes, the least work possible. mapleaf encodes its typed keys
//! within the measured time. In one more case heed encodes its keys too.

#[path = "read/large.rs"]
mod large;
#[path = "read/newest_state.rs"]
mod newest_state;
#[path = "read/snapshots.rs"]
mod snapshots;
mod support;

use std::process::ExitCode;

use heed::byteorder::BigEndian;
use heed::types::U64;
use mapleaf::key::{AsKey, Key};
use mapleaf::{Dbi, Durability, Env, Snapshot};

use support::{Case, Numbers, Outcome, Sides, Suite, Tree, encoded, number, pick, text, touch, tuple, value};

type Texts = Dbi<&'static str, &'static [u8]>;
type Tuples = Dbi<(u32, &'static str), &'static [u8]>;

fn main() -> ExitCode {
    Suite::main("read", |suite| {
        read(suite)?;
        snapshots::snapshots(suite)?;
        newest_state::newest_state(suite)?;
        large::large(suite)
    })
}

fn read(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.rows;
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
    let picks: Vec<u64> = (0..suite.plan.work(100_000, 100)).map(|n| pick(u64::from(n), rows)).collect();

    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    let keys: Vec<u64> = picks.iter().map(|i| number(*i)).collect();
    let probes = Probes::new::<u64>(&keys, sides.tree("numbers")?)?;
    gets(suite, &sides, ("u64", 1.35), &probes, |snap, i| numbers.get(snap, keys[i]))?;
    typed_numbers(suite, &sides, &numbers, &keys)?;
    batches(suite, &sides, &numbers, &keys, &probes)?;

    let texts: Texts = sides.mapleaf.dbi("texts")?;
    let keys: Vec<String> = picks.iter().map(|i| text(*i)).collect();
    let probes = Probes::new::<&str>(&keys, sides.tree("texts")?)?;
    gets(suite, &sides, ("&str", 1.15), &probes, |snap, i| texts.get(snap, &keys[i]))?;

    let tuples: Tuples = sides.mapleaf.dbi("tuples")?;
    let keys: Vec<(u32, String)> = picks.iter().map(|i| tuple(*i, rows)).collect();
    let probes = Probes::new::<(u32, &str)>(&keys, sides.tree("tuples")?)?;
    gets(suite, &sides, ("(u32, &str)", 0.95), &probes, |snap, i| tuples.get(snap, (keys[i].0, &keys[i].1)))
}

/// A million rows in each of three trees, put in random order.
fn fill(env: &Env, rows: u64) -> Outcome {
    let (numbers, texts, tuples): (Numbers, Texts, Tuples) =
        (env.dbi("numbers")?, env.dbi("texts")?, env.dbi("tuples")?);
    for start in (0..rows).step_by(100_000) {
        env.transact(|txn| {
            for i in start..rows.min(start + 100_000) {
                let value = value(i);
                numbers.put(txn, number(i), &value)?;
                texts.put(txn, &text(i), &value)?;
                let (user, item) = tuple(i, rows);
                tuples.put(txn, (user, &item), &value)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The keys to look up, as heed gets them.
struct Probes {
    keys: Vec<Box<[u8]>>,
    tree: Tree,
}

impl Probes {
    fn new<K: Key>(keys: &[impl AsKey<K> + Clone], tree: Tree) -> Outcome<Self> {
        Ok(Self { keys: keys.iter().map(|key| encoded::<K>(key.clone())).collect::<Outcome<_>>()?, tree })
    }

    /// heed's look-up of one of the keys.
    fn heed(&self, txn: &heed::RoTxn<'_>, key: &[u8]) -> Outcome<u64> {
        Ok(touch(self.tree.get(txn, key)?.ok_or("heed did not find a key")?))
    }
}

/// The sum of the results of all steps.
#[inline]
fn sum<T>(steps: impl IntoIterator<Item = T>, step: impl Fn(T) -> Outcome<u64>) -> Outcome<u64> {
    steps.into_iter().try_fold(0_u64, |sum, of| Ok(sum.wrapping_add(step(of)?)))
}

/// The same look-ups with one snapshot for all, and with one snapshot each.
fn gets(
    suite: &mut Suite,
    sides: &Sides,
    (kind, target): (&str, f64),
    probes: &Probes,
    get: impl for<'t> Fn(&'t Snapshot, usize) -> mapleaf::Result<Option<&'t [u8]>>,
) -> Outcome {
    let count = u32::try_from(probes.keys.len())?;
    let found = |snap: &Snapshot, i| Ok(touch(get(snap, i)?.ok_or("mapleaf did not find a key")?));

    let held = Case::new(format!("get {kind}, one snapshot"), count).target(target);
    suite.compare(
        held,
        || {
            let txn = sides.heed.read_txn()?;
            sum(&probes.keys, |key| probes.heed(&txn, key))
        },
        || {
            let snap = sides.mapleaf.snapshot()?;
            sum(0..probes.keys.len(), |i| found(&snap, i))
        },
    )?;

    let heed_each = || {
        sum(&probes.keys, |key| {
            let txn = sides.heed.read_txn()?;
            probes.heed(&txn, key)
        })
    };
    let mapleaf_each = || sum(0..probes.keys.len(), |i| found(&sides.mapleaf.snapshot()?, i));
    // Snapshots of one state share a reader slot: while another one lives, taking one more costs a few loads.
    let shared = Case::new(format!("get {kind}, a snapshot each, shared"), count);
    suite.compare(shared, heed_each, || {
        let _held = sides.mapleaf.snapshot()?;
        mapleaf_each()
    })?;
    let alone = Case::new(format!("get {kind}, a snapshot each, alone"), count);
    suite.compare(alone, heed_each, mapleaf_each)
}

/// Both sides typed: heed encodes too.
fn typed_numbers(suite: &mut Suite, sides: &Sides, numbers: &Numbers, keys: &[u64]) -> Outcome {
    let tree = sides.tree("numbers")?.remap_key_type::<U64<BigEndian>>();
    let case = Case::new("get u64, one snapshot, heed typed too", u32::try_from(keys.len())?).target(0.95);
    suite.compare(
        case,
        || {
            let txn = sides.heed.read_txn()?;
            sum(keys, |key| Ok(touch(tree.get(&txn, key)?.ok_or("heed did not find a key")?)))
        },
        || {
            let snap = sides.mapleaf.snapshot()?;
            sum(keys, |key| Ok(touch(numbers.get(&snap, *key)?.ok_or("mapleaf did not find a key")?)))
        },
    )
}

/// A thousand keys at a time: `get_many` overlaps their cache misses, heed looks up one after another.
fn batches(suite: &mut Suite, sides: &Sides, numbers: &Numbers, keys: &[u64], probes: &Probes) -> Outcome {
    let case = Case::new("get_many u64, 1,000 at a time", u32::try_from(keys.len())?);
    suite.compare(
        case,
        || {
            let txn = sides.heed.read_txn()?;
            sum(&probes.keys, |key| probes.heed(&txn, key))
        },
        || {
            let snap = sides.mapleaf.snapshot()?;
            sum(keys.chunks(1_000), |keys| {
                sum(numbers.get_many(&snap, keys)?, |value| Ok(touch(value.ok_or("mapleaf did not find a key")?)))
            })
        },
    )
}
