//! Several processes on one store, and processes that are killed while they write to it.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use mapleaf::store::{Expect, PutOptions, Records, Token};
use mapleaf::{Durability, Env, Error, ErrorKind, Result};

use crate::common::damage::Random;
use crate::common::process;
use crate::records_support::{assert_indexed, rows_of};

type Counts = Records<&'static str, u64>;
type Numbers = Records<u32, u64>;

fn open(path: &Path) -> Result<Env> {
    Env::options().durability(Durability::Process).open(path)
}

const TURNS: u64 = 100;

/// Adds to a counter by its token, again and again, and puts and deletes a key that others do too. Returns all tokens
/// that this process was given.
fn count(env: &Env) -> Result<Vec<Token>> {
    let counts: Counts = env.records("counts")?;
    let mut tokens = Vec::new();
    while (tokens.len() as u64) < 2 * TURNS {
        let read = counts.entry("all")?;
        let (expect, next) =
            read.map_or((Expect::Absent, 1), |entry| (Expect::Token(entry.meta.token), entry.value + 1));
        match counts.put_with("all", next, PutOptions::new().expect(expect)) {
            Ok(meta) => tokens.push(meta.token),
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::AlreadyExists) => continue,
            Err(error) => return Err(error),
        }
        tokens.push(counts.put("other", next)?.token);
        counts.delete("other")?;
    }
    Ok(tokens)
}

#[test]
fn conditions_and_tokens_hold_between_processes() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        process::tell("ready");
        process::hear()?;
        for token in count(&open(Path::new(&arguments[0]))?)? {
            process::tell(&token.to_string());
        }
        return Ok(());
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = open(dir.path())?;
    let path = dir.path().to_string_lossy();
    let mut child = process::spawn("conditions_and_tokens_hold_between_processes", &[&path])?;
    child.expect("ready");
    child.say("go")?;
    let mut tokens = count(&env)?;
    while let Some(line) = child.line() {
        tokens.push(line.parse()?);
    }
    child.passes()?;
    let counts: Counts = env.records("counts")?;
    assert_eq!(counts.get("all")?, Some(2 * TURNS));
    assert_eq!(counts.meta("all")?.map(|meta| meta.version), Some(2 * TURNS));
    let different: HashSet<Token> = tokens.iter().copied().collect();
    assert_eq!((tokens.len() as u64, different.len()), (4 * TURNS, tokens.len()));
    Ok(())
}

const KEYS: u32 = 40;

/// Writes batches of records that expire, touches and sweeps them, and tells the number of each batch once it is
/// committed.
fn write(env: &Env, seed: u64) -> Result<()> {
    let numbers: Numbers = env.records("numbers")?;
    let mut random = Random(seed);
    let mut batch_number = numbers.get(u32::MAX)?.unwrap_or(0);
    loop {
        batch_number += 1;
        let mut batch = numbers.batch();
        batch.put(u32::MAX, batch_number)?;
        for _ in 0..random.below(20) {
            let key = u32::try_from(random.below(KEYS as usize)).unwrap_or(0);
            let ttl = Duration::from_millis(1 + random.below(30) as u64);
            match random.below(4) {
                0 => batch.delete(key)?,
                1 => batch.put(key, batch_number)?,
                _ => batch.put_with(key, batch_number, PutOptions::new().ttl(ttl))?,
            };
        }
        numbers.commit(batch)?;
        process::tell(&batch_number.to_string());
        numbers.touch(u32::try_from(random.below(KEYS as usize)).unwrap_or(0), Duration::from_millis(5))?;
        numbers.sweep_expired(7)?;
    }
}

/// `MAPLEAF_KILL_ROUNDS` sets the number of kills.
#[test]
fn a_killed_process_never_parts_a_record_from_its_deadline() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return write(&open(Path::new(&arguments[0]))?, arguments[1].parse().unwrap_or(1));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let rounds = std::env::var("MAPLEAF_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10);
    let mut random = Random(7);
    let mut expiring = 0;
    for round in 0..rounds {
        let path = dir.path().to_string_lossy();
        let name = "a_killed_process_never_parts_a_record_from_its_deadline";
        let mut child = process::spawn(name, &[&path, &(round + 1_u64).to_string()])?;
        let mut told = child.line().expect("it commits");
        std::thread::sleep(Duration::from_micros(random.below(40_000) as u64));
        child.kill()?;
        while let Some(line) = child.line() {
            told = line;
        }
        let env = open(dir.path())?;
        let rows = rows_of(&env, "numbers", ("u32", "u64"))?;
        assert_indexed(&rows);
        expiring += rows[1].len();
        let committed = env.records::<u32, u64>("numbers")?.require(u32::MAX)?;
        // The last batch may have been committed without a word of it.
        let told: u64 = told.parse().map_err(Error::other)?;
        assert!(committed == told || committed == told + 1, "told {told}, found {committed}");
        assert_eq!(env.verify()?.faults, []);
    }
    assert!(expiring > 0, "no record expired in any round");
    Ok(())
}
