//! A reader that holds an old state for long is reported, whatever handles and callbacks do, and the background sweep
//! never prevents closing.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::common::errors::directory;
use mapleaf::{Dbi, Durability, Env, EnvOptions, Result};

const LIMIT: Duration = Duration::from_millis(30);
/// Longer than the interval between two sweeps.
const PATIENCE: Duration = Duration::from_secs(10);

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

#[test]
fn a_slow_reader_is_reported_once_for_each_state() -> Result<()> {
    let dir = directory()?;
    let (sender, reports) = channel();
    let env = options()
        .on_slow_reader(LIMIT, move |reader| {
            let _ = sender.send((reader.id, reader.lag, reader.thread));
            panic!("a callback that fails is not the end of reports");
        })
        .open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    for round in 0..3 {
        let snap = env.snapshot()?;
        env.transact(|txn| dbi.put(txn, round, round))?;
        env.transact(|txn| dbi.put(txn, round, round + 1))?;
        let report = reports.recv_timeout(PATIENCE).expect("it is reported");
        assert_eq!(report, (snap.id(), 2, Some(std::thread::current().id())));
        assert_eq!(reports.recv_timeout(LIMIT * 4), Err(RecvTimeoutError::Timeout), "once");
    }
    Ok(())
}

#[test]
fn slow_readers_are_reported_while_only_a_snapshot_is_left() -> Result<()> {
    let dir = directory()?;
    let (sender, reports) = channel();
    let open = || {
        let sender = sender.clone();
        options().on_slow_reader(LIMIT, move |reader| sender.send(reader.id).unwrap_or(())).open(dir.path())
    };
    let env = open()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let first = env.snapshot()?;
    drop(env);
    let env = open()?;
    let second = env.snapshot()?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    assert_eq!(reports.recv_timeout(PATIENCE), Ok(first.id()));
    assert_eq!(second.id(), first.id());
    Ok(())
}

#[test]
fn a_dropped_environment_with_slow_reader_reports_is_closed_and_can_be_destroyed() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    for round in 0..300 {
        let env = options().on_slow_reader(Duration::ZERO, |_| ()).open(&path)?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        drop(env.snapshot()?);
        env.transact(|txn| dbi.put(txn, round, round))?;
        drop(env.snapshot()?);
        if round % 2 == 0 {
            env.close()?;
        }
        drop(env);
        Env::destroy(&path)?;
    }
    Ok(())
}
