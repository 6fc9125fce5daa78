//! Transactions over snapshots and conditional commits: they run again exactly where something that they read changed.

use std::ops::{Bound, ControlFlow};
use std::time::Duration;

use mapleaf::store::{
    Backend, BackendRead, BackendTxn, Capabilities, Change, Changes, Committed, KeySpan, Memory, MemorySpace, Order,
    Stamp, StampField, Stamped, transact_optimistically,
};
use mapleaf::{CommitId, ErrorKind, Result};

use crate::message_backend::{Fault, MessageBackend, MessageSpace};

/// An engine whose transactions are optimistic.
#[derive(Clone)]
pub struct Optimistic<B>(pub B);

impl<B: Backend<Space: PartialEq>> Backend for Optimistic<B> {
    type Space = B::Space;
    type Snapshot = B::Snapshot;

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn id(&self) -> [u8; 16] {
        self.0.id()
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<B::Space> {
        self.0.open_space(name, key, value)
    }

    fn snapshot(&self) -> Result<B::Snapshot> {
        self.0.snapshot()
    }

    fn commit(&self, changes: Changes<B::Space>) -> Result<Committed> {
        self.0.commit(changes)
    }

    fn transact<T>(&self, work: impl FnMut(&mut dyn BackendTxn<B::Space>) -> Result<T>) -> Result<(T, Committed)> {
        transact_optimistically(self, work)
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        self.0.wait_changed(since, limit)
    }
}

/// A memory with the rows a to f.
fn memory() -> Result<(Memory, MemorySpace)> {
    let memory = Memory::new()?;
    let space = memory.open_space("rows", "bytes", "bytes")?;
    memory.transact(|txn| (b'a'..=b'f').try_for_each(|key| txn.put(&space, (&[key][..]).into(), b"1"[..].into())))?;
    Ok((memory, space))
}

/// How often a transaction runs that reads what `read` reads, while another one makes a change before its first commit.
fn runs(
    read: impl Fn(&mut dyn BackendTxn<MemorySpace>, &MemorySpace) -> Result<()>,
    change: impl Fn(&mut dyn BackendTxn<MemorySpace>, &MemorySpace) -> Result<()>,
) -> Result<u32> {
    let (memory, space) = memory()?;
    let mut runs = 0;
    transact_optimistically(&memory, |txn| {
        runs += 1;
        read(txn, &space)?;
        if runs == 1 {
            memory.transact(|txn| change(txn, &space))?;
        }
        txn.put(&space, b"own"[..].into(), b"1"[..].into())
    })?;
    Ok(runs)
}

/// Scans a span, and stops after some rows.
fn scan(
    txn: &dyn BackendTxn<MemorySpace>,
    space: &MemorySpace,
    span: KeySpan<'_>,
    order: Order,
    most: usize,
) -> Result<()> {
    let mut left = most;
    txn.scan(space, span, order, most, &mut |_, _| {
        left -= 1;
        if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
}

const FROM_B: KeySpan<'static> = (Bound::Included(b"b"), Bound::Unbounded);
const TO_E: KeySpan<'static> = (Bound::Unbounded, Bound::Included(b"e"));

#[test]
fn a_value_that_was_read_and_changed_runs_it_again() -> Result<()> {
    let put = |key: &'static [u8], value: &'static [u8]| {
        move |txn: &mut dyn BackendTxn<MemorySpace>, space: &MemorySpace| txn.put(space, key.into(), value.into())
    };
    let read = |key: &'static [u8]| {
        move |txn: &mut dyn BackendTxn<MemorySpace>, space: &MemorySpace| txn.get(space, key).map(drop)
    };
    assert_eq!(runs(read(b"a"), put(b"a", b"2"))?, 2);
    assert_eq!(runs(read(b"absent"), put(b"absent", b"1"))?, 2);
    assert_eq!(runs(read(b"a"), |txn, space| txn.delete(space, b"a"))?, 2);
    assert_eq!(runs(read(b"a"), |txn, space| txn.delete_span(space, TO_E))?, 2);
    // What it did not read, or what has the same value again, is no conflict.
    assert_eq!(runs(read(b"a"), put(b"b", b"2"))?, 1);
    assert_eq!(runs(read(b"a"), put(b"a", b"1"))?, 1);
    // Neither is what it changes without reading it, nor what it reads of its own changes.
    assert_eq!(runs(|_, _| Ok(()), put(b"own", b"2"))?, 1);
    let blindly = |txn: &mut dyn BackendTxn<MemorySpace>, space: &MemorySpace| {
        txn.delete_span(space, FROM_B)?;
        txn.put(space, b"a"[..].into(), b"3"[..].into())?;
        txn.get(space, b"a")?;
        txn.get(space, b"c").map(drop)
    };
    assert_eq!(runs(blindly, put(b"a", b"2"))?, 1);
    assert_eq!(runs(blindly, put(b"c", b"2"))?, 1);
    Ok(())
}

#[test]
fn a_span_that_was_scanned_and_changed_runs_it_again() -> Result<()> {
    let scanning = |span: KeySpan<'static>, order, most| {
        move |txn: &mut dyn BackendTxn<MemorySpace>, space: &MemorySpace| scan(txn, space, span, order, most)
    };
    let put = |key: &'static [u8]| {
        move |txn: &mut dyn BackendTxn<MemorySpace>, space: &MemorySpace| txn.put(space, key.into(), b"2"[..].into())
    };
    for (order, span) in [(Order::Ascending, FROM_B), (Order::Descending, TO_E)] {
        for key in [&b"b"[..], b"c5", b"e"] {
            assert_eq!(runs(scanning(span, order, usize::MAX), put(key))?, 2, "{order:?} {key:?}");
        }
        assert_eq!(runs(scanning(span, order, usize::MAX), |txn, space| txn.delete(space, b"c"))?, 2, "{order:?}");
    }
    // The scan stops at d and at c: beyond them nothing was read.
    let (up, down) = (scanning(FROM_B, Order::Ascending, 3), scanning(TO_E, Order::Descending, 3));
    for (key, up_again, down_again) in [
        (&b"a"[..], 1, 1),
        (b"b", 2, 1),
        (b"b5", 2, 1),
        (b"c", 2, 2),
        (b"d", 2, 2),
        (b"d5", 1, 2),
        (b"e", 1, 2),
        (b"f", 1, 1),
    ] {
        assert_eq!(runs(up, put(key))?, up_again, "up, {key:?}");
        assert_eq!(runs(down, put(key))?, down_again, "down, {key:?}");
    }
    Ok(())
}

#[test]
fn it_gives_up_in_the_end() -> Result<()> {
    let (memory, space) = memory()?;
    let mut runs = 0_u32;
    let outcome = transact_optimistically(&memory, |txn| {
        runs += 1;
        txn.get(&space, b"a")?;
        memory.transact(|txn| txn.put(&space, b"a"[..].into(), (&runs.to_be_bytes()[..]).into()))?;
        txn.put(&space, b"own"[..].into(), b"1"[..].into())
    });
    let error = outcome.expect_err("somebody else is always faster");
    assert_eq!((error.kind(), error.is_retryable(), runs), (ErrorKind::Conflict, false, 100));
    assert_eq!(memory.snapshot()?.get(&space, b"own")?, None);
    Ok(())
}

#[test]
fn a_conflict_that_the_work_returns_ends_it() -> Result<()> {
    let (memory, _) = memory()?;
    let mut runs = 0;
    let outcome = transact_optimistically(&memory, |_| {
        runs += 1;
        Err::<(), _>(mapleaf::Error::new(ErrorKind::Conflict, "not what I expected"))
    });
    assert_eq!((outcome.map_err(|error| error.kind()).map(drop), runs), (Err(ErrorKind::Conflict), 1));
    Ok(())
}

#[test]
fn the_caller_of_a_scan_may_read_during_it_and_fields_are_not_filled_yet() -> Result<()> {
    let (memory, space) = memory()?;
    let stamps = [Stamp { offset: 0, field: StampField::Commit }];
    let ((), committed) = transact_optimistically(&memory, |txn| {
        txn.put(&space, b"stamped"[..].into(), Stamped { bytes: &[7; 8], stamps: &stamps })?;
        assert_eq!(txn.get(&space, b"stamped")?.as_deref(), Some(&[7; 8][..]));
        let mut seen = 0;
        txn.scan(&space, FROM_B, Order::Ascending, 10, &mut |key, value| {
            assert_eq!(txn.get(&space, key).ok().flatten().as_deref(), Some(value));
            seen += 1;
            ControlFlow::Continue(())
        })?;
        assert_eq!(seen, 6);
        Ok(())
    })?;
    let filled = memory.snapshot()?.get(&space, b"stamped")?.map(Vec::from);
    assert_eq!(filled.as_deref(), Some(&u64::from(committed.id).to_be_bytes()[..]));
    Ok(())
}

/// An engine behind messages, and a counter in it.
fn counting() -> Result<(MessageBackend, MessageSpace)> {
    let engine = MessageBackend::new()?;
    let space = engine.open_space("counters", "str", "u8")?;
    Ok((engine, space))
}

/// Counts in a transaction. The outcome, how often the work ran, and what the counter is now.
fn count(engine: &MessageBackend, space: &MessageSpace) -> Result<(Option<ErrorKind>, u32, u8)> {
    let value = |found: Option<std::borrow::Cow<'_, [u8]>>| found.map_or(0, |bytes| bytes[0]);
    let mut runs = 0;
    let outcome = engine.transact(|txn| {
        runs += 1;
        let next = value(txn.get(space, b"n")?) + 1;
        txn.put(space, b"n"[..].into(), (&[next][..]).into())
    });
    let now = value(engine.snapshot()?.get(space, b"n")?);
    Ok((outcome.err().map(|error| error.kind()), runs, now))
}

#[test]
fn a_commit_that_may_have_happened_is_not_made_twice() -> Result<()> {
    let (engine, space) = counting()?;
    engine.fail_commits(&[Fault::ReplyLost]);
    assert_eq!(count(&engine, &space)?, (Some(ErrorKind::CommitOutcomeUnknown), 1, 1));
    assert_eq!(count(&engine, &space)?, (None, 1, 2));
    Ok(())
}

#[test]
fn an_engine_that_does_not_answer_commits_nothing() -> Result<()> {
    let (engine, space) = counting()?;
    for (fault, kind) in [(Fault::Unavailable, ErrorKind::Unavailable), (Fault::Timeout, ErrorKind::Timeout)] {
        engine.fail_commits(&[fault]);
        assert_eq!(count(&engine, &space)?, (Some(kind), 1, 0));
    }
    assert_eq!(count(&engine, &space)?, (None, 1, 1));
    let delete = Change::Delete { space: space.clone(), key: b"n".to_vec() };
    engine.fail_commits(&[Fault::Unavailable]);
    let outcome = engine.commit(Changes { conditions: vec![], changes: vec![delete] });
    assert!(outcome.is_err_and(|error| error.is_retryable()));
    assert_eq!(engine.snapshot()?.get(&space, b"n")?.as_deref(), Some(&[1][..]));
    Ok(())
}
