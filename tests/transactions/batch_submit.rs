//! Submitted batches are committed in order, and every way of waiting for one returns its outcome.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::common::errors::{directory, refused};
use mapleaf::{Batch, Dbi, Durability, Env, ErrorKind, Expect, Result};

fn counting(dbi: &Dbi<&str, u64>, from: u64) -> Result<Batch> {
    let mut batch = Batch::new();
    batch.put_if(dbi, "n", from + 1, if from == 0 { Expect::Absent } else { Expect::Value(from) })?;
    Ok(batch)
}

#[test]
fn batches_are_committed_in_the_order_of_submission() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u64> = env.dbi("counter")?;
    let commits = (0..200).map(|n| env.submit(counting(&dbi, n)?)).collect::<Result<Vec<_>>>()?;
    commits.into_iter().try_for_each(mapleaf::Commit::wait)?;
    assert_eq!(dbi.get(&env.snapshot()?, "n")?, Some(200));
    refused(env.submit(counting(&dbi, 7)?)?.wait(), ErrorKind::Conflict);
    Ok(())
}

#[test]
fn the_environment_stays_open_until_submitted_batches_are_committed() -> Result<()> {
    let dir = directory()?;
    let open = || Env::options().durability(Durability::Process).open(dir.path());
    let env = open()?;
    let dbi: Dbi<&str, u64> = env.dbi("counter")?;
    let mut commits = (0..50).map(|n| env.submit(counting(&dbi, n)?)).collect::<Result<Vec<_>>>()?;
    let last = commits.pop().expect("there are some");
    drop(commits);
    drop(env);
    last.wait()?;
    let env = open()?;
    let dbi: Dbi<&str, u64> = env.dbi("counter")?;
    assert_eq!(dbi.get(&env.snapshot()?, "n")?, Some(50));
    Ok(())
}

struct Told(Sender<()>);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
        panic!("a waker that fails does not end the thread that commits");
    }
}

#[test]
fn a_future_is_ready_when_its_waker_is_woken() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u64> = env.dbi("counter")?;
    for n in 0..20 {
        let (sender, told) = channel();
        let waker = Waker::from(Arc::new(Told(sender)));
        let mut context = Context::from_waker(&waker);
        let mut commit = pin!(env.submit(counting(&dbi, n)?)?);
        let outcome = loop {
            match commit.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending => told.recv_timeout(Duration::from_secs(10)).expect("it is woken"),
            }
        };
        outcome?;
        assert!(matches!(commit.as_mut().poll(&mut context), Poll::Ready(Err(_))), "taken already");
    }
    assert_eq!(dbi.get(&env.snapshot()?, "n")?, Some(20));
    Ok(())
}

#[test]
fn a_wait_that_timed_out_can_be_repeated() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u64> = env.dbi("counter")?;
    let commit = env.transact(|_| {
        // The batch is committed after this transaction, so this transaction must not wait for it.
        let commit = env.submit(counting(&dbi, 0)?)?;
        let commit = commit.wait_timeout(Duration::MAX).expect_err("inside it is given back at once");
        refused(env.submit(counting(&dbi, 0)?)?.wait(), ErrorKind::Nested);
        Ok(commit)
    })?;
    let outcome = commit.wait_timeout(Duration::MAX).expect("there is time enough");
    outcome?;
    let ((running, is_running), (release, wait)) = (channel::<()>(), channel::<()>());
    std::thread::scope(|scope| {
        let env = &env;
        scope.spawn(move || {
            env.transact(|_| {
                let _ = running.send(());
                let _ = wait.recv();
                Ok(())
            })
        });
        let _ = is_running.recv();
        let commit = env.submit(counting(&dbi, 1)?)?;
        let commit = commit.wait_timeout(Duration::from_millis(20)).expect_err("another transaction is running");
        let _ = release.send(());
        commit.wait()
    })
}
