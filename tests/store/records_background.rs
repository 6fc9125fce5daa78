//! The sweep in the background removes what has expired, in transactions of bounded size, until it is dropped.

use std::thread;
use std::time::{Duration, Instant};

use mapleaf::store::{Backend, Records};
use mapleaf::{Env, ErrorKind, Result};

use crate::records_support::{Rows, kind, laws, living, rows, texts};

laws! {
    what_has_expired_is_removed
    it_wakes_when_it_is_told
    a_limit_of_0_is_refused
    it_ends_with_its_handle
}

const LONG: Duration = Duration::from_hours(1);

#[track_caller]
fn wait_until(what: &str, mut is_true: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_true()? {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn lengths([records, expiry, _]: &[Rows; 3]) -> (usize, usize) {
    (records.len(), expiry.len())
}

fn what_has_expired_is_removed<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    for n in 0..25 {
        texts.put_with(&*format!("dead {n}"), "one", living(100))?;
    }
    texts.put("alive", "two")?;
    hand.set(2_000);
    let sweep = texts.sweep_in_background(10, LONG)?;
    wait_until("all are removed", || Ok(sweep.swept() == 25))?;
    assert_eq!(lengths(&rows(&texts, backend)?), (1, 0));
    assert!(sweep.last_error().is_none());
    Ok(())
}

fn it_wakes_when_it_is_told<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let sweep = texts.sweep_in_background(10, LONG)?;
    texts.put_with("dead", "one", living(100))?;
    hand.set(2_000);
    sweep.wake();
    // The first sweep may still have been under way.
    wait_until("it is removed", || {
        sweep.wake();
        Ok(sweep.swept() == 1)
    })
}

fn a_limit_of_0_is_refused<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert_eq!(kind(texts.sweep_in_background(0, LONG)), Some(ErrorKind::InvalidArgument));
    Ok(())
}

fn it_ends_with_its_handle<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let sweep = texts.sweep_in_background(10, Duration::ZERO)?;
    drop(sweep);
    texts.put_with("dead", "one", living(100))?;
    hand.set(2_000);
    // A thread that went on would sweep within this time.
    thread::sleep(Duration::from_millis(100));
    assert_eq!(lengths(&rows(&texts, backend)?), (1, 1));
    Ok(())
}

#[test]
fn a_closed_environment_ends_it() -> Result<()> {
    let env = Env::temporary()?;
    let records: Records<u64, u64> = env.records("numbers")?;
    let sweep = records.sweep_in_background(10, Duration::from_millis(1))?;
    env.close()?;
    wait_until("it has seen that", || Ok(sweep.last_error().is_some_and(|error| error.kind() == ErrorKind::Closed)))
}

#[test]
fn an_environment_that_is_read_only_has_none() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::open(dir.path())?;
    env.records::<u64, u64>("numbers")?;
    env.close()?;
    let env = Env::options().read_only(true).open(dir.path())?;
    let records: Records<u64, u64> = env.records("numbers")?;
    assert_eq!(kind(records.sweep_in_background(10, LONG)), Some(ErrorKind::ReadOnly));
    Ok(())
}
