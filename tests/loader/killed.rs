//! A process that is killed during a load leaves whole chunks in key order, or nothing with one transaction; and a file
//! that verifies, and no temporary file.

use crate::common::process;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::damage::Random;
use crate::common::errors::directory;
use mapleaf::{Dbi, Env, Error, LoadPhase, Result};

const ROWS: u64 = 30_000;
/// Rows of 16 bytes, which count twice that.
const CHUNK: u64 = 2_000;

fn load(path: &Path, atomic: bool) -> Result<()> {
    let env = Env::open(path)?;
    let numbers: Dbi<u64, u64> = env.dbi("numbers")?;
    let loader = env.loader().memory(64 << 10);
    let loader = if atomic { loader.atomic() } else { loader.chunk(usize::try_from(CHUNK * 32).unwrap_or(0)) };
    let mut storing = false;
    let mut loader = loader.on_progress(move |now| {
        if now.phase == LoadPhase::Storing && !storing {
            storing = true;
            process::tell("storing");
        }
        if now.stored > 0 {
            process::tell(&now.stored.to_string());
        }
        ControlFlow::Continue(())
    });
    process::tell("taking");
    loader.load(&numbers, (0..ROWS).rev().map(|n| (n, n)))?;
    loader.finish().map(drop)
}

fn rounds(name: &str, count: usize, atomic: bool) -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return load(Path::new(&arguments[0]), atomic);
    }
    let mut random = Random(7);
    let mut partly = 0;
    for round in 0..count {
        let dir = directory()?;
        let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
        child.expect("taking");
        if round % 4 > 0 {
            child.expect("storing");
        }
        thread::sleep(Duration::from_micros(random.below(if atomic { 40_000 } else { 15_000 }) as u64));
        child.kill()?;
        let mut told = 0;
        while let Some(line) = child.line() {
            told = told.max(line.parse().unwrap_or(0));
        }
        let there = check(dir.path())?;
        assert!(there >= told, "round {round}: {told} were told, {there} are there");
        assert!(
            there == ROWS || if atomic { there == 0 } else { there.is_multiple_of(CHUNK) },
            "round {round}: {there}"
        );
        partly += usize::from(there > 0 && there < ROWS);
    }
    assert!(atomic || partly > 0, "no kill came in the middle");
    Ok(())
}

/// Checks that the rows present are those with the least keys, and returns their number.
fn check(path: &Path) -> Result<u64> {
    let env = Env::open(path)?;
    let numbers: Dbi<u64, u64> = env.dbi("numbers")?;
    let snap = env.snapshot()?;
    let there: Vec<(u64, u64)> = numbers.iter(&snap)?.collect::<Result<_>>()?;
    assert!(there.iter().copied().eq((0..there.len() as u64).map(|n| (n, n))));
    let report = env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Error::other)? {
        names.push(entry.map_err(Error::other)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["data.mdb", "lock.mdb", "mapleaf.lock"]);
    // A repeated load completes the rows.
    let mut loader = env.loader();
    loader.load(&numbers, (0..ROWS).map(|n| (n, n)))?;
    loader.finish()?;
    assert_eq!(numbers.len(&env.snapshot()?)?, ROWS);
    Ok(there.len() as u64)
}

#[test]
fn a_killed_load_leaves_whole_chunks() -> Result<()> {
    rounds("a_killed_load_leaves_whole_chunks", 16, false)
}

#[test]
fn a_killed_atomic_load_leaves_all_or_nothing() -> Result<()> {
    rounds("a_killed_atomic_load_leaves_all_or_nothing", 12, true)
}
