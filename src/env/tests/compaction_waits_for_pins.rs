//! A state that a thread is just dropping is no longer counted, but its pin still holds LMDB's environment.
//! Compaction and closing wait for the pin, or fail with `Busy` and change nothing, and never leave the environment
//! closed.

use std::thread;
use std::time::Duration;

use crate::{Dbi, Env, ErrorKind, Result};

#[test]
fn for_a_while_and_without_harm() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    env.transact(|txn| rows.put(txn, 1, 1))?;
    let pin = || env.engine.files()?.lmdb.pin().map_err(|failure| failure.error);
    // This thread holds the pin all the time, as one that the system does not schedule.
    let held = pin()?;
    let refused = env.compact_timeout(Duration::ZERO).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Busy));
    assert_eq!(env.close().map_err(|error| error.kind()), Err(ErrorKind::Busy));
    env.transact(|txn| rows.put(txn, 2, 2))?;
    assert_eq!(rows.len(&env.snapshot()?)?, 2, "it goes on");
    drop(held);
    // Another thread drops this pin soon.
    let held = pin()?;
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        env.compact_timeout(Duration::ZERO)
    })?;
    assert_eq!(rows.len(&env.snapshot()?)?, 2);
    env.close()
}
