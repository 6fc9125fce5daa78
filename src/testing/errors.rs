//! What is refused, and by which kind of error.

use std::ops::Bound;
use std::time::Duration;

use crate::error::{ErrorKind, Result};
use crate::store::{Backend, BackendRead, Change, Changes};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, change, fails, get, holds, put, same, space};
use crate::txn::CommitId;

/// An empty key is `InvalidKey` where it would be stored, and one over the limit is `TooLarge`. Nothing is committed of the
/// changes beside it. Look-ups and deletions take such keys as absent.
///
/// # Errors
/// How the law is broken.
pub fn bad_keys_are_refused<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "bad")?;
    put(&engine, &space, b"before", b"1")?;
    let too_long = vec![b'k'; engine.capabilities().max_key_len + 1];
    for (key, kind) in [(&b""[..], ErrorKind::InvalidKey), (&too_long[..], ErrorKind::TooLarge)] {
        let changes = vec![change(&space, b"beside", b"1"), change(&space, key, b"1")];
        let committed = engine.commit(Changes { conditions: Vec::new(), changes });
        fails(&format!("a commit with a key of {} bytes", key.len()), committed, kind)?;
        let transacted = engine.transact(|txn| {
            txn.put(&space, b"beside"[..].into(), b"1"[..].into())?;
            txn.put(&space, key.into(), b"1"[..].into())
        });
        fails(&format!("a transaction with a key of {} bytes", key.len()), transacted, kind)?;
        same("the value of a key that cannot be stored", &get(&engine, &space, key)?, &None)?;
        engine.transact(|txn| {
            txn.delete(&space, key)?;
            holds(txn.get(&space, key)?.is_none(), || "a key that cannot be stored has a value".into())
        })?;
        let delete = Change::Delete { space: space.clone(), key: key.to_vec() };
        engine.commit(Changes { conditions: Vec::new(), changes: vec![delete] })?;
    }
    same("the rows", &all(&engine, &space)?, &vec![(b"before".to_vec(), b"1".to_vec())])
}

/// Every verb of an engine that was closed is `Closed`, by each clone. Checked where [`Engines`] says how to close one.
///
/// # Errors
/// How the law is broken.
pub fn closed_engines_say_so<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "closed")?;
    put(&engine, &space, b"key", b"1")?;
    let clone = engine.clone();
    let Some(closed) = engines.close(&engine) else { return Ok(()) };
    closed?;
    for engine in [engine, clone] {
        fails("opening a space", engine.open_space("__store/testing/new", "bytes", "bytes"), ErrorKind::Closed)?;
        fails("a snapshot", engine.snapshot().map(|snapshot| snapshot.id()), ErrorKind::Closed)?;
        fails("a commit", put(&engine, &space, b"key", b"2"), ErrorKind::Closed)?;
        let all = (Bound::Unbounded, Bound::Unbounded);
        fails("a transaction", engine.transact(|txn| txn.delete_span(&space, all)), ErrorKind::Closed)?;
        fails("waiting", engine.wait_changed(CommitId::from(0), Duration::ZERO), ErrorKind::Closed)?;
    }
    Ok(())
}
