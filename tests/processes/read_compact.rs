//! Compaction by another process is `Busy` while this one has the environment open. Afterwards this one reads the same
//! states in a smaller file, with increasing snapshot ids.

use crate::common::process;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::checked::Checked;
use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result};

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

/// The child: commits and compacts when the parent says so, and reports the outcome.
fn serve(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    let checked = Checked::open(&env)?;
    process::tell("ready");
    loop {
        match process::hear()?.as_str() {
            "commit" => {
                let bulk: Dbi<u32, &[u8]> = env.dbi("bulk")?;
                env.transact(|txn| (0..20).try_for_each(|key| bulk.put(txn, key, &vec![1; 50_000])))?;
                (0..30).try_for_each(|_| env.transact(|txn| checked.step(txn)).map(drop))?;
                env.transact(|txn| bulk.clear(txn).map(drop))?;
                process::tell("committed");
            }
            "compact" => match env.compact() {
                Ok(()) => process::tell("compacted"),
                Err(error) => process::tell(&format!("{:?}", error.kind())),
            },
            _ => return Ok(()),
        }
    }
}

#[test]
fn a_reader_keeps_others_from_compacting_and_reads_the_compacted_file_later() -> Result<()> {
    const NAME: &str = "a_reader_keeps_others_from_compacting_and_reads_the_compacted_file_later";
    if let Some(arguments) = process::arguments() {
        return serve(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    drop(options().open(dir.path())?);
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let length = || fs::metadata(dir.path().join("data.mdb")).map(|data| data.len()).map_err(Error::other);
    let mut last_id = 0;
    for round in 1..=4 {
        child.say("commit")?;
        child.expect("committed");
        // Read-only or not, with a snapshot or without: any process that has the environment open keeps the file in
        // place.
        for read_only in [false, true] {
            let env = options().read_only(read_only).open(dir.path())?;
            child.say("compact")?;
            child.expect(&format!("{:?}", ErrorKind::Busy));
            let snap = env.snapshot()?;
            child.say("compact")?;
            child.expect(&format!("{:?}", ErrorKind::Busy));
            assert_eq!(Checked::open(&env)?.check(&snap, round)?, round * 30);
            assert!(snap.id() >= last_id, "{} after {last_id}", snap.id());
            last_id = snap.id();
        }
        let before = length()?;
        child.say("compact")?;
        child.expect("compacted");
        assert!(length()? < before / 2, "{} of {before}", length()?);
        let env = options().open(dir.path())?;
        let snap = env.snapshot()?;
        assert_eq!(Checked::open(&env)?.check(&snap, round)?, round * 30, "the same state in another file");
        assert!(snap.id() >= last_id, "{} after {last_id}", snap.id());
        assert!(env.verify()?.is_clean());
        last_id = snap.id();
    }
    child.say("end")?;
    child.passes()
}

/// Commits state after state, and compacts the file after each as soon as the other process has closed it.
fn compact_each_state(path: &Path, states: u64) -> Result<()> {
    let env = options().open(path)?;
    let checked = Checked::open(&env)?;
    for _ in 0..states {
        env.transact(|txn| checked.step(txn))?;
        loop {
            match env.compact() {
                Ok(()) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}"),
            }
        }
    }
    Ok(())
}

#[test]
fn a_process_that_opens_between_compactions_reads_whole_states() -> Result<()> {
    const NAME: &str = "a_process_that_opens_between_compactions_reads_whole_states";
    const STATES: u64 = 60;
    if let Some(arguments) = process::arguments() {
        return compact_each_state(Path::new(&arguments[0]), STATES);
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    drop(Checked::open(&options().open(dir.path())?)?);
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    let (mut last, mut id, mut turn) = (0, 0, 0);
    while last < STATES {
        let ended = child.has_ended()?;
        let env = options().open(dir.path())?;
        let snap = env.snapshot()?;
        let n = Checked::open(&env)?.check(&snap, turn)?;
        assert!(n >= last && snap.id() >= id, "state {n} after {last}, id {} after {id}", snap.id());
        assert!(!ended || n == STATES, "it ended at state {n}");
        (last, id, turn) = (n, snap.id(), turn + 1);
        drop((snap, env));
        // A time in which this process does not have it open.
        thread::sleep(Duration::from_micros(200));
    }
    child.passes()?;
    assert!(options().open(dir.path())?.verify()?.is_clean());
    Ok(())
}
