//! Copies of a whole environment, plain and compacted, against LMDB's own, both flushed to disk.
//!
//! Three files are copied: one grown by puts in random order, one loaded in key order, and one of large values. heed
//! does not flush by itself, so its copies are flushed here. A copy is removed between two rounds, outside the time
//! of either side. So this benchmark keeps its own time and does not use criterion.

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use heed::CompactionOption;
use mapleaf::{Compact, Dbi, Durability, Env};

use support::{Outcome, Plan, Sides, number, value};

/// Bytes of a large value.
const LARGE: usize = 100_000;

fn main() -> ExitCode {
    match Plan::from_env().and_then(|plan| if plan.list { Ok(()) } else { run(&plan) }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("copy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan) -> Outcome {
    println!("copy: {} rows, {} rounds in turn; files in {}", plan.rows, plan.rounds, plan.dir().display());
    println!("{:<30} {:>9} {:>9} {:>9} {:>7}  least - most", "case", "MiB", "heed", "mapleaf", "ratio");
    let rows = plan.rows;
    race(plan, "grown", |env| fill(env, (0..rows).collect()))?;
    race(plan, "loaded", |env| {
        let mut ordered: Vec<u64> = (0..rows).collect();
        ordered.sort_unstable_by_key(|i| number(*i));
        fill(env, ordered)
    })?;
    race(plan, "large values", |env| fill_large(env, rows / 700))
}

fn fill(env: &Env, rows: Vec<u64>) -> Outcome {
    let numbers: Dbi<u64, &[u8]> = env.dbi("numbers")?;
    for rows in rows.chunks(100_000) {
        env.transact(|txn| rows.iter().try_for_each(|i| numbers.put(txn, number(*i), &value(*i))))?;
    }
    Ok(())
}

fn fill_large(env: &Env, rows: u64) -> Outcome {
    let large: Dbi<u64, &[u8]> = env.dbi("large")?;
    for i in 0..rows.max(10) {
        env.transact(|txn| large.put(txn, number(i), &vec![i.to_le_bytes()[0]; LARGE]))?;
    }
    Ok(())
}

fn race(plan: &Plan, tree: &str, fill: impl FnOnce(&Env) -> Outcome) -> Outcome {
    let kinds = [(Compact::No, "plain"), (Compact::Yes, "compacted")];
    let cases: Vec<_> = kinds.into_iter().map(|(kind, name)| (kind, format!("{name}, {tree}"))).collect();
    if !cases.iter().any(|(_, case)| plan.runs(case)) {
        return Ok(());
    }
    let sides = Sides::new(plan, Durability::Process, fill)?;
    let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(plan.dir())?;
    let copy = dir.path().join("copy");
    for (compact, case) in cases.into_iter().filter(|(_, case)| plan.runs(case)).collect::<Vec<_>>() {
        let mut times = Vec::new();
        let mut size = 0;
        for round in 0..=plan.rounds {
            let (heed, theirs) = timed(&copy, || by_heed(&sides, &copy, compact))?;
            let (mapleaf, ours) = timed(&copy, || Ok(sides.mapleaf.copy_to(&copy, compact)?))?;
            // The file that heed copies is itself a copy: the same length, page by page.
            if theirs != ours {
                return Err(format!("{case}: heed's copy has {theirs} bytes, mapleaf's {ours}").into());
            }
            size = ours;
            if round > 0 {
                times.push((heed, mapleaf));
            }
        }
        print(&case, size, &times);
    }
    Ok(())
}

/// Copies with heed as a careful user would who wants the copy to survive a power failure.
fn by_heed(sides: &Sides, copy: &Path, compact: Compact) -> Outcome {
    let option = if compact == Compact::Yes { CompactionOption::Enabled } else { CompactionOption::Disabled };
    fs::create_dir(copy)?;
    sides.heed.copy_to_path(copy.join("data.mdb"), option)?.sync_all()?;
    File::open(copy)?.sync_all()?;
    Ok(())
}

/// The time of the copying, and the length of the copy, which is removed.
fn timed(copy: &Path, work: impl FnOnce() -> Outcome) -> Outcome<(Duration, u64)> {
    let began = Instant::now();
    work()?;
    let took = began.elapsed();
    let len = copy.join("data.mdb").metadata()?.len();
    fs::remove_dir_all(copy)?;
    Ok((took, len))
}

fn print(case: &str, size: u64, times: &[(Duration, Duration)]) {
    let median = |mut side: Vec<Duration>| {
        side.sort_unstable();
        side.get(side.len() / 2).copied().unwrap_or_default().as_secs_f64()
    };
    let ratios = times.iter().map(|(heed, mapleaf)| heed.as_secs_f64() / mapleaf.as_secs_f64().max(1e-9));
    let (least, most) =
        ratios.fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
    let heed = median(times.iter().map(|pair| pair.0).collect());
    let mapleaf = median(times.iter().map(|pair| pair.1).collect());
    let ratio = heed / mapleaf.max(1e-9);
    println!("{case:<30} {:>9} {heed:>7.3} s {mapleaf:>7.3} s {ratio:>6.2}x  {least:.2} - {most:.2}", size >> 20);
}
