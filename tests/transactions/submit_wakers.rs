//! A waker that panics does not affect other callers: the batches that were committed together with its own report
//! their outcomes, and so does its own future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mapleaf::{Batch, Commit, Dbi, Env, ErrorKind, Expect, Result};

const BATCHES: u64 = 12;
const ROUNDS: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(20);

struct Panicking(Sender<u64>, u64);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(self.1);
        // Prints no panic message, which would look like a failure of this test.
        std::panic::resume_unwind(Box::new("on purpose"));
    }
}

/// A batch; it fails if its number is a multiple of four.
fn batch(rows: &Dbi<u64, u64>, round: u64, n: u64) -> Result<Batch> {
    let mut batch = Batch::new();
    let expect = if n % 4 == 3 { Expect::Value(u64::MAX) } else { Expect::Any };
    batch.put_if(rows, n, round, expect)?;
    Ok(batch)
}

fn judge(n: u64, outcome: Result<()>) {
    let kind = outcome.map_err(|error| error.kind());
    assert_eq!(kind, if n % 4 == 3 { Err(ErrorKind::Conflict) } else { Ok(()) }, "batch {n}");
}

#[test]
fn a_panicking_waker_does_not_keep_others_from_being_woken() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    for round in 0..ROUNDS {
        let (sender, woken) = channel();
        let (mut polled, mut waited) = (Vec::new(), Vec::new());
        // The batches wait for this transaction, so most of them are committed together.
        env.transact(|_| {
            for n in 0..BATCHES {
                let mut commit: Commit = env.submit(batch(&rows, round, n)?)?;
                if n % 3 == 2 {
                    waited.push((n, commit));
                    continue;
                }
                let waker = Waker::from(Arc::new(Panicking(sender.clone(), n)));
                assert!(Pin::new(&mut commit).poll(&mut Context::from_waker(&waker)).is_pending());
                polled.push((n, commit));
            }
            Ok(())
        })?;
        for _ in 0..polled.len() {
            woken.recv_timeout(PATIENCE).expect("each is woken");
        }
        for (n, mut commit) in polled {
            match Pin::new(&mut commit).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => judge(n, outcome),
                Poll::Pending => panic!("batch {n} was woken and is not done"),
            }
        }
        for (n, commit) in waited {
            judge(n, commit.wait_timeout(PATIENCE).expect("it is told in time"));
        }
        let snap = env.snapshot()?;
        let expected = (0..BATCHES).filter(|n| n % 4 != 3).map(|n| (n, round));
        assert!(rows.iter(&snap)?.collect::<Result<Vec<_>>>()?.into_iter().eq(expected), "round {round}");
    }
    Ok(())
}
