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
type Numbers = Dbi<u64, &'static [u8]>;
type Tuples = Dbi<(u32, &'static str), &'static [u8]>;
type TextRecords = Records<&'static str, &'static [u8]>;
type NumberRecords = Records<u64, &'static [u8]>;
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
    let (numbers, number_records): (Numbers, NumberRecords) = (env.dbi("numbers")?, env.records("numbers")?);
    for start in (0..rows).step_by(100_000) {
        let range = start..rows.min(start + 100_000);
        env.transact(|txn| {
            for i in range.clone() {
                let (user, item) = tuple(i, rows);
                texts.put(txn, &text(i), &value(i))?;
                tuples.put(txn, (user, &item), &value(i))?;
                numbers.put(txn, number(i), &value(i))?;
            }
            let mut records = number_records.in_txn(txn);
            for i in range.clone() {
                records.put(number(i), &value(i))?;
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
    let cases = ["get &str, one snapshot", "get &str by itself, owned", "get (u32, &str), one snapshot"];
    let cases = cases.into_iter().chain(["get u64, one snapshot"]).map(|name| Case::new(name, count).must(GET));
    let cases: Vec<Case> = cases.collect();
    if !suite.runs_any(&cases) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
    text_gets(suite, &sides, &cases[..2])?;
    tuple_gets(suite, &sides, &cases[2])?;
    number_gets(suite, &sides, &cases[3])
}

/// The rows to read.
fn picks(suite: &Suite) -> Vec<u64> {
    let count = u64::from(suite.plan.work(100_000, 100));
    (0..count).map(|n| pick(n, suite.plan.rows)).collect()
}

/// In one snapshot, and each in its own, owned.
fn text_gets(suite: &mut Suite, sides: &Sides, cases: &[Case]) -> Outcome {
    let env = &sides.mapleaf;
    let keys: Vec<String> = picks(suite).into_iter().map(text).collect();
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
    suite.race_lanes(&cases[0], lanes(heed, plain, ours))?;
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
    suite.race_lanes(&cases[1], lanes(heed, plain, ours))
}

fn tuple_gets(suite: &mut Suite, sides: &Sides, case: &Case) -> Outcome {
    let (env, rows) = (&sides.mapleaf, suite.plan.rows);
    let keys: Vec<(u32, String)> = picks(suite).into_iter().map(|i| tuple(i, rows)).collect();
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
    suite.race_lanes(case, lanes(heed, plain, ours))
}

fn number_gets(suite: &mut Suite, sides: &Sides, case: &Case) -> Outcome {
    let env = &sides.mapleaf;
    let keys: Vec<u64> = picks(suite).into_iter().map(number).collect();
    let (numbers, records): (Numbers, NumberRecords) = (env.dbi("numbers")?, env.records("numbers")?);
    let tree = sides.tree("numbers")?;
    let heed = || {
        let txn = sides.heed.read_txn()?;
        sum(&keys, |key| Ok(touch(tree.get(&txn, &key.to_be_bytes())?.ok_or(ABSENT)?)))
    };
    let plain = || {
        let snap = env.snapshot()?;
        sum(&keys, |key| Ok(touch(numbers.get(&snap, *key)?.ok_or(ABSENT)?)))
    };
    let ours = || {
        let snap = env.snapshot()?;
        let state = records.at(&snap);
        sum(&keys, |key| Ok(touch(state.get(*key)?.ok_or(ABSENT)?)))
    };
    suite.race_lanes(case, lanes(heed, plain, ours))
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
    let transactions = suite.plan.work(10, 1);
    let count = transactions * u32::try_from(BATCH)?;
    let cases = [
        ("1,000 puts over rows", false, false),
        ("1,000 puts of new rows", true, false),
        ("1,000 puts of new rows that expire", true, true),
    ];
    for (name, is_new, expires) in cases {
        let case = Case::new(name, count).must(PUT);
        if suite.runs_any(std::slice::from_ref(&case)) {
            put(suite, &case, u64::from(transactions), is_new, expires)?;
        }
    }
    Ok(())
}

fn put(suite: &mut Suite, case: &Case, transactions: u64, is_new: bool, expires: bool) -> Outcome {
    let rows = suite.plan.rows;
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
    let env = &sides.mapleaf;
    let (texts, records): (Texts, TextRecords) = (env.dbi("texts")?, env.records("texts")?);
    let tree: Tree = sides.tree("texts")?;
    let row = |n: u64| if is_new { rows + n } else { pick(n, rows) };
    let batches = |next: &mut u64| {
        let from = *next;
        *next += transactions * BATCH;
        (0..transactions).map(|n| from + n * BATCH).map(|start| start..start + BATCH).collect::<Vec<_>>()
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
                    let options = if expires { ttl.clone() } else { PutOptions::new() };
                    records.put_with(&key, &value, options).map(drop)
                })
            })?;
        }
        Ok(*our_next)
    };
    suite.race_lanes(case, lanes(heed, plain, ours))?;
    let (txn, snap) = (sides.heed.read_txn()?, env.snapshot()?);
    let lens = [tree.len(&txn)?, texts.len(&snap)?, records.at(&snap).len()?];
    if lens == [lens[0]; 3] { Ok(()) } else { Err(format!("not the same rows after the same puts: {lens:?}").into()) }
}
