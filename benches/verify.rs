//! Verifying a file that is in the system's cache, compared with reading it: the least that verification by reads can
//! cost.
//!
//! Three files are verified: a tree grown by puts in random order, one loaded in key order, and one of large values,
//! whose insides have nothing to verify and are not read.

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Durability, Env, Verify, VerifyReport};

use support::{Order, Outcome, Plan, machine, number, value};

type Rows = Dbi<u64, &'static [u8]>;

fn main() -> ExitCode {
    let run = || {
        let plan = Plan::from_env()?;
        if plan.list {
            return Ok(());
        }
        println!("\nverify: {} rows, median of {} rounds in turn; {}", plan.large, plan.rounds, machine());
        println!(
            "{:<8} {:>8} {:>8}  {:>9} {:>9} {:>9} {:>9}",
            "file", "size", "trees", "read", "verify", "fast", "open"
        );
        for kind in ["grown", "loaded", "large"] {
            if plan.runs(&format!("verify/{kind}")) {
                measure(&plan, kind)?;
            }
        }
        Outcome::Ok(())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("verify: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fills a file and prints its line: bytes of the file, bytes of branch and leaf pages, and the times to read the
/// file from start to end, to verify it fully, and to open it with a fast check and with none.
fn measure(plan: &Plan, kind: &str) -> Outcome {
    let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(plan.dir())?;
    fill(dir.path(), kind, plan.large)?;
    let data = dir.path().join("data.mdb");
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut report = VerifyReport::default();
    // The first round only warms up.
    for round in 0..=plan.rounds {
        let open = |verify| Ok(Env::options().verify(verify).open(dir.path())?);
        let took = [
            timed(|| read(&data))?.0,
            {
                let env: Env = open(Verify::Meta)?;
                let (took, found) = timed(|| Ok(env.verify()?))?;
                report = found;
                took
            },
            closed(timed(|| open(Verify::Fast))?),
            closed(timed(|| open(Verify::Meta))?),
        ];
        for (times, took) in times.iter_mut().zip(took).filter(|_| round > 0) {
            times.push(took);
        }
    }
    if !report.is_clean() || report.entries.iter().all(|(_, entries)| *entries < plan.large / 100) {
        return Err(format!("{kind}: not what was written: {report:?}").into());
    }
    let megabytes = |bytes: u64| format!("{} MB", bytes / 1_000_000);
    let trees = (report.pages.branch + report.pages.leaf) * 4096;
    let [read, verify, fast, open] = times.map(|times| format!("{:.2} ms", median(times).as_secs_f64() * 1e3));
    let size = fs::metadata(&data)?.len();
    println!("{kind:<8} {:>8} {:>8}  {read:>9} {verify:>9} {fast:>9} {open:>9}", megabytes(size), megabytes(trees));
    Ok(())
}

fn fill(dir: &Path, kind: &str, rows: u64) -> Outcome {
    let env = Env::options().durability(Durability::Process).open(dir)?;
    let dbi: Rows = env.dbi("rows")?;
    let order = if kind == "loaded" { Order::Ascending } else { Order::Random };
    // A hundredth of the rows, each about two hundred times as large.
    let (rows, large) = if kind == "large" { (rows / 100, vec![7; 40_000]) } else { (rows, Vec::new()) };
    for first in (0..rows).step_by(100_000) {
        env.transact(|txn| {
            for i in first..rows.min(first + 100_000) {
                let key = if order == Order::Ascending { i } else { number(i) };
                let len = usize::try_from(3_000 + number(i) % 36_000).unwrap_or(3_000);
                let row = value(i);
                dbi.put(txn, key, large.get(..len).unwrap_or(&row))?;
            }
            Ok(())
        })?;
    }
    env.sync()?;
    Ok(())
}

/// Reads the file from start to end, as `cat` does.
fn read(path: &Path) -> Outcome<u64> {
    let (file, mut bytes, mut at) = (File::open(path)?, vec![0; 64 << 10], 0);
    loop {
        match file.read_at(&mut bytes, at)? {
            0 => return Ok(at),
            count => at += count as u64,
        }
    }
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let began = Instant::now();
    let made = work()?;
    Ok((began.elapsed(), made))
}

/// The time alone; closing the environment is not timed.
fn closed((took, _): (Duration, Env)) -> Duration {
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
