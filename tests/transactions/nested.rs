//! A call that would wait for the transaction that it is made in is refused, and the transaction continues.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;
use std::thread;

use mapleaf::{Compact, Dbi, Env, ErrorKind, Result};

fn nested<T>(outcome: Result<T>, call: &str) {
    assert_eq!(outcome.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Nested), "{call}");
}

#[test]
fn writing_calls_inside_a_transaction_are_nested() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let aside = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    env.transact(|txn| {
        ages.put(txn, "ann", 1)?;
        for env in [&env, &other] {
            nested(env.transact(|_| Ok(())), "transact");
            nested(env.try_transact(|_| Ok(())), "try_transact");
            nested(env.transact_or(|_| Ok::<_, mapleaf::Error>(())), "transact_or");
            nested(env.dbi::<&str, u32>("new"), "dbi");
            nested(env.dbi::<&str, u32>("ages"), "dbi");
            nested(env.multi_dbi::<&str, u32>("new"), "multi_dbi");
            nested(env.clear_dbi("ages"), "clear_dbi");
            nested(env.drop_dbi("ages"), "drop_dbi");
            nested(env.compact(), "compact");
            nested(env.copy_to(aside.path().join("copy"), Compact::No), "copy_to");
            nested(env.close(), "close");
        }
        assert!(!aside.path().join("copy").exists());
        nested(txn.savepoint(|_| env.transact(|_| Ok(()))), "transact in a savepoint");
        ages.put(txn, "bob", 2)
    })?;
    let snap = env.snapshot()?;
    assert_eq!(ages.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("ann", 1), ("bob", 2)]);
    assert_eq!(env.dbis()?.len(), 1);
    Ok(())
}

#[test]
fn reading_calls_inside_a_transaction_see_the_state_before_it() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    env.transact(|txn| {
        ages.put(txn, "ann", 1)?;
        let snap = env.snapshot()?;
        assert_eq!(ages.get(&snap, "ann")?, None);
        assert_eq!((snap.id() + 1, snap.lag()?), (txn.id(), 0));
        assert_eq!(env.dbis()?.first().map(|dbi| dbi.entries), Some(0));
        assert!(env.verify()?.is_clean());
        assert_eq!(env.info()?.commits, snap.id());
        assert_eq!(env.readers()?.len(), 1);
        env.clear_stale_readers()?;
        env.sync()
    })
}

#[test]
fn after_an_error_or_a_panic_the_thread_is_outside_its_transaction() -> Result<()> {
    let env = Env::temporary()?;
    let _ = env.transact(|_| Err::<(), _>(mapleaf::Error::other(std::fmt::Error)));
    env.transact(|_| Ok(()))?;
    let _ = catch_unwind(AssertUnwindSafe(|| env.transact(|_| -> Result<()> { resume_unwind(Box::new(())) })));
    env.transact(|_| Ok(()))?;
    nested(env.transact(|_| env.transact(|_| Ok(()))), "transact");
    env.transact(|_| Ok(()))
}

#[test]
fn another_thread_is_busy_or_waits_for_the_transaction() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let (inside, is_inside) = channel();
    let (go, may_go) = channel();
    thread::scope(|scope| {
        let (env, ages) = (&env, &ages);
        let first = scope.spawn(move || {
            env.transact(|txn| {
                ages.put(txn, "ann", 1)?;
                inside.send(()).expect("the test listens");
                may_go.recv().expect("the test answers");
                Ok(())
            })
        });
        is_inside.recv().expect("the first begins");
        let refused = env.try_transact(|_| -> Result<()> { unreachable!("two closures at once") });
        assert_eq!(refused.map_err(|error| (error.kind(), error.is_retryable())), Err((ErrorKind::Busy, true)));
        let second = scope.spawn(|| env.transact(|txn| ages.update(txn, "ann", |age| age.map(|age| age + 1))));
        assert!(ages.is_empty(&env.snapshot()?)?, "readers wait for nobody");
        go.send(()).expect("the first waits");
        first.join().expect("no panic")?;
        assert_eq!(second.join().expect("no panic")?, Some(2));
        env.try_transact(|txn| ages.put(txn, "bob", 3))
    })?;
    assert_eq!(ages.len(&env.snapshot()?)?, 2);
    Ok(())
}
