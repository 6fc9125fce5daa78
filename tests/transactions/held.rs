//! A transaction that is held commits what a closure would, and is aborted in every other way that it can end.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{CommitId, Dbi, Durability, Env, ErrorKind, Read, Result, Transaction, Write};

const BOTH: [Durability; 2] = [Durability::Immediate, Durability::Process];

fn opened(durability: Durability) -> Result<(tempfile::TempDir, Env, Dbi<u32, u32>)> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::options().durability(durability).open(dir.path())?;
    let dbi = env.dbi("d")?;
    Ok((dir, env, dbi))
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

#[test]
fn a_commit_makes_all_changes_visible_under_its_id() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let before = env.snapshot()?;
        let mut txn = env.begin()?;
        assert_eq!(txn.id(), before.id() + 1);
        dbi.put(&mut txn, 1, 10)?;
        dbi.put(&mut txn, 2, 20)?;
        assert_eq!((dbi.get(&txn, 1)?, dbi.len(&txn)?), (Some(10), 2));
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, None, "not before the commit");
        let committed = txn.commit()?;
        let after = env.snapshot()?;
        assert_eq!(CommitId::from(after.id()), committed);
        assert_eq!(dbi.iter(&after)?.collect::<Result<Vec<_>>>()?, [(1, 10), (2, 20)]);
        assert!(dbi.is_empty(&before)?);
        assert_eq!(env.begin()?.commit()?, committed, "without changes, the id that was read");
        assert_eq!(env.snapshot()?.id(), after.id(), "and nothing is committed");
    }
    Ok(())
}

#[test]
fn a_dropped_an_aborted_and_a_panicking_transaction_change_nothing() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let id = env.snapshot()?.id();
        for end in [drop::<Transaction>, Transaction::abort] {
            let mut txn = env.begin()?;
            dbi.put(&mut txn, 1, 1)?;
            end(txn);
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut txn = env.begin().expect("it begins");
            dbi.put(&mut txn, 1, 1).expect("it is put");
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(env.snapshot()?.id(), id);
        env.transact(|txn| dbi.put(txn, 2, 2))?;
        assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(2, 2)]);
    }
    Ok(())
}

#[test]
fn a_commit_after_a_failed_verb_commits_the_others() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let texts: Dbi<&str, u32> = env.dbi("texts")?;
    let mut txn = env.begin()?;
    dbi.put(&mut txn, 1, 1)?;
    assert_eq!(kind(texts.put(&mut txn, "", 1)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(dbi.append(&mut txn, 1, 2)), Some(ErrorKind::InvalidArgument));
    dbi.put(&mut txn, 2, 2)?;
    txn.commit()?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 2);
    Ok(())
}

#[test]
fn a_thread_has_one_transaction_over_all_environments() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let other = Env::temporary()?;
    let mut txn = env.begin()?;
    for env in [&env, &other] {
        assert_eq!(kind(env.begin()), Some(ErrorKind::Nested));
        assert_eq!(kind(env.try_begin()), Some(ErrorKind::Nested));
        assert_eq!(kind(env.begin_timeout(Duration::ZERO)), Some(ErrorKind::Nested));
        assert_eq!(kind(env.transact(|_| Ok(()))), Some(ErrorKind::Nested));
        assert_eq!(kind(env.dbi::<u32, u32>("new")), Some(ErrorKind::Nested));
        assert_eq!(kind(env.close()), Some(ErrorKind::Nested));
    }
    // The transaction goes on.
    dbi.put(&mut txn, 1, 1)?;
    txn.commit()?;
    env.transact(|txn| {
        assert_eq!(kind(env.begin()), Some(ErrorKind::Nested));
        assert_eq!(kind(other.begin()), Some(ErrorKind::Nested));
        dbi.put(txn, 2, 2)
    })?;
    assert_eq!(dbi.len(&env.begin()?)?, 2);
    Ok(())
}

#[test]
fn a_database_of_another_environment_is_an_invalid_argument() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let other = Env::temporary()?;
    let mut txn = other.begin()?;
    assert_eq!(kind(dbi.put(&mut txn, 1, 1)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(dbi.get(&txn, 1)), Some(ErrorKind::InvalidArgument));
    txn.commit()?;
    drop(env);
    Ok(())
}

/// Runs `held` while another thread holds a transaction.
fn while_held(env: &Env, held: impl FnOnce() -> Result<()>) -> Result<()> {
    thread::scope(|scope| {
        let (begun, wait) = channel();
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            let txn = env.begin().expect("it begins");
            begun.send(()).expect("the test waits");
            let _ = ended.recv();
            drop(txn);
        });
        wait.recv().expect("the thread begins");
        let outcome = held();
        drop(end);
        outcome
    })
}

#[test]
fn who_does_not_wait_is_busy_and_who_waits_too_long_gets_a_timeout_that_name_the_holder() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        assert_eq!(env.info()?.writer, None);
        while_held(&env, || {
            thread::sleep(Duration::from_millis(30));
            let busy = env.try_begin().map(drop).expect_err("another thread has it");
            let began = Instant::now();
            let late = env.begin_timeout(Duration::from_millis(40)).map(drop).expect_err("another thread has it");
            assert!(began.elapsed() >= Duration::from_millis(40));
            assert_eq!((busy.kind(), late.kind()), (ErrorKind::Busy, ErrorKind::Timeout));
            let process = format!("process {}", std::process::id());
            for error in [busy, late] {
                assert!(error.is_retryable() && error.to_string().contains(&process), "{error}");
            }
            let writer = env.info()?.writer.expect("it is held");
            assert_eq!(writer.process, std::process::id());
            assert!(writer.held_for >= Duration::from_millis(20), "{writer:?}");
            assert_eq!(dbi.get(&env.snapshot()?, 1)?, None, "readers do not wait");
            Ok(())
        })?;
        assert_eq!(env.info()?.writer, None);
        env.try_begin()?.abort();
        env.begin_timeout(Duration::ZERO)?.abort();
        env.begin_timeout(Duration::MAX)?.abort();
    }
    Ok(())
}

#[test]
fn a_transaction_that_was_leaked_ends_with_its_thread() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut txn = env.begin().expect("it begins");
                dbi.put(&mut txn, 1, 1).expect("it is put");
                mem::forget(txn);
                assert_eq!(kind(env.begin()), Some(ErrorKind::Nested));
            });
        });
        let txn = env.begin_timeout(Duration::from_secs(20))?;
        assert_eq!(dbi.get(&txn, 1)?, None);
    }
    Ok(())
}

#[test]
fn what_a_leaked_transaction_has_read_stays_when_its_thread_has_ended() -> Result<()> {
    for durability in BOTH {
        let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
        let env = Env::options().durability(durability).open(dir.path())?;
        let dbi: Dbi<u32, &[u8]> = env.dbi("values")?;
        env.transact(|txn| dbi.put(txn, 1, &vec![1; 100_000]))?;
        let of_thread = (env.clone(), dbi.clone());
        let leaked = move || {
            let (env, dbi) = of_thread;
            let txn: &'static Transaction = Box::leak(Box::new(env.begin().expect("it begins")));
            dbi.get(txn, 1).expect("it is read").expect("it is there")
        };
        let value: &'static [u8] = thread::spawn(leaked).join().expect("no panic");
        for n in 0..20 {
            env.begin_timeout(Duration::from_secs(20))?.abort();
            env.transact(|txn| dbi.put(txn, 1, &vec![100 + n; 100_000]))?;
        }
        assert!(value.iter().all(|byte| *byte == 1), "the value was overwritten: {}", value[50_000]);
    }
    Ok(())
}

#[test]
fn a_leaked_transaction_that_cannot_be_pinned_keeps_its_locks() -> Result<()> {
    for durability in BOTH {
        let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
        let env = Env::options().durability(durability).max_readers(4).open(dir.path())?;
        let dbi: Dbi<u32, &[u8]> = env.dbi("values")?;
        let mut kept = Vec::new();
        for n in 0..100 {
            env.transact(|txn| dbi.put(txn, 1, &vec![n; 100_000]))?;
            match env.snapshot() {
                Ok(snap) => kept.push(snap),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::ReadersFull);
                    break;
                }
            }
        }
        let of_thread = (env.clone(), dbi.clone());
        let leaked = move || {
            let (env, dbi) = of_thread;
            let txn: &'static Transaction = Box::leak(Box::new(env.begin().expect("it begins")));
            dbi.get(txn, 1).expect("it is read").expect("it is there")
        };
        let value: &'static [u8] = thread::spawn(leaked).join().expect("no panic");
        let before = value[0];
        assert_eq!(kind(env.begin_timeout(Duration::from_millis(50))), Some(ErrorKind::Timeout));
        drop(kept);
        assert_eq!(kind(env.begin_timeout(Duration::from_millis(50))), Some(ErrorKind::Timeout));
        assert!(value.iter().all(|byte| *byte == before));
        // The environment stays open: its transaction was leaked.
        mem::forget((env, dir));
    }
    Ok(())
}

#[test]
fn a_thread_that_ends_with_a_transaction_begins_no_other() -> Result<()> {
    /// Dropped after the variable that has the locks.
    struct Last(Option<(Transaction, Sender<Option<ErrorKind>>)>);
    impl Drop for Last {
        fn drop(&mut self) {
            let Some((mut txn, sender)) = self.0.take() else { return };
            let env = txn.env().clone();
            let exchanged = env.transact(|other| {
                mem::swap(other, &mut *txn);
                Ok(())
            });
            sender.send(kind(exchanged)).expect("the test waits");
        }
    }
    thread_local! {
        static LAST: RefCell<Last> = const { RefCell::new(Last(None)) };
    }
    for durability in BOTH {
        let (_dir, env, _dbi) = opened(durability)?;
        let (sender, outcomes) = channel();
        let of_thread = env.clone();
        thread::spawn(move || {
            LAST.with(|last| last.borrow_mut().0 = None);
            let txn = of_thread.begin().expect("it begins");
            LAST.with(|last| last.borrow_mut().0 = Some((txn, sender)));
        })
        .join()
        .expect("no panic");
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), [Some(ErrorKind::Nested)]);
        // The state that was pinned for it is free again.
        assert!(env.readers()?.is_empty());
        env.begin_timeout(Duration::from_secs(20))?.abort();
    }
    Ok(())
}

#[test]
fn a_transaction_that_outlives_its_locks_at_the_end_of_a_thread_is_closed() -> Result<()> {
    /// Dropped after the variables that were first used later, such as the one that has the locks.
    struct Last(Option<(Transaction, Dbi<u32, u32>, Outcomes)>);
    type Outcomes = Sender<Option<ErrorKind>>;
    impl Drop for Last {
        fn drop(&mut self) {
            if let Some((mut txn, dbi, sender)) = self.0.take() {
                let outcomes =
                    [kind(dbi.get(&txn, 1)), kind(dbi.len(&txn)), kind(dbi.put(&mut txn, 2, 2)), kind(txn.commit())];
                for outcome in outcomes {
                    sender.send(outcome).expect("the test waits");
                }
            }
        }
    }
    thread_local! {
        static LAST: RefCell<Last> = const { RefCell::new(Last(None)) };
    }
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        env.transact(|txn| dbi.put(txn, 1, 1))?;
        let (sender, outcomes) = channel();
        let of_thread = (env.clone(), dbi.clone());
        thread::spawn(move || {
            LAST.with(|last| last.borrow_mut().0 = None);
            let (env, dbi) = of_thread;
            let txn = env.begin().expect("it begins");
            LAST.with(|last| last.borrow_mut().0 = Some((txn, dbi, sender)));
        })
        .join()
        .expect("no panic");
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), [Some(ErrorKind::Released); 4]);
        env.begin_timeout(Duration::from_secs(20))?.abort();
    }
    Ok(())
}

#[test]
fn a_transaction_keeps_its_environment_open() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let (mut txn, dbi) = {
        let env = Env::open(dir.path())?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        (env.begin()?, dbi)
    };
    dbi.put(&mut txn, 1, 1)?;
    assert!(txn.env().snapshot()?.id() < txn.id());
    txn.commit()?;
    let env = Env::options().max_readers(77).open(dir.path())?;
    assert_eq!(env.dbi::<u32, u32>("d")?.get(&env.snapshot()?, 1)?, Some(1));
    Ok(())
}

/// A begin/commit trait, as many programs have for their storage.
trait Storage {
    fn begin(&self) -> Result<Box<dyn Changes + '_>>;
}

trait Changes {
    fn add(&mut self, key: u32, more: u32) -> Result<u32>;
    fn commit(self: Box<Self>) -> Result<()>;
}

struct Rows {
    env: Env,
    dbi: Dbi<u32, u32>,
}

struct Change<'r> {
    txn: Transaction,
    rows: &'r Rows,
}

impl Storage for Rows {
    fn begin(&self) -> Result<Box<dyn Changes + '_>> {
        Ok(Box::new(Change { txn: self.env.begin()?, rows: self }))
    }
}

impl Changes for Change<'_> {
    fn add(&mut self, key: u32, more: u32) -> Result<u32> {
        let made = self.rows.dbi.update(&mut self.txn, key, |old| Some(old.unwrap_or(0) + more))?;
        Ok(made.unwrap_or(0))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        self.txn.commit().map(drop)
    }
}

#[test]
fn a_trait_with_begin_and_commit_needs_no_closure() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let storage: Box<dyn Storage> = Box::new(Rows { env: env.clone(), dbi: dbi.clone() });
    let mut change = storage.begin()?;
    assert_eq!((change.add(1, 5)?, change.add(1, 6)?), (5, 11));
    change.commit()?;
    storage.begin()?.add(1, 100)?;
    assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(11));
    Ok(())
}

#[test]
fn held_transactions_and_closures_are_serial_together() -> Result<()> {
    const THREADS: u32 = 6;
    const EACH: u32 = 60;
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let refused = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (env, dbi) = (&env, &dbi);
                    scope.spawn(move || (0..EACH).filter(|n| !is_added(env, dbi, (thread + n) % 5)).count())
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).sum::<usize>()
        });
        let added = THREADS * EACH - u32::try_from(refused).expect("few");
        assert_eq!(dbi.get(&env.snapshot()?, 7)?, Some(added));
        assert!(added >= THREADS * EACH / 2, "{refused} of those that do not wait were refused");
    }
    Ok(())
}

#[test]
fn a_transaction_that_follows_on_others_is_seen_as_the_writer_until_it_ends() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let done = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        for key in 0..2 {
            let (env, dbi, done) = (&env, &dbi, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    env.transact(|txn| dbi.put(txn, key, 1)).expect("it commits");
                }
            });
        }
        let held = || -> Result<()> {
            for _ in 0..40 {
                let txn = env.begin()?;
                // The commit that it may have followed on has ended.
                thread::sleep(Duration::from_millis(5));
                let writer = env.info()?.writer.expect("this thread");
                assert_eq!(writer.process, std::process::id());
                txn.abort();
            }
            Ok(())
        };
        let outcome = catch_unwind(AssertUnwindSafe(held));
        done.store(true, Ordering::Relaxed);
        outcome
    });
    outcome.expect("it is seen")?;
    assert_eq!(env.info()?.writer, None);
    Ok(())
}

/// Adds one to a counter, in one of five ways. Returns whether it did: one way does not wait.
fn is_added(env: &Env, dbi: &Dbi<u32, u32>, way: u32) -> bool {
    fn add(dbi: &Dbi<u32, u32>, txn: &mut impl Write) -> Result<()> {
        dbi.update(txn, 7, |old| Some(old.unwrap_or(0) + 1)).map(drop)
    }
    let held = |txn: Result<Transaction>| {
        let mut txn = txn?;
        add(dbi, &mut txn)?;
        txn.commit().map(drop)
    };
    let outcome = match way {
        0 => env.transact(|txn| add(dbi, txn)),
        1 => held(env.begin()),
        2 => held(env.begin_timeout(Duration::from_mins(1))),
        3 => held(env.begin()).and_then(|()| {
            // One that ends without a change follows on others as well.
            env.begin()?.commit().map(drop)
        }),
        _ => match held(env.try_begin()) {
            Err(error) if error.kind() == ErrorKind::Busy => return false,
            outcome => outcome,
        },
    };
    outcome.expect("it commits");
    true
}

#[test]
fn savepoint_guards_nest_and_are_undone_unless_kept() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let mut txn = env.begin()?;
    dbi.put(&mut txn, 0, 0)?;
    let mut outer = txn.savepoint_guard();
    dbi.put(&mut outer, 1, 1)?;
    {
        let mut inner = outer.savepoint_guard();
        dbi.delete(&mut inner, 0)?;
        dbi.put(&mut inner, 2, 2)?;
        assert_eq!(dbi.len(&inner)?, 2);
    }
    assert_eq!(dbi.keys(&outer)?.collect::<Result<Vec<_>>>()?, [0, 1]);
    let mut inner = outer.savepoint_guard();
    dbi.put(&mut inner, 3, 3)?;
    inner.keep();
    outer.keep();
    let mut undone = txn.savepoint_guard();
    dbi.clear(&mut undone)?;
    undone.undo();
    assert_eq!(dbi.len(&txn)?, 3);
    txn.commit()?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [0, 1, 3]);
    Ok(())
}

#[test]
fn a_leaked_savepoint_belongs_to_what_is_around_it() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let mut txn = env.begin()?;
    let mut outer = txn.savepoint_guard();
    dbi.put(&mut outer, 1, 1)?;
    let mut leaked = outer.savepoint_guard();
    dbi.put(&mut leaked, 2, 2)?;
    mem::forget(leaked);
    drop(outer);
    assert!(dbi.is_empty(&txn)?, "undone with the outer one");
    let mut outer = txn.savepoint_guard();
    let mut leaked = outer.savepoint_guard();
    dbi.put(&mut leaked, 3, 3)?;
    mem::forget(leaked);
    outer.keep();
    let mut leaked = txn.savepoint_guard();
    dbi.put(&mut leaked, 4, 4)?;
    mem::forget(leaked);
    let _ = txn.savepoint(|txn| {
        dbi.put(txn, 5, 5)?;
        Err::<(), _>(mapleaf::Error::new(ErrorKind::Conflict, "on purpose"))
    });
    txn.commit()?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [3, 4]);
    Ok(())
}

#[test]
fn an_error_of_any_type_undoes_a_savepoint() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| {
        let refused = txn.savepoint_or(|txn| {
            dbi.put(txn, 1, 1).map_err(|_| "store")?;
            Err::<(), &str>("refused")
        });
        assert_eq!(refused, Err("refused"));
        assert_eq!(dbi.get(txn, 1)?, None);
        txn.savepoint_or(|txn| dbi.put(txn, 2, 2))
    })?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 1);
    Ok(())
}

#[test]
fn a_read_only_environment_and_a_closed_one_begin_nothing() -> Result<()> {
    let (dir, env, _dbi) = opened(Durability::Process)?;
    env.close()?;
    assert_eq!(kind(env.begin()), Some(ErrorKind::Closed));
    let env = Env::options().read_only(true).open(dir.path())?;
    assert_eq!(kind(env.begin()), Some(ErrorKind::ReadOnly));
    assert_eq!(env.snapshot()?.id(), 1);
    Ok(())
}
