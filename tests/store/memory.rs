//! The engine in memory: what is not already a law of all engines.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mapleaf::store::{Backend, BackendRead, Changes, Memory, MemorySpace};
use mapleaf::{ErrorKind, Result};

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

fn filled() -> Result<(Memory, MemorySpace)> {
    let memory = Memory::new()?;
    let space = memory.open_space("rows", "bytes", "bytes")?;
    memory.transact(|txn| txn.put(&space, b"key"[..].into(), b"1"[..].into()))?;
    Ok((memory, space))
}

#[test]
fn a_verb_that_would_wait_for_its_own_transaction_is_refused() -> Result<()> {
    let (memory, space) = filled()?;
    let nested = Some(ErrorKind::Nested);
    memory.transact(|txn| {
        txn.put(&space, b"key"[..].into(), b"2"[..].into())?;
        assert_eq!(kind(memory.transact(|_| Ok(()))), nested);
        assert_eq!(kind(memory.commit(Changes::new())), nested);
        assert_eq!(kind(memory.open_space("other", "bytes", "bytes")), nested);
        assert_eq!(kind(memory.wait_changed(0.into(), Duration::from_mins(1))), nested);
        assert_eq!(kind(memory.close()), nested);
        // A snapshot waits for nobody, and sees what is committed. So does opening a space that exists.
        assert_eq!(memory.snapshot()?.get(&space, b"key")?.as_deref(), Some(&b"1"[..]));
        assert_eq!(memory.open_space("rows", "bytes", "bytes")?, space);
        // Another memory has a transaction of its own.
        Memory::new()?.transact(|_| Ok(())).map(drop)
    })?;
    assert_eq!(memory.snapshot()?.get(&space, b"key")?.as_deref(), Some(&b"2"[..]));
    Ok(())
}

#[test]
fn a_space_of_another_memory_is_refused() -> Result<()> {
    let ((memory, _), (_, foreign)) = (filled()?, filled()?);
    let refused = Some(ErrorKind::InvalidArgument);
    assert_eq!(kind(memory.snapshot()?.get(&foreign, b"key")), refused);
    assert_eq!(kind(memory.transact(|txn| txn.delete(&foreign, b"key"))), refused);
    assert_eq!(kind(memory.transact(|txn| txn.put(&foreign, b"key"[..].into(), b""[..].into()))), refused);
    Ok(())
}

#[test]
fn memories_share_neither_identity_nor_incarnation() -> Result<()> {
    let ((one, _), (other, _)) = (filled()?, filled()?);
    assert_ne!(one.id(), other.id());
    assert_ne!(one.snapshot()?.incarnation(), other.snapshot()?.incarnation());
    assert_eq!(one.id(), one.clone().id());
    Ok(())
}

#[test]
fn closing_ends_all_waits_and_leaves_snapshots() -> Result<()> {
    let (memory, space) = filled()?;
    let snapshot = memory.snapshot()?;
    let (sender, waits) = channel();
    let waiting = memory.clone();
    let waiter = thread::spawn(move || {
        let newest = waiting.snapshot().map(|snapshot| snapshot.id());
        let _ = sender.send(());
        newest.and_then(|newest| waiting.wait_changed(newest, Duration::from_mins(5)))
    });
    waits.recv().expect("the thread begins");
    memory.close()?;
    memory.close()?;
    assert_eq!(kind(waiter.join().expect("waiting does not panic")), Some(ErrorKind::Closed));
    assert_eq!(snapshot.get(&space, b"key")?.as_deref(), Some(&b"1"[..]));
    Ok(())
}

#[test]
fn names_of_spaces_are_those_that_an_environment_takes() -> Result<()> {
    let memory = Memory::new()?;
    for name in ["", "a\0b", &"n".repeat(256)] {
        assert_eq!(kind(memory.open_space(name, "bytes", "bytes")), Some(ErrorKind::InvalidArgument), "{name:?}");
    }
    memory.open_space(&"n".repeat(255), "bytes", "bytes").map(drop)
}
