//! Transactions for engines that offer only snapshots and conditional commits.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{Backend, BackendRead, BackendTxn, Committed};
use crate::store::optimistic_txn::OptimisticTxn;

/// How often a transaction is tried.
const TRIES: u32 = 100;
/// The longest pause before the second try, and before any. It doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Runs `work` on the newest snapshot with its own changes laid over it, and commits its changes under the condition that
/// all that it read is still so. Runs `work` again on a newer snapshot if it is not, after a pause of random length; up
/// to 100 times. This is [`Backend::transact`] for an engine that has only [`snapshot`](Backend::snapshot) and
/// [`commit`](Backend::commit).
///
/// What was read are the values of keys, and all rows of the part of a span that was scanned, values included: so the
/// transaction is serializable. Keys that it changes without reading them conflict with nothing. A transaction that
/// changes nothing is not checked: its snapshot was one state. In its own reads, fields that the commit fills are as
/// they were given.
///
/// Memory: a copy of all that was read and changed.
///
/// # Errors
/// What `work` returns, which ends it at once; `Conflict`, not to be retried, when all tries were in vain; else as
/// [`Backend::snapshot`] and [`Backend::commit`].
///
/// ```
/// use mapleaf::store::{Backend, BackendRead, Memory, transact_optimistically};
/// # fn main() -> mapleaf::Result<()> {
/// let memory = Memory::new()?;
/// let ages = memory.open_space("ages", "str", "u32")?;
/// let mut tries = 0;
/// transact_optimistically(&memory, |txn| {
///     let is_there = txn.get(&ages, b"ann")?.is_some();
///     tries += 1;
///     if tries == 1 {
///         // Somebody else is faster.
///         memory.transact(|txn| txn.put(&ages, b"ann"[..].into(), b"42"[..].into()))?;
///     }
///     let name = if is_there { "bob" } else { "ann" };
///     txn.put(&ages, name.as_bytes().into(), b"3"[..].into())
/// })?;
/// assert_eq!(tries, 2);
/// assert_eq!(memory.snapshot()?.get(&ages, b"ann")?.as_deref(), Some(&b"42"[..]));
/// # Ok(())
/// # }
/// ```
pub fn transact_optimistically<B, T>(
    backend: &B,
    mut work: impl FnMut(&mut dyn BackendTxn<B::Space>) -> Result<T>,
) -> Result<(T, Committed)>
where
    B: Backend,
    B::Space: PartialEq,
{
    let limits = backend.capabilities();
    let (mut tries, mut pause) = (0, FIRST_PAUSE);
    loop {
        let snapshot = backend.snapshot()?;
        let mut txn = OptimisticTxn::new(&snapshot, (limits.max_key_len, limits.max_value_len));
        let made = work(&mut txn)?;
        let Some(changes) = txn.into_changes() else {
            return Ok((made, Committed { id: snapshot.id(), incarnation: snapshot.incarnation() }));
        };
        // The engine need not keep the snapshot while it commits.
        drop(snapshot);
        tries += 1;
        match backend.commit(changes) {
            Ok(committed) => return Ok((made, committed)),
            Err(error) if error.kind() != ErrorKind::Conflict => return Err(error),
            Err(error) if tries == TRIES => return Err(given_up(error)),
            // Of those that conflict, each waits for a different time, so that one of them gets through.
            Err(_) => thread::sleep(pause.mul_f64(random_share())),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cold]
fn given_up(last: Error) -> Error {
    let why = format!("others changed what the transaction had read, {TRIES} times; read less, or try it later");
    Error::new(ErrorKind::Conflict, why).caused_by(last).retryable(false)
}

/// A random number from 0 to 1. The standard library's hasher has random keys.
fn random_share() -> f64 {
    let random = RandomState::new().hash_one(thread::current().id());
    f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
