//! Values of 16 MiB and more are moved into the pages of a commit: they are in memory once, and everything else is as for
//! other values.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::process;
use mapleaf::{Batch, Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

type Rows = Dbi<u8, Vec<u8>>;

const MIB: usize = 1 << 20;
const LEN: usize = 64 * MIB;

/// The most memory that this process had in the file's and its own pages, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux has it");
    peak.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

fn opened(options: EnvOptions) -> Result<(Env, Rows)> {
    let env = options.temporary()?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// A child stores a value in one of some ways, and tells its parent the memory for it beside that of before.
#[test]
fn a_value_is_in_memory_once_beside_the_callers() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return measure(&arguments[0], &arguments[1]);
    }
    // The value that is put is in memory too, and the child has what `peak` shows beside it.
    for (way, most) in [("put", 2.1), ("put over", 2.1), ("batch", 2.1), ("reserved", 1.1), ("reserved, held", 1.1)] {
        for durability in ["Process", "Immediate"] {
            let mut child = process::spawn("a_value_is_in_memory_once_beside_the_callers", &[way, durability])?;
            let used: f64 = child.line().unwrap_or_default().parse().map_err(Error::other)?;
            assert!(child.wait()?.success());
            // What LMDB, the tables of pages and the first commit of an environment take.
            let most = most + 0.05;
            assert!(used > 1.0 && used < most, "{way}, {durability}: {used} times the value, and at most {most}");
        }
    }
    Ok(())
}

fn measure(way: &str, durability: &str) -> Result<()> {
    let durability = if durability == "Process" { Durability::Process } else { Durability::Immediate };
    let (env, rows) = opened(Env::options().durability(durability))?;
    if way == "put over" {
        env.transact(|txn| rows.put_reserved(txn, 1, LEN, |bytes| bytes.fill(3)))?;
        // The peak of before is that of one value: allocated and written to here, it does not count below.
    }
    env.transact(|txn| rows.put(txn, 0, &[1]))?;
    fs::write("/proc/self/clear_refs", "5").map_err(Error::other)?;
    let before = peak();
    match way {
        "put" | "put over" => {
            let value = vec![7; LEN];
            env.transact(|txn| {
                rows.put(txn, 2, &[1])?;
                rows.put(txn, 1, &value)
            })?;
        }
        "batch" => {
            let value = vec![7; LEN];
            let mut batch = Batch::new();
            batch.put(&rows, 1, &value)?;
            drop(value);
            env.apply(batch)?;
        }
        "reserved" => env.transact(|txn| rows.put_reserved(txn, 1, LEN, |bytes| bytes.fill(7)))?,
        _ => {
            let mut txn = env.begin()?;
            rows.put_reserved(&mut txn, 1, LEN, |bytes| bytes.fill(7))?;
            rows.put(&mut txn, 2, &[1])?;
            txn.commit()?;
        }
    }
    let used = peak() - before;
    let (snap, piece) = (env.snapshot()?, vec![7; MIB]);
    let stored = rows.get(&snap, 1)?.unwrap_or_default();
    assert!(stored.len() == LEN && stored.chunks(MIB).all(|part| part == piece));
    #[expect(clippy::cast_precision_loss, reason = "a ratio, for comparison with two digits")]
    process::tell(&format!("{}", used as f64 / LEN as f64));
    Ok(())
}

#[derive(Clone, Debug)]
enum Step {
    /// The length is a number of MiB, and some bytes more.
    Put(u8, usize),
    Reserved(u8, usize),
    Small(u8),
    Delete(u8),
    DeleteRange(u8, u8),
    Look,
    Savepoint(Vec<Step>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..6_u8;
    let leaf = prop_oneof![
        3 => (key.clone(), 15..18_usize).prop_map(|(key, mib)| Step::Put(key, mib)),
        3 => (key.clone(), 15..18_usize).prop_map(|(key, mib)| Step::Reserved(key, mib)),
        3 => key.clone().prop_map(Step::Small),
        2 => key.clone().prop_map(Step::Delete),
        1 => (key.clone(), key).prop_map(|(from, to)| Step::DeleteRange(from, to)),
        1 => Just(Step::Look),
    ];
    leaf.prop_recursive(1, 4, 4, |inner| {
        (vec(inner, 0..4), any::<bool>()).prop_map(|(steps, kept)| Step::Savepoint(steps, kept))
    })
}

/// A value that differs from others at its beginning, at its end and in between.
fn value(seed: u8, mib: usize) -> Vec<u8> {
    let mut value = vec![seed; mib * MIB + usize::from(seed) * 3];
    for (at, byte) in value.iter_mut().step_by(4093).enumerate() {
        *byte = at.to_le_bytes()[0] ^ seed;
    }
    value
}

type Model = BTreeMap<u8, Vec<u8>>;

fn run(steps: &[Step], rows: &Rows, txn: &mut WriteTxn, model: &mut Model) -> Result<()> {
    for (step, seed) in steps.iter().zip(1..) {
        match step {
            Step::Put(key, mib) => {
                let value = value(seed, *mib);
                rows.put(txn, *key, &value)?;
                model.insert(*key, value);
            }
            Step::Reserved(key, mib) => {
                let value = value(seed, *mib);
                rows.put_reserved(txn, *key, value.len(), |bytes| bytes.copy_from_slice(&value))?;
                model.insert(*key, value);
            }
            Step::Small(key) => {
                rows.put(txn, *key, &[seed])?;
                model.insert(*key, vec![seed]);
            }
            Step::Delete(key) => {
                rows.delete(txn, *key)?;
                model.remove(key);
            }
            Step::DeleteRange(from, to) => {
                rows.delete_range(txn, *from..*to)?;
                model.retain(|key, _| !(*from..(*to).max(*from)).contains(key));
            }
            Step::Look => assert_eq!(rows.len(txn)?, model.len() as u64),
            Step::Savepoint(steps, kept) => {
                let before = model.clone();
                let mut guard = txn.savepoint_guard();
                run(steps, rows, &mut guard, model)?;
                if *kept {
                    guard.keep();
                } else {
                    guard.undo();
                    *model = before;
                }
            }
        }
    }
    Ok(())
}

fn check_commits(transactions: &[Vec<Step>], durability: Durability) -> Result<()> {
    // The map is too small for most of them, so it grows on the way.
    let (env, rows) = opened(Env::options().durability(durability).map_size(8 * MIB))?;
    let mut model = Model::new();
    for steps in transactions {
        env.transact(|txn| {
            run(steps, &rows, txn, &mut model)?;
            // A DBI that is created beside them.
            txn.dbi::<u8, u8>("beside")?.put(txn, 1, 1)
        })?;
        let snap = env.snapshot()?;
        assert!(rows.iter(&snap)?.collect::<Result<Model>>()? == model);
    }
    assert!(env.verify()?.faults.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn commits_with_large_values_hold_what_the_model_holds(
        transactions in vec(vec(step(), 0..7), 1..4),
        process: bool,
    ) {
        check_commits(&transactions, if process { Durability::Process } else { Durability::Eventual })?;
    }
}

#[test]
fn a_map_that_cannot_grow_is_full_and_nothing_is_committed() -> Result<()> {
    for durability in [Durability::Process, Durability::Immediate] {
        let (env, rows) = opened(Env::options().durability(durability).map_size(8 * MIB).max_map_size(42 * MIB))?;
        env.transact(|txn| rows.put(txn, 1, &[1]))?;
        let kept = value(1, 20);
        // The last one fits, but not with what is reserved for a commit that moves it.
        for (mib, fits) in [(64, false), (20, true), (64, false), (20, true)] {
            let before = env.snapshot()?.id();
            let stored = env.transact(|txn| {
                rows.put(txn, 2, &[u8::try_from(mib).expect("small")])?;
                rows.put(txn, 3, &value(1, mib))
            });
            assert_eq!(stored.map_err(|error| error.kind()), if fits { Ok(()) } else { Err(ErrorKind::MapFull) });
            assert_eq!(env.snapshot()?.id(), before + u64::from(fits));
        }
        let snap = env.snapshot()?;
        assert_eq!((rows.get(&snap, 1)?, rows.get(&snap, 2)?), (Some(vec![1]), Some(vec![20])));
        assert!(rows.get(&snap, 3)? == Some(kept));
        drop(snap);
        env.transact(|txn| rows.put(txn, 4, &[4]))?;
        assert!(env.verify()?.faults.is_empty());
    }
    Ok(())
}

/// Commits that move a value and commits that are shared come one after the other.
#[test]
fn other_threads_commit_beside_large_values() -> Result<()> {
    let (env, rows) = opened(Env::options().durability(Durability::Immediate))?;
    let counts: Dbi<u8, u64> = env.dbi("counts")?;
    let done = AtomicBool::new(false);
    let small = thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut commits = 0;
                    while !done.load(Ordering::Relaxed) {
                        env.transact(|txn| counts.update(txn, 1, |old| Some(old.unwrap_or(0) + 1)))?;
                        commits += 1;
                    }
                    Ok::<u64, Error>(commits)
                })
            })
            .collect();
        for round in 0..6 {
            let stored = env.transact(|txn| {
                rows.put(txn, round, &value(round, 17))?;
                counts.update(txn, 1, |old| Some(old.unwrap_or(0) + 1))
            });
            if stored.is_err() {
                done.store(true, Ordering::Relaxed);
            }
            stored?;
        }
        done.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<Result<u64>>()
    })?;
    let snap = env.snapshot()?;
    assert_eq!(counts.get(&snap, 1)?, Some(small + 6));
    for round in 0..6 {
        assert!(rows.get(&snap, round)? == Some(value(round, 17)), "round {round}");
    }
    Ok(())
}
