//! The backlog of submitted batches is bounded. A caller waits for space or gets `Busy`, and never waits for itself.

use std::future::Future;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused, refused_with};
use mapleaf::{Batch, Commit, Dbi, Durability, Env, Error, ErrorKind, Result};

type Rows = Dbi<u64, &'static [u8]>;

fn put(rows: &Rows, row: u64, bytes: usize) -> Result<Batch> {
    let mut batch = Batch::new();
    batch.put(rows, row, &vec![1; bytes])?;
    Ok(batch)
}

fn open(dir: &tempfile::TempDir, batches: usize, bytes: usize) -> Result<(Env, Rows)> {
    let env = Env::options().max_backlog(batches, bytes).open(dir.path())?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

#[test]
fn submitting_to_a_full_backlog_waits_or_is_busy_or_nested() -> Result<()> {
    for (batches, bytes, size) in [(3, 1 << 20, 10), (1000, 4000, 1000)] {
        let dir = directory()?;
        let (env, rows) = open(&dir, batches, bytes)?;
        let mut taken = Vec::new();
        thread::scope(|scope| {
            let (sender, late) = channel();
            let waiting = env.transact(|_| {
                // Nothing is committed before this transaction ends, so the backlog fills.
                let error = loop {
                    match env.try_submit(put(&rows, taken.len() as u64, size)?) {
                        Ok(commit) => taken.push(commit),
                        Err(error) => break error,
                    }
                };
                refused_with(Err::<(), _>(error), ErrorKind::Busy, &["max_backlog", "retry", "try_submit"]);
                assert_eq!(taken.len(), 3, "as the limit says");
                refused(env.submit(put(&rows, 10, size)?), ErrorKind::Nested);
                let (env, rows) = (&env, &rows);
                let waiting = scope.spawn(move || -> Result<()> {
                    let _ = sender.send(());
                    env.submit(put(rows, 100, size)?)?.wait()
                });
                let _ = late.recv();
                Ok(waiting)
            })?;
            waiting.join().expect("it does not panic")
        })?;
        taken.into_iter().try_for_each(Commit::wait)?;
        assert_eq!(rows.len(&env.snapshot()?)?, 4);
    }
    Ok(())
}

#[test]
fn an_empty_backlog_accepts_a_batch_of_any_size() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(&dir, 0, 0)?;
    for row in 0..3 {
        env.submit(put(&rows, row, 100_000)?)?.wait()?;
    }
    assert_eq!(rows.len(&env.snapshot()?)?, 3);
    Ok(())
}

/// A waker that submits two more batches when it is woken, and waits for them.
struct Greedy {
    env: Mutex<Option<(Env, Rows)>>,
    told: Sender<Vec<Option<ErrorKind>>>,
}

impl Wake for Greedy {
    fn wake(self: Arc<Self>) {
        let mut told = Vec::new();
        if let Some((env, rows)) = self.env.lock().ok().and_then(|mut env| env.take()) {
            for row in 10..12 {
                let commit = put(&rows, row, 10).and_then(|batch| env.submit(batch));
                told.push(match commit {
                    Ok(commit) => commit.wait().err().map(|error| error.kind()),
                    Err(error) => Some(error.kind()),
                });
            }
        }
        let _ = self.told.send(told);
    }
}

#[test]
fn a_waker_on_the_committing_thread_does_not_wait_for_backlog_space() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(&dir, 1, 1 << 20)?;
    let (told, woken) = channel();
    let greedy = Greedy { env: Mutex::new(Some((env.clone(), rows.clone()))), told };
    let waker = Waker::from(Arc::new(greedy));
    let mut context = Context::from_waker(&waker);
    let mut commit = env.transact(|_| {
        // The batch cannot be committed before its waker is registered.
        let mut submitted = Box::pin(env.submit(put(&rows, 1, 10)?)?);
        assert!(submitted.as_mut().poll(&mut context).is_pending());
        Ok(submitted)
    })?;
    let told = woken.recv_timeout(Duration::from_secs(20)).map_err(Error::other)?;
    // The backlog holds one batch, which is not done before its waker returns. Waiting for space would be waiting for
    // itself.
    assert_eq!(told, [Some(ErrorKind::Busy); 2]);
    assert!(matches!(commit.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    env.submit(put(&rows, 2, 10)?)?.wait()?;
    assert!(rows.get(&env.snapshot()?, 2)?.is_some());
    Ok(())
}

#[test]
fn a_waker_on_the_committing_thread_does_not_wait_for_a_commit() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(&dir, 10, 1 << 20)?;
    let (told, woken) = channel();
    let waker = Waker::from(Arc::new(Greedy { env: Mutex::new(Some((env.clone(), rows.clone()))), told }));
    let mut context = Context::from_waker(&waker);
    let mut commit = env.transact(|_| {
        let mut commit = Box::pin(env.submit(put(&rows, 1, 10)?)?);
        assert!(commit.as_mut().poll(&mut context).is_pending());
        Ok(commit)
    })?;
    let told = woken.recv_timeout(Duration::from_secs(20)).map_err(Error::other)?;
    assert_eq!(told, [Some(ErrorKind::Nested); 2]);
    assert!(matches!(commit.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    // The batches were submitted nevertheless.
    env.submit(put(&rows, 2, 10)?)?.wait()?;
    assert_eq!(rows.len(&env.snapshot()?)?, 4);
    Ok(())
}

#[test]
fn a_batch_that_does_not_fit_the_shared_commit_is_committed_alone() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Immediate).max_txn_bytes(20_000).open(dir.path())?;
    let rows: Rows = env.dbi("rows")?;
    let mut commits = Vec::new();
    env.transact(|_| {
        for row in 0..20 {
            commits.push(env.submit(put(&rows, row, if row == 7 { 30_000 } else { 9000 })?)?);
        }
        Ok(())
    })?;
    for (row, commit) in commits.into_iter().enumerate() {
        match row {
            7 => drop(refused(commit.wait(), ErrorKind::TooLarge)),
            _ => commit.wait()?,
        }
    }
    assert_eq!(rows.len(&env.snapshot()?)?, 19);
    Ok(())
}
