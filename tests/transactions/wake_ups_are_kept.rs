//! A transaction does not consume a wake-up that is meant for its caller. A thread that polls a future and parks is
//! woken, even if the waker was called while the thread was inside `transact`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use mapleaf::{Batch, Dbi, Env, Error, Result};

/// A waker as in a single-threaded executor: it unparks the thread.
struct Unparking(Thread);

impl Wake for Unparking {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Far longer than a commit takes.
const LOST: Duration = Duration::from_secs(10);
const ROUNDS: u64 = 100;

#[test]
fn a_wake_up_inside_a_transaction_is_not_lost() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let stop = AtomicBool::new(false);
    let write = |n| -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            env.transact(|txn| rows.put(txn, n, 1))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..6).map(|n| scope.spawn(move || write(n))).collect();
        let rounds = (0..ROUNDS).try_for_each(|round| -> Result<()> {
            let waker = Waker::from(Arc::new(Unparking(thread::current())));
            let mut batch = Batch::new();
            batch.put(&rows, 100, round)?;
            let mut commit = env.submit(batch)?;
            if let Poll::Ready(done) = Pin::new(&mut commit).poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            // Another part of this thread's work commits meanwhile.
            env.transact(|txn| rows.put(txn, 101, round))?;
            env.transact(|txn| rows.put(txn, 101, round))?;
            let began = Instant::now();
            // The wake-up leaves a token, whether it came before this call or comes now.
            thread::park_timeout(LOST);
            if began.elapsed() >= LOST {
                // An error, not a panic: after a panic the other threads would write for ever.
                return Err(Error::other(format!("the wake-up of round {round} was lost")));
            }
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().try_for_each(|writer| writer.join().expect("no thread panics"))?;
        rounds
    })
}
