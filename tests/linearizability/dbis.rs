//! One process drops a database and recreates it, alternately with two types, while threads of a second process read
//! and write through handles opened at various times. They find the data of their own database, or `NotFound`.

use crate::common::process;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Batch, Dbi, Durability, Env, Error, ErrorKind, Result, Snapshot};

/// With `Immediate`, old handles also meet transactions that are based on uncommitted ones.
const DURABILITIES: [Durability; 2] = [Durability::Process, Durability::Immediate];
const LIVES: u64 = 60;
const THREADS: u32 = 4;
/// The number of times, a millisecond apart, that it looks for a row of the other process.
const PATIENCE: u32 = 500;
/// A part of every number, with which no text begins.
const MAGIC: u64 = 0xFEED_FACE_0000_0000;

type Numbers = Dbi<u32, u64>;
type Texts = Dbi<u32, &'static str>;

fn open(path: &Path, durability: Durability) -> Result<Env> {
    Env::options().durability(durability).map_size(1 << 20).max_readers(64).open(path)
}

fn is_numbers(life: u64) -> bool {
    !life.is_multiple_of(3)
}

/// The generation of the database that all rows belong to; `None` if there are no rows.
fn life_of_numbers(dbi: &Numbers, snap: &Snapshot) -> Result<Option<u64>> {
    let mut life = None;
    for entry in dbi.iter(snap)? {
        let (key, value) = entry?;
        assert_eq!(value & MAGIC, MAGIC, "row {key} is no number of ours");
        assert!(life.is_none_or(|life| life == value), "rows of two lives: {life:x?}, {value:x}");
        life = Some(value);
    }
    Ok(life.map(|value| value & !MAGIC))
}

fn life_of_texts(dbi: &Texts, snap: &Snapshot) -> Result<Option<u64>> {
    let mut life: Option<&str> = None;
    for entry in dbi.iter(snap)? {
        let (key, value) = entry?;
        assert!(value.starts_with("life "), "row {key} is no text of ours: {value:?}");
        assert!(life.is_none_or(|life| life == value), "rows of two lives: {life:?}, {value:?}");
        life = Some(value);
    }
    Ok(life.and_then(|value| value.strip_prefix("life ")?.parse().ok()))
}

/// The errors that a call through an old handle may return; any other fails the test.
fn gone<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::SchemaMismatch) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads whatever there is, and writes a row of the generation that it found.
fn use_numbers(env: &Env, dbi: &Numbers, key: u32) -> Result<bool> {
    let snap = env.snapshot()?;
    let seen = gone(life_of_numbers(dbi, &snap))?;
    let wrote = gone(env.transact(|txn| {
        let Some(life) = dbi.get(txn, 0)? else { return Ok(()) };
        dbi.put(txn, key, life)
    }))?;
    // Writes without a read, which would notice that the database is a different one.
    if let Some(Some(life)) = seen {
        gone(env.transact(|txn| dbi.put(txn, key, MAGIC | life)))?;
        let mut batch = Batch::new();
        batch.put(dbi, key, MAGIC | life)?;
        gone(env.submit(batch)?.wait())?;
    }
    Ok(seen.is_some() && wrote.is_some())
}

fn use_texts(env: &Env, dbi: &Texts, key: u32) -> Result<bool> {
    let snap = env.snapshot()?;
    let seen = gone(life_of_texts(dbi, &snap))?;
    let wrote = gone(env.transact(|txn| {
        let Some(life) = dbi.get(txn, 0)?.map(str::to_owned) else { return Ok(()) };
        dbi.put(txn, key, &life)
    }))?;
    if let Some(Some(life)) = seen {
        gone(env.transact(|txn| dbi.put(txn, key, &format!("life {life}"))))?;
    }
    Ok(seen.is_some() && wrote.is_some())
}

/// A thread of the second process: uses handles of several generations in turn. Returns how often one was current.
fn use_handles(env: &Env, thread: u32, stop: impl Fn() -> bool) -> Result<u64> {
    let (mut numbers, mut texts): (Vec<Numbers>, Vec<Texts>) = (Vec::new(), Vec::new());
    let mut used = 0;
    for turn in 0.. {
        if stop() {
            break;
        }
        numbers.extend(gone(env.dbi_options().create(false).open("d"))?);
        texts.extend(gone(env.dbi_options().create(false).open("d"))?);
        let key = 1 + thread * 50 + turn % 50;
        for dbi in numbers.iter().rev().take(3) {
            used += u64::from(use_numbers(env, dbi, key)?);
        }
        for dbi in texts.iter().rev().take(3) {
            used += u64::from(use_texts(env, dbi, key)?);
        }
        numbers.drain(..numbers.len().saturating_sub(5));
        texts.drain(..texts.len().saturating_sub(5));
    }
    Ok(used)
}

fn second_process(path: &Path, durability: Durability) -> Result<()> {
    let env = open(path, durability)?;
    process::tell("ready");
    let stop = thread::spawn(process::hear);
    let used = thread::scope(|scope| {
        let run = |thread| {
            let (env, stop) = (&env, &stop);
            scope.spawn(move || use_handles(env, thread, || stop.is_finished()))
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<u64>>| {
            thread.join().map_err(|_| Error::other("a panic")).and_then(|outcome| outcome)
        };
        threads.into_iter().map(join).sum::<Result<u64>>()
    })?;
    process::tell(&used.to_string());
    Ok(())
}

/// One generation of the database, from creation to drop. Returns how many rows the other process added.
fn live(env: &Env, life: u64) -> Result<u64> {
    let rows = if is_numbers(life) {
        let dbi: Numbers = env.dbi("d")?;
        assert_eq!(dbi.len(&env.snapshot()?)?, 0, "life {life} begins with what another left");
        env.transact(|txn| dbi.put(txn, 0, MAGIC | life))?;
        meet(life, || dbi.len(&env.snapshot()?))?;
        let snap = env.snapshot()?;
        assert_eq!(life_of_numbers(&dbi, &snap)?, Some(life));
        dbi.len(&snap)?
    } else {
        let dbi: Texts = env.dbi("d")?;
        assert_eq!(dbi.len(&env.snapshot()?)?, 0, "life {life} begins with what another left");
        env.transact(|txn| dbi.put(txn, 0, &format!("life {life}")))?;
        meet(life, || dbi.len(&env.snapshot()?))?;
        let snap = env.snapshot()?;
        assert_eq!(life_of_texts(&dbi, &snap)?, Some(life));
        dbi.len(&snap)?
    };
    env.drop_dbi("d")?;
    for _ in 0..5 {
        assert!(env.dbis()?.is_empty(), "life {life} is over, and somebody raised it from the dead");
        thread::yield_now();
    }
    Ok(rows - 1)
}

/// Waits in most generations until the other process has added a row; in some, the drop comes at once.
fn meet(life: u64, len: impl Fn() -> Result<u64>) -> Result<()> {
    for _ in 0..PATIENCE {
        if life.is_multiple_of(4) || len()? > 1 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[test]
fn handles_of_a_recreated_database_find_their_own_data_or_not_found() -> Result<()> {
    let name = "handles_of_a_recreated_database_find_their_own_data_or_not_found";
    if let Some(arguments) = process::arguments() {
        let which: usize = arguments[1].parse().map_err(Error::other)?;
        return second_process(Path::new(&arguments[0]), DURABILITIES[which]);
    }
    for (which, durability) in ["0", "1"].into_iter().zip(DURABILITIES) {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let env = open(dir.path(), durability)?;
        let mut child = process::spawn(name, &[&dir.path().to_string_lossy(), which])?;
        child.expect("ready");
        let mut added = 0;
        for life in 1..=LIVES {
            added += live(&env, life)?;
        }
        child.say("stop")?;
        let used: u64 = child.line().and_then(|line| line.parse().ok()).unwrap_or(0);
        child.passes()?;
        println!("{durability:?}: {used} uses of a present life, {added} rows added");
        assert!(used >= LIVES / 2 && added >= LIVES / 2, "the two meet: {used}, {added}");
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}
