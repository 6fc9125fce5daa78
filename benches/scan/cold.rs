//! A large file that is not in memory: a whole scan, and ten thousand look-ups, each page of which is read from disk.
//!
//! Before each run the file is dropped from the page cache and opened again. The time starts with the snapshot.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use heed::{EnvFlags, RoTxn};
use mapleaf::{Durability, Env, Snapshot};

use crate::support::{
    Case, Kept, Lane, Numbers, Order, Outcome, Race, Role, Suite, Target, Tree, decoded, entry, evict, heed_tree,
    number, open_heed, pick, short, touch,
};

/// Rounds: each reads the file from the disk three times.
const ROUNDS: u64 = 5;
/// The percentage of the file that may stay in memory.
const LEFT: u64 = 1;

pub(crate) fn cold(suite: &mut Suite) -> Outcome {
    let (rows, name) = (suite.plan.large, short(suite.plan.large));
    let keys: Vec<u64> = (0..u64::from(suite.plan.work(10_000, 100))).map(|n| number(pick(n, rows))).collect();
    let scan = Case::new(format!("cold, for_each, {name} grown"), u32::try_from(rows)?);
    let scan = scan.must(Target::RatioAndBeside(1.5));
    let gets = Case::new(format!("cold, get_many of {}, {name} grown", keys.len()), u32::try_from(keys.len())?);
    let gets = gets.must(Target::RatioAndBeside(3.0));
    if !suite.runs_any(&[scan.clone(), gets.clone()]) {
        return Ok(());
    }
    let files = Kept::find(&suite.plan, Order::Random)?;
    let (ours, theirs) = (&files.ours, &files.theirs);
    for side in [ours, theirs] {
        if let Err(error) = drop_from_memory(side) {
            suite.note(format!("cold: skipped: {error}"));
            return Ok(());
        }
    }
    suite.note("cold: dropped from the page cache by posix_fadvise before each turn".into());
    let heed_scan = |txn: &RoTxn<'_>, tree: Tree| {
        tree.iter(txn)?.try_fold(0, |sum, next| {
            let (key, value) = next?;
            Ok(entry(sum, decoded(key), value))
        })
    };
    run(suite, &scan, (ours, theirs), &heed_scan, &|snap, numbers| {
        let mut sum = 0;
        let _ = numbers.for_each(snap, .., |key, value| {
            sum = entry(sum, key, value);
            ControlFlow::Continue(())
        })?;
        Ok(sum)
    })?;
    let heed_gets = |txn: &RoTxn<'_>, tree: Tree| {
        keys.iter().try_fold(0, |sum: u64, key| {
            let value = tree.get(txn, &key.to_be_bytes())?;
            Ok(sum.wrapping_add(touch(value.ok_or("heed did not find a key")?)))
        })
    };
    run(suite, &gets, (ours, theirs), &heed_gets, &|snap, numbers| {
        numbers
            .get_many(snap, &keys)?
            .into_iter()
            .try_fold(0, |sum: u64, value| Ok(sum.wrapping_add(touch(value.ok_or("mapleaf did not find a key")?))))
    })?;
    // Pages that read-ahead left in the page cache must not help the next run.
    drop_from_memory(ours)?;
    drop_from_memory(theirs)
}

/// Drops the data file of the environment in `path`, which nobody has open, from the page cache.
fn drop_from_memory(path: &Path) -> Outcome {
    let stayed = evict(&path.join("data.mdb"))?;
    if stayed > LEFT {
        return Err(format!("{stayed} % of {} stays in memory", path.display()).into());
    }
    Ok(())
}

/// Races the two, and heed with read-ahead, its default, which helps whole scans and nothing else.
fn run(
    suite: &mut Suite,
    case: &Case,
    (ours, theirs): (&Path, &Path),
    heed: &dyn Fn(&RoTxn<'_>, Tree) -> Outcome<u64>,
    mapleaf: &dyn Fn(&Snapshot, &Numbers) -> Outcome<u64>,
) -> Outcome {
    if !suite.runs(case) {
        return Ok(());
    }
    let mut lanes = vec![
        Lane::timing(Role::Heed, || in_heed(theirs, EnvFlags::NO_READ_AHEAD, heed)),
        Lane::timing(Role::Mapleaf, || in_mapleaf(ours, mapleaf)),
        Lane::timing(Role::Beside("heed with read-ahead"), || in_heed(theirs, EnvFlags::empty(), heed)),
    ];
    let race = Race::run(suite.plan.rounds.min(ROUNDS), 0, &mut lanes)?;
    suite.came_out(case, &race);
    Ok(())
}

fn in_heed(path: &Path, flags: EnvFlags, work: &dyn Fn(&RoTxn<'_>, Tree) -> Outcome<u64>) -> Outcome<(Duration, u64)> {
    drop_from_memory(path)?;
    let env = open_heed(path, Durability::Immediate, flags)?;
    let tree = heed_tree(&env, "numbers")?;
    let began = Instant::now();
    let txn = env.read_txn()?;
    let sum = work(&txn, tree)?;
    drop(txn);
    let took = began.elapsed();
    env.prepare_for_closing().wait();
    Ok((took, sum))
}

fn in_mapleaf(path: &Path, work: &dyn Fn(&Snapshot, &Numbers) -> Outcome<u64>) -> Outcome<(Duration, u64)> {
    drop_from_memory(path)?;
    let env = Env::options().durability(Durability::Immediate).open(path)?;
    let numbers: Numbers = env.dbi("numbers")?;
    let began = Instant::now();
    let snap = env.snapshot()?;
    let sum = work(&snap, &numbers)?;
    drop(snap);
    let took = began.elapsed();
    env.close()?;
    Ok((took, sum))
}
