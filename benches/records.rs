//! Records against plain DBIs and heed: look-ups of one key among a million, and puts in transactions of a thousand.
//!
//! heed and the plain DBI hold the values alone, so the difference is what a record costs: its header, the look-up of
//! the record that a put replaces, and its time.

mod support;

use std::hint::black_box;
use std::process::ExitCode;

use mapleaf::store::{PutOptions, Records};
use mapleaf::{Dbi, Durability, Env};

use support::{Case, Lane, Outcome, Role, Sides, Suite, Target, Tree, number, pick, text, touch, tuple, value};

type Texts = Dbi<&'static str, &'static [u8]>;
type Tuples = Dbi<(u32, &'static str), &'static [u8]>;
type TextRecords = Records<&'static str, &'static [u8]>;
type TupleRecords = Records<(u32, &'static str), &'static [u8]>;

fn main() -> ExitCode {
    Suite::main("records", |suite| {
        gets(suite)?;
        puts(suite)
    })
}

/// The same rows in DBIs and in stores, put in random order.
fn fill(env: &Env, rows: u64) -> Outcome {
    let (texts, tuples): (Texts, Tuples) = (env.dbi("texts")?, env.dbi("tuples")?);
    let (text_records, tuple_records): (TextRecords, TupleRecords) = (env.records("texts")?, env.records("tuples")?);
    for start in (0..rows).step_by(100_000) {
        let range = start..rows.min(start + 100_000);
        env.transact(|txn| {
            for i in range.clone() {
                let (user, item) = tuple(i, rows);
                texts.put(txn, &text(i), &value(i))?;
                tuples.put(txn, (user, &item), &value(i))?;
            }
            let mut records = text_records.in_txn(txn);
            for i in range.clone() {
                records.put(&text(i), &value(i))?;
            }
            let mut records = tuple_records.in_txn(txn);
            for i in range {
                let (user, item) = tuple(i, rows);
                records.put((user, &item), &value(i))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A look-up takes at most 1.3 times as long as that of a plain DBI, a put at most twice as long.
const GET: Target = Target::BesideOrMemory(1.0 / 1.3, 1.0);
const PUT: Target = Target::BesideOrMemory(0.5, 1.0);

const ABSENT: &str = "a key was not found";

fn gets(suite: &mut Suite) -> Outcome {
    let (rows, count) = (suite.plan.rows, suite.plan.work(100_000, 100));
    let one_snapshot = Case::new("get &str, one snapshot", count).must(GET);
    let by_itself = Case::new("get &str by itself, owned", count).must(GET);
    let of_tuples = Case::new("get (u32, &str), one snapshot", count).must(GET);
    if !suite.runs_any(&[one_snapshot.clone(), by_itself.clone(), of_tuples.clone()]) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
    let env = &sides.mapleaf;
    let keys: Vec<String> = (0..count).map(|n| text(pick(u64::from(n), rows))).collect();
    let (texts, records): (Texts, TextRecords) = (env.dbi("texts")?, env.records("texts")?);
    let tree = sides.tree("texts")?;
    let heed = || {
        let txn = sides.heed.read_txn()?;
        sum(&keys, |key| Ok(touch(tree.get(&txn, key.as_bytes())?.ok_or(ABSENT)?)))
    };
    let plain = || {
        let snap = env.snapshot()?;
        sum(&keys, |key| Ok(touch(texts.get(&snap, key)?.ok_or(ABSENT)?)))
    };
    let ours = || {
        let snap = env.snapshot()?;
        let state = records.at(&snap);
        sum(&keys, |key| Ok(touch(state.get(key)?.ok_or(ABSENT)?)))
    };
    suite.race_lanes(&one_snapshot, lanes(heed, plain, ours))?;

    // Another snapshot is held, as in a program that reads: taking one more costs a few loads.
    let plain = || {
        let _held = env.snapshot()?;
        sum(&keys, |key| {
            let owned = texts.get(&env.snapshot()?, key)?.ok_or(ABSENT)?.to_vec();
            Ok(touch(black_box(&owned)))
        })
    };
    let ours = || {
        let _held = env.snapshot()?;
        sum(&keys, |key| {
            let owned = records.get(key)?.ok_or(ABSENT)?;
            Ok(touch(black_box(&owned)))
        })
    };
    suite.race_lanes(&by_itself, lanes(heed, plain, ours))?;

    let keys: Vec<(u32, String)> = (0..count).map(|n| tuple(pick(u64::from(n), rows), rows)).collect();
    let (tuples, records): (Tuples, TupleRecords) = (env.dbi("tuples")?, env.records("tuples")?);
    let tree = sides.tree("tuples")?;
    let encoded: Vec<_> =
        keys.iter().map(|key| support::encoded::<(u32, &str)>(key.clone())).collect::<Outcome<_>>()?;
    let heed = || {
        let txn = sides.heed.read_txn()?;
        sum(&encoded, |key| Ok(touch(tree.get(&txn, key)?.ok_or(ABSENT)?)))
    };
    let plain = || {
        let snap = env.snapshot()?;
        sum(&keys, |key| Ok(touch(tuples.get(&snap, (key.0, &key.1))?.ok_or(ABSENT)?)))
    };
    let ours = || {
        let snap = env.snapshot()?;
        let state = records.at(&snap);
        sum(&keys, |key| Ok(touch(state.get((key.0, &key.1))?.ok_or(ABSENT)?)))
    };
    suite.race_lanes(&of_tuples, lanes(heed, plain, ours))
}

/// heed, a plain DBI and records, in turn.
fn lanes<'a>(
    heed: impl FnMut() -> Outcome<u64> + 'a,
    plain: impl FnMut() -> Outcome<u64> + 'a,
    ours: impl FnMut() -> Outcome<u64> + 'a,
) -> Vec<Lane<'a>> {
    vec![Lane::new(Role::Heed, heed), Lane::new(Role::Beside("Dbi"), plain), Lane::new(Role::Mapleaf, ours)]
}

fn sum<T>(steps: impl IntoIterator<Item = T>, step: impl Fn(T) -> Outcome<u64>) -> Outcome<u64> {
    steps.into_iter().try_fold(0_u64, |sum, of| Ok(sum.wrapping_add(step(of)?)))
}

/// Puts per transaction.
const BATCH: u64 = 1_000;

fn puts(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.rows;
    let transactions = u64::from(suite.plan.work(10, 1));
    let count = u32::try_from(transactions * BATCH)?;
    let over = Case::new("1,000 puts over rows", count).must(PUT);
    let new = Case::new("1,000 puts of new rows", count).must(PUT);
    let expiring = Case::new("1,000 puts of new rows that expire", count).must(PUT);
    for (case, is_new, expires) in [(over, false, false), (new, true, false), (expiring, true, true)] {
        if !suite.runs_any(std::slice::from_ref(&case)) {
            continue;
        }
        let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
        let env = &sides.mapleaf;
        let (texts, records): (Texts, TextRecords) = (env.dbi("texts")?, env.records("texts")?);
        let tree: Tree = sides.tree("texts")?;
        let row = |n: u64| if is_new { rows + n } else { pick(n, rows) };
        let batches = |next: &mut u64| {
            let from = *next;
            *next += transactions * BATCH;
            (from..*next).step_by(1_000).map(|start| start..start + BATCH).collect::<Vec<_>>()
        };
        let mut next = [0; 3];
        let [heed_next, plain_next, our_next] = &mut next;
        let heed = || {
            for batch in batches(heed_next) {
                let mut txn = sides.heed.write_txn()?;
                batch.map(row).try_for_each(|i| tree.put(&mut txn, text(i).as_bytes(), &value(number(i))))?;
                txn.commit()?;
            }
            Ok(*heed_next)
        };
        let plain = || {
            for batch in batches(plain_next) {
                env.transact(|txn| batch.map(row).try_for_each(|i| texts.put(txn, &text(i), &value(number(i)))))?;
            }
            Ok(*plain_next)
        };
        let ttl = PutOptions::new().ttl(std::time::Duration::from_secs(1_000));
        let ours = || {
            for batch in batches(our_next) {
                env.transact(|txn| {
                    let mut records = records.in_txn(txn);
                    batch.map(row).try_for_each(|i| {
                        let (key, value) = (text(i), value(number(i)));
                        let put = if expires {
                            records.put_with(&key, &value, ttl.clone())
                        } else {
                            records.put(&key, &value)
                        };
                        put.map(drop)
                    })
                })?;
            }
            Ok(*our_next)
        };
        suite.race_lanes(&case, lanes(heed, plain, ours))?;
        let (txn, snap) = (sides.heed.read_txn()?, env.snapshot()?);
        let lens = [tree.len(&txn)?, texts.len(&snap)?, records.at(&snap).len()?];
        if lens != [lens[0]; 3] {
            return Err(format!("not the same rows after the same puts: {lens:?}").into());
        }
    }
    Ok(())
}
