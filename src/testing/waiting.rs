//! Waiting for commits.

use std::thread;
use std::time::Duration;

use crate::error::{ErrorKind, Result};
use crate::store::Backend;
use crate::testing::engines::Engines;
use crate::testing::expect::{fails, holds, put, same, space};

/// Longer than any commit takes.
const LIMIT: Duration = Duration::from_mins(1);

/// Who waits learns of a commit that another thread makes, and of one that was made before; without one, waiting ends in a
/// `Timeout`.
///
/// # Errors
/// How the law is broken.
pub fn waiting_ends_with_a_commit<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "waiting")?;
    let first = put(&engine, &space, b"key", b"1")?;
    let before = engine.wait_changed((u64::from(first.id) - 1).into(), LIMIT)?;
    same("the newest state for one who saw an older one", &before, &first.id)?;
    for limit in [Duration::ZERO, Duration::from_millis(5)] {
        fails("waiting without a commit", engine.wait_changed(first.id, limit), ErrorKind::Timeout)?;
    }
    // The commit comes before or during the wait: it must end in both cases.
    for delay in [0, 20] {
        let seen = engine.wait_changed(0.into(), Duration::ZERO)?;
        let (waited, committed) = thread::scope(|scope| {
            let waiting = scope.spawn(|| engine.wait_changed(seen, LIMIT));
            thread::sleep(Duration::from_millis(delay));
            let committed = put(&engine, &space, b"key", b"2");
            (waiting.join(), committed)
        });
        let waited = match waited {
            Ok(waited) => waited?,
            Err(_) => return holds(false, || "waiting panics".into()),
        };
        same("the newest state for one who waited", &waited, &committed?.id)?;
    }
    Ok(())
}
