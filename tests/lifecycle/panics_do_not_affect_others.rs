//! A waker that panics, with a payload that panics again when it is dropped, does not change the results of other
//! callers.

use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mapleaf::{Batch, Dbi, Env, Result};

use crate::common::process;

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(thread::panicking(), "dropped outside of a panic");
    }
}

struct Wakes(bool);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        if self.0 {
            panic_any(PanicsWhenDropped);
        }
    }
}

#[test]
fn a_panicking_waker_does_not_change_results_of_the_shared_commit() -> Result<()> {
    process::apart(
        "panics_do_not_affect_others::a_panicking_waker_does_not_change_results_of_the_shared_commit",
        || {
            std::panic::set_hook(Box::new(|_| {}));
            let env = Env::temporary()?;
            let rows: Dbi<u64, u64> = env.dbi("rows")?;
            for turn in 0..5 {
                let mut commits = Vec::new();
                env.transact(|txn| {
                    for n in 0..6 {
                        let mut batch = Batch::new();
                        batch.put(&rows, turn * 10 + n, n)?;
                        let mut commit = env.submit(batch)?;
                        let waker = Waker::from(Arc::new(Wakes(n == 1 || n == turn)));
                        let polled = Future::poll(Pin::new(&mut commit), &mut Context::from_waker(&waker));
                        assert!(matches!(polled, Poll::Pending));
                        commits.push(commit);
                        thread::sleep(Duration::from_millis(2));
                    }
                    rows.put(txn, turn * 10 + 9, 9)
                })?;
                for (n, commit) in (0..).zip(commits) {
                    commit.wait()?;
                    assert_eq!(rows.get(&env.snapshot()?, turn * 10 + n)?, Some(n));
                }
            }
            Ok(())
        },
    )
}

#[test]
fn slow_readers_are_reported_after_a_panicking_callback() -> Result<()> {
    process::apart("panics_do_not_affect_others::slow_readers_are_reported_after_a_panicking_callback", || {
        std::panic::set_hook(Box::new(|_| {}));
        let (sender, reports) = std::sync::mpsc::channel();
        let env = Env::options()
            .on_slow_reader(Duration::from_millis(20), move |reader| {
                let _ = sender.send(reader.id);
                panic_any(PanicsWhenDropped);
            })
            .temporary()?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        for n in 0..3 {
            let snap = env.snapshot()?;
            env.transact(|txn| rows.put(txn, n, n))?;
            assert_eq!(reports.recv_timeout(Duration::from_secs(20)), Ok(snap.id()));
        }
        Ok(())
    })
}
