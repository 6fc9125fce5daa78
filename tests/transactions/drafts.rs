//! A draft takes no lock, goes from thread to thread, commits as one, and is refused by kind.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mapleaf::{Batch, CommitId, Dbi, Draft, Durability, Env, Error, ErrorKind, MultiDbi, Read, Result, Write};

const BOTH: [Durability; 2] = [Durability::Immediate, Durability::Process];

fn opened(durability: Durability) -> Result<(tempfile::TempDir, Env, Dbi<u32, u32>)> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::options().durability(durability).open(dir.path())?;
    let dbi = env.dbi("d")?;
    Ok((dir, env, dbi))
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

fn rows(env: &Env, dbi: &Dbi<u32, u32>) -> Result<Vec<(u32, u32)>> {
    dbi.iter(&env.snapshot()?)?.collect()
}

/// A draft that has read key 1 and puts key 2.
fn read_one(env: &Env, dbi: &Dbi<u32, u32>) -> Result<Draft> {
    let mut draft = env.snapshot()?.draft();
    dbi.get(&draft, 1)?;
    dbi.put(&mut draft, 2, 2)?;
    Ok(draft)
}

#[test]
fn a_commit_makes_all_changes_visible_under_its_id() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let before = env.snapshot()?;
        let mut draft = before.draft();
        dbi.put(&mut draft, 1, 10)?;
        assert_eq!((dbi.get(&draft, 1)?, dbi.len(&draft)?), (Some(10), 1));
        assert!(dbi.is_empty(&env.snapshot()?)?, "not before the commit");
        // It holds no lock.
        env.transact(|txn| dbi.put(txn, 7, 7)).map(drop)?;
        env.transact(|txn| dbi.delete(txn, 7).map(drop))?;
        let committed = draft.commit()?;
        assert_eq!((CommitId::from(env.snapshot()?.id()), rows(&env, &dbi)?), (committed, vec![(1, 10)]));
        assert!(dbi.is_empty(&before)?);
        let draft = env.snapshot()?.draft();
        assert_eq!(dbi.get(&draft, 1)?, Some(10));
        assert_eq!(draft.commit()?, committed, "without changes, the state that it was checked in");
        drop(env.snapshot()?.draft());
        assert_eq!(CommitId::from(env.snapshot()?.id()), committed);
    }
    Ok(())
}

#[test]
fn rows_that_others_insert_between_deleted_ones_survive() -> Result<()> {
    type Deletion = fn(&Dbi<u32, u32>, &mut Draft) -> Result<()>;
    // Each deletes the even rows from 100 to before 200, which it finds one by one.
    let deletions: [(&str, Deletion); 6] = [
        ("delete", |dbi, draft| (50..100).try_for_each(|n| dbi.delete(draft, n * 2).map(drop))),
        ("from the end", |dbi, draft| (50..100).rev().try_for_each(|n| dbi.delete(draft, n * 2).map(drop))),
        ("take", |dbi, draft| (50..100).try_for_each(|n| dbi.take(draft, n * 2).map(drop))),
        ("update", |dbi, draft| (50..100).try_for_each(|n| dbi.update(draft, n * 2, |_| None).map(drop))),
        ("after a deleted range", |dbi, draft| {
            dbi.delete_range(draft, 0..10)?;
            (50..100).try_for_each(|n| dbi.delete(draft, n * 2).map(drop))
        }),
        ("in savepoints", |dbi, draft| {
            draft.savepoint(|draft| (50..70).try_for_each(|n| dbi.delete(draft, n * 2).map(drop)))?;
            (70..100).try_for_each(|n| dbi.delete(draft, n * 2).map(drop))
        }),
    ];
    for durability in BOTH {
        for (name, deletion) in deletions {
            let (_dir, env, dbi) = opened(durability)?;
            env.transact(|txn| dbi.load(txn, (0..150).map(|n| (n * 2, n))))?;
            let mut draft = env.snapshot()?.draft();
            deletion(&dbi, &mut draft)?;
            env.transact(|txn| (101..200).step_by(2).try_for_each(|odd| dbi.put(txn, odd, 1)))?;
            draft.commit()?;
            let left: Vec<_> = dbi.range(&env.snapshot()?, 90..=210)?.keys().collect::<Result<_>>()?;
            let expected: Vec<_> =
                (90..100).step_by(2).chain((101..200).step_by(2)).chain((200..=210).step_by(2)).collect();
            assert_eq!(left, expected, "{name}");
            assert!(env.verify()?.is_clean(), "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_named_range_ends_where_it_was_named() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.load(txn, (0..100).map(|n| (n * 10, n))))?;
    let mut draft = env.snapshot()?.draft();
    assert_eq!(dbi.delete_range(&mut draft, 200..=395)?, 20);
    // Between the end of the range and the next row.
    env.transact(|txn| dbi.put(txn, 397, 1))?;
    draft.commit()?;
    let left: Vec<_> = dbi.range(&env.snapshot()?, 150..=410)?.keys().collect::<Result<_>>()?;
    assert_eq!(left, [150, 160, 170, 180, 190, 397, 400, 410]);
    let mut draft = env.snapshot()?.draft();
    dbi.delete_range(&mut draft, 500..=600)?;
    env.transact(|txn| dbi.put(txn, 555, 1))?;
    let error = draft.commit().expect_err("it is refused");
    assert_eq!((error.kind(), error.key()), (ErrorKind::Conflict, Some(&555_u32.to_be_bytes()[..])));
    Ok(())
}

#[test]
fn verbs_of_all_kinds_take_a_draft() -> Result<()> {
    fn move_age(ages: &Dbi<&str, u32>, txn: &mut impl Write) -> Result<bool> {
        let Some(age) = ages.take(txn, "ann")? else { return Ok(false) };
        ages.put(txn, "bob", age)?;
        Ok(true)
    }
    fn total(ages: &Dbi<&str, u32>, state: &impl Read) -> Result<u32> {
        ages.values(state)?.sum()
    }
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    let bytes: Dbi<&str, Vec<u8>> = env.dbi("bytes")?;
    env.transact(|txn| {
        ages.put(txn, "ann", 42)?;
        tags.insert(txn, "red", 1)?;
        tags.insert(txn, "red", 2).map(drop)
    })?;
    let mut draft = env.snapshot()?.draft();
    assert!(move_age(&ages, &mut draft)?);
    assert_eq!(total(&ages, &draft)?, 42);
    assert!(tags.insert(&mut draft, "red", 3)? && !tags.insert(&mut draft, "red", 1)?);
    assert!(tags.remove(&mut draft, "red", 2)?);
    assert_eq!(tags.values(&draft, "red")?.collect::<Result<Vec<_>>>()?, [1, 3]);
    assert_eq!(tags.keys(&draft)?.collect::<Result<Vec<_>>>()?, ["red"]);
    bytes.put_reserved(&mut draft, "x", 3, |bytes| bytes.copy_from_slice(b"abc"))?;
    assert_eq!(ages.list(&draft, mapleaf::ListOptions::default())?.items, [("bob", 42)]);
    assert_eq!(ages.sample(&draft, 5, 1)?.len(), 1);
    // A pair that somebody adds under a key whose pairs were read.
    let second = env.snapshot()?.draft();
    assert_eq!(tags.count(&second, "red")?, 2);
    draft.commit()?;
    let snap = env.snapshot()?;
    assert_eq!((ages.get(&snap, "bob")?, bytes.get(&snap, "x")?), (Some(42), Some(b"abc".to_vec())));
    assert_eq!(tags.values(&snap, "red")?.collect::<Result<Vec<_>>>()?, [1, 3]);
    assert_eq!(kind(second.commit()), Some(ErrorKind::Conflict));
    Ok(())
}

#[test]
fn what_was_not_read_is_no_conflict() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.load(txn, (0..10).map(|n| (n, 0))))?;
    let mut draft = env.snapshot()?.draft();
    dbi.put(&mut draft, 1, 1)?;
    dbi.load(&mut draft, [(2, 1), (3, 1)])?;
    dbi.estimate(&draft, ..)?;
    dbi.stat(&draft)?;
    // Own changes decide these.
    assert_eq!(dbi.get(&draft, 1)?, Some(1));
    assert_eq!(dbi.range(&draft, 1..=3)?.count(), 3);
    // An iterator that is never asked.
    drop(dbi.iter(&draft)?);
    env.transact(|txn| (0..10).try_for_each(|n| dbi.put(txn, n, 7)))?;
    draft.commit()?;
    assert_eq!(rows(&env, &dbi)?[..5], [(0, 7), (1, 1), (2, 1), (3, 1), (4, 7)]);
    Ok(())
}

#[test]
fn what_a_walk_did_not_reach_was_not_read() -> Result<()> {
    type Walk = fn(&Dbi<u32, u32>, &mut Draft) -> Result<()>;
    // Each ends at row 2 of those from 1 on.
    let walks: [(&str, Walk); 6] = [
        ("range", |dbi, draft| dbi.range(draft, 1..)?.take(2).try_for_each(|row| row.map(drop))),
        ("find_map", |dbi, draft| dbi.find_map(draft, 1.., |key, _| (key == 2).then_some(())).map(drop)),
        ("extract_if", |dbi, draft| dbi.extract_if(draft, 1.., |_, _| true)?.take(2).try_for_each(|row| row.map(drop))),
        ("pop_first", |dbi, draft| {
            dbi.delete(draft, 0)?;
            (0..2).try_for_each(|_| dbi.pop_first(draft).map(drop))
        }),
        ("try_retain", |dbi, draft| {
            let stopped =
                dbi.try_retain(draft, 1.., |key, _| if key < 2 { Ok(true) } else { Err(Error::other("enough")) });
            assert!(stopped.is_err());
            Ok(())
        }),
        ("try_update_range", |dbi, draft| {
            let stopped =
                dbi.try_update_range(
                    draft,
                    1..,
                    |key, old| {
                        if key < 2 { Ok(Some(old)) } else { Err(Error::other("enough")) }
                    },
                );
            assert!(stopped.is_err());
            Ok(())
        }),
    ];
    for (name, walk) in walks {
        for changed in 1..6 {
            let (_dir, env, dbi) = opened(Durability::Process)?;
            env.transact(|txn| dbi.load(txn, (0..10).map(|n| (n, 0))))?;
            let mut draft = env.snapshot()?.draft();
            walk(&dbi, &mut draft)?;
            dbi.put(&mut draft, 9, 9)?;
            env.transact(|txn| dbi.put(txn, changed, 7))?;
            let conflict = (changed <= 2).then_some(ErrorKind::Conflict);
            assert_eq!(kind(draft.commit()), conflict, "{name}, row {changed}");
        }
    }
    Ok(())
}

#[test]
fn a_value_that_was_changed_back_is_no_conflict() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    let draft = read_one(&env, &dbi)?;
    env.transact(|txn| dbi.put(txn, 1, 5))?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    draft.commit()?;
    assert_eq!(rows(&env, &dbi)?, [(1, 1), (2, 2)]);
    Ok(())
}

#[test]
fn an_iterator_that_is_leaked_has_read_its_range() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.load(txn, (0..10).map(|n| (n, 0))))?;
    let mut draft = env.snapshot()?.draft();
    let mut entries = dbi.range(&draft, 2..5)?;
    entries.next();
    std::mem::forget(entries.take(1));
    dbi.put(&mut draft, 9, 9)?;
    env.transact(|txn| dbi.put(txn, 4, 4))?;
    assert_eq!(kind(draft.commit()), Some(ErrorKind::Conflict));
    Ok(())
}

#[test]
fn a_draft_goes_from_thread_to_thread_and_over_awaits() -> Result<()> {
    async fn moved(env: Env, dbi: Dbi<u32, u32>) -> Result<CommitId> {
        let mut draft = env.snapshot()?.draft();
        dbi.put(&mut draft, 1, 1)?;
        let mut guard = draft.savepoint_guard();
        dbi.put(&mut *guard, 2, 2)?;
        std::future::ready(()).await;
        guard.keep();
        thread::spawn(move || draft.commit()).join().map_err(|_| Error::other("a panic"))?
    }
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let mut future = pin!(sent(moved(env.clone(), dbi.clone())));
    let Poll::Ready(committed) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for nothing")
    };
    assert_eq!((committed?, rows(&env, &dbi)?), (CommitId::from(env.snapshot()?.id()), vec![(1, 1), (2, 2)]));
    Ok(())
}

#[test]
fn many_threads_count_by_drafts_and_lose_nothing() -> Result<()> {
    const EACH: u32 = 25;
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let count = |by_draft: bool| {
            let mut done = 0;
            while done < EACH {
                let add = |count: Option<u32>| Some(count.unwrap_or(0) + 1);
                let made = if by_draft {
                    let mut draft = env.snapshot()?.draft();
                    dbi.update(&mut draft, 0, add)?;
                    draft.commit().map(drop)
                } else {
                    env.transact(|txn| dbi.update(txn, 0, add).map(drop))
                };
                match made {
                    Ok(()) => done += 1,
                    Err(error) if error.is_retryable() => assert_eq!(error.kind(), ErrorKind::Conflict),
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || count(n % 2 == 0))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
        })?;
        assert_eq!(rows(&env, &dbi)?, [(0, 4 * EACH)]);
    }
    Ok(())
}

#[test]
fn what_a_pending_commit_has_changed_is_a_conflict() -> Result<()> {
    // Batches that wait for this transaction share its group, so that drafts are checked against uncommitted changes.
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    env.transact(|txn| dbi.load(txn, (0..1000).map(|n| (n, 0))))?;
    for round in 0..40_u32 {
        let mut drafts = Vec::new();
        for part in 0..8 {
            let mut draft = env.snapshot()?.draft();
            let range = part * 100..part * 100 + 100;
            assert_eq!(dbi.range(&draft, range.clone())?.count(), 100);
            dbi.put(&mut draft, 2000 + part, round)?;
            drafts.push((part, draft));
        }
        let changed = round % 8;
        // All at once: those that come while a commit is under way follow on it.
        let outcomes: Result<Vec<_>> = thread::scope(|scope| {
            let own = scope.spawn(|| env.transact(|txn| dbi.put(txn, changed * 100 + round % 100, round + 1)));
            let commit = |(part, draft): (u32, Draft)| scope.spawn(move || (part, draft.commit()));
            let threads: Vec<_> = drafts.into_iter().map(commit).collect();
            own.join().map_err(|_| Error::other("a panic"))??;
            threads.into_iter().map(|thread| thread.join().map_err(|_| Error::other("a panic"))).collect()
        });
        for (part, outcome) in outcomes? {
            let is_put = dbi.get(&env.snapshot()?, 2000 + part)? == Some(round);
            assert_eq!(outcome.is_ok(), is_put, "{outcome:?}");
            if part != changed {
                outcome?;
            } else if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
            }
        }
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_read_over_the_limit_is_refused() -> Result<()> {
    let env = Env::options().max_txn_bytes(20_000).temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let far = |n: u32| n.wrapping_mul(0x9E37_79B9);
    // Points: each takes memory of its own.
    let draft = env.snapshot()?.draft();
    let refused = (0..1000).find_map(|n| dbi.get(&draft, far(n)).err()).expect("it is refused");
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    assert_eq!(kind(draft.commit()), Some(ErrorKind::TooLarge));
    // Ranges that touch take the memory of one.
    let draft = env.snapshot()?.draft();
    (0..1000).try_for_each(|n| dbi.count(&draft, n..n + 1).map(drop))?;
    draft.commit()?;
    // What was read leaves less for changes, and the other way round.
    let mut draft = env.snapshot()?.draft();
    (0..150).try_for_each(|n| dbi.get(&draft, far(n)).map(drop))?;
    let refused = (0..1000).find_map(|n| dbi.put(&mut draft, n, n).err()).expect("it is refused");
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    let mut draft = env.snapshot()?.draft();
    (0..200).try_for_each(|n| dbi.put(&mut draft, n, n))?;
    let fit = (0..1000).take_while(|n| dbi.get(&draft, far(*n)).is_ok()).count();
    assert!((50..200).contains(&fit), "{fit}");
    Ok(())
}

#[test]
fn an_old_draft_fails_at_its_next_verb_and_at_its_commit() -> Result<()> {
    let age = Duration::from_millis(30);
    let env = Env::options().max_draft_age(age).temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    let snap = env.snapshot()?;
    let mut draft = snap.draft();
    thread::sleep(age);
    assert_eq!(kind(dbi.get(&draft, 1)), Some(ErrorKind::Timeout));
    assert_eq!(kind(dbi.put(&mut draft, 1, 2)), Some(ErrorKind::Timeout));
    assert_eq!(kind(dbi.iter(&draft)), Some(ErrorKind::Timeout));
    let error = draft.commit().expect_err("it is refused");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("commit")));
    assert_eq!(dbi.get(&snap, 1)?, Some(1), "the snapshot stays");
    let mut draft = snap.draft();
    dbi.put(&mut draft, 1, 2)?;
    draft.commit().map(drop)
}

#[test]
fn a_draft_is_refused_by_kind() -> Result<()> {
    let (dir, env, dbi) = opened(Durability::Immediate)?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    // Inside a transaction of the same thread.
    let draft = read_one(&env, &dbi)?;
    let nested = env.transact(|_| draft.commit());
    assert_eq!(kind(nested), Some(ErrorKind::Nested));
    // A handle of another environment.
    let other = Env::temporary()?;
    let foreign: Dbi<u32, u32> = other.dbi("d")?;
    let mut draft = env.snapshot()?.draft();
    assert_eq!(kind(foreign.get(&draft, 1)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(foreign.put(&mut draft, 1, 1)), Some(ErrorKind::InvalidArgument));
    drop(draft);
    // A durability that does not mix.
    assert_eq!(kind(read_one(&env, &dbi)?.commit_with(Durability::Process)), Some(ErrorKind::InvalidArgument));
    read_one(&env, &dbi)?.commit_with(Durability::Eventual)?;
    // A draft that did nothing is refused too.
    assert_eq!(kind(env.snapshot()?.draft().commit_with(Durability::Process)), Some(ErrorKind::InvalidArgument));
    // A compaction waits for the draft's snapshot.
    let draft = read_one(&env, &dbi)?;
    assert_eq!(kind(env.compact_timeout(Duration::from_millis(20))), Some(ErrorKind::Busy));
    draft.commit()?;
    env.compact()?;
    // Its snapshot keeps the environment from being closed.
    let draft = read_one(&env, &dbi)?;
    assert_eq!(kind(env.close()), Some(ErrorKind::Busy));
    draft.commit()?;
    env.close()?;
    drop((env, dbi));
    let env = Env::options().read_only(true).open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    assert_eq!(kind(read_one(&env, &dbi)?.commit()), Some(ErrorKind::ReadOnly));
    Ok(())
}

#[test]
fn a_draft_of_a_dropped_database_is_not_found() -> Result<()> {
    for is_created_again in [false, true] {
        for reads in [false, true] {
            let (_dir, env, dbi) = opened(Durability::Process)?;
            let mut draft = env.snapshot()?.draft();
            if reads {
                assert_eq!(dbi.get(&draft, 1)?, None);
            } else {
                dbi.put(&mut draft, 1, 1)?;
            }
            env.drop_dbi("d")?;
            if is_created_again {
                let _: Dbi<u32, u32> = env.dbi("d")?;
            }
            let error = draft.commit().expect_err("it is refused");
            assert_eq!((error.kind(), error.dbi()), (ErrorKind::NotFound, Some("d")));
        }
    }
    Ok(())
}

#[test]
fn a_draft_uses_databases_that_are_younger_than_its_snapshot() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let (mut writes, reads) = (env.snapshot()?.draft(), env.snapshot()?.draft());
    let young: Dbi<u32, u32> = env.dbi("young")?;
    young.put(&mut writes, 1, 1)?;
    assert_eq!(young.get(&reads, 1)?, None);
    writes.commit()?;
    assert_eq!(young.get(&env.snapshot()?, 1)?, Some(1));
    assert_eq!(kind(reads.commit()), Some(ErrorKind::Conflict));
    // A handle whose creator has not committed.
    let mut txn = env.begin()?;
    let pending: Dbi<u32, u32> = txn.dbi("pending")?;
    let mut draft = env.snapshot()?.draft();
    assert_eq!(kind(pending.get(&draft, 1)), Some(ErrorKind::NotFound));
    assert_eq!(kind(pending.put(&mut draft, 1, 1)), Some(ErrorKind::NotFound));
    txn.abort();
    dbi.put(&mut draft, 1, 1)?;
    draft.commit().map(drop)
}

#[test]
fn a_draft_is_left_when_its_environment_is_not() -> Result<()> {
    let (dir, env, dbi) = opened(Durability::Immediate)?;
    let mut draft = env.snapshot()?.draft();
    dbi.put(&mut draft, 1, 1)?;
    drop(env);
    draft.commit()?;
    drop(dbi);
    let env = Env::open(dir.path())?;
    assert_eq!(rows(&env, &env.dbi("d")?)?, [(1, 1)]);
    Ok(())
}

#[test]
fn batches_and_drafts_are_checked_against_each_other() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let draft = read_one(&env, &dbi)?;
    let mut batch = Batch::new();
    batch.check_unchanged(&dbi, .., &env.snapshot()?)?.put(&dbi, 1, 1)?;
    env.submit(batch)?.wait()?;
    assert_eq!(kind(draft.commit()), Some(ErrorKind::Conflict));
    let mut batch = Batch::new();
    batch.check_unchanged(&dbi, .., &env.snapshot()?)?.put(&dbi, 9, 9)?;
    read_one(&env, &dbi)?.commit()?;
    assert_eq!(kind(env.apply(batch)), Some(ErrorKind::Conflict));
    Ok(())
}

#[test]
fn a_panic_in_a_draft_changes_nothing() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    let mut draft = env.snapshot()?.draft();
    dbi.put(&mut draft, 1, 1)?;
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        draft.savepoint(|draft| -> Result<()> {
            dbi.put(draft, 2, 2)?;
            std::panic::resume_unwind(Box::new("given up"))
        })
    }));
    assert!(outcome.is_err());
    draft.commit()?;
    assert_eq!(rows(&env, &dbi)?, [(1, 1)]);
    Ok(())
}

#[test]
fn what_a_panicking_closure_has_seen_was_read() -> Result<()> {
    type Walk = fn(&Dbi<u32, u32>, &mut Draft, &mut dyn FnMut(u32)) -> Result<u64>;
    let walks: [Walk; 3] = [
        |dbi, draft, seen| {
            dbi.update_range(draft, .., |_, value| {
                seen(value);
                Some(value)
            })
        },
        |dbi, draft, seen| {
            dbi.retain(draft, .., |_, value| {
                seen(value);
                true
            })
        },
        |dbi, draft, seen| {
            let extracted = dbi.extract_if(draft, .., |_, value| {
                seen(value);
                false
            });
            Ok(extracted?.count() as u64)
        },
    ];
    for durability in BOTH {
        for walk in walks {
            let (_dir, env, dbi) = opened(durability)?;
            env.transact(|txn| dbi.load(txn, [(1, 1), (2, 2), (3, 3)]))?;
            let mut draft = env.snapshot()?.draft();
            let mut sum = 0;
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                walk(&dbi, &mut draft, &mut |value| {
                    sum += value;
                    assert!(value < 2, "on purpose");
                })
            }));
            assert!(panicked.is_err());
            dbi.put(&mut draft, 9, sum)?;
            env.transact(|txn| dbi.put(txn, 1, 100))?;
            assert_eq!(kind(draft.commit()), Some(ErrorKind::Conflict));
        }
    }
    Ok(())
}

#[test]
fn leaked_iterators_over_the_limit_are_refused() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::options().max_txn_bytes(10_000).open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    for from in 0..20 {
        env.transact(|txn| dbi.load(txn, (100 * from..100 * from + 100).map(|n| (n, n))))?;
    }
    let draft = env.snapshot()?.draft();
    for n in 0..1000 {
        let mut rows = dbi.range(&draft, 2 * n..2 * n + 1)?;
        rows.next().transpose()?;
        std::mem::forget(rows);
    }
    env.transact(|txn| dbi.put(txn, 1998, 0))?;
    assert_eq!(kind(draft.commit()), Some(ErrorKind::TooLarge));
    Ok(())
}

#[test]
fn drafts_that_are_exchanged_in_a_savepoint_count_their_own_rows() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.load(txn, [(1, 1), (2, 2), (3, 3)]))?;
    let (mut one, mut other) = (env.snapshot()?.draft(), env.snapshot()?.draft());
    dbi.delete(&mut one, 1)?;
    dbi.put(&mut other, 7, 7)?;
    assert_eq!((dbi.len(&one)?, dbi.len(&other)?), (2, 4));
    let undone = one.savepoint(|draft| {
        std::mem::swap(draft, &mut other);
        Err::<(), _>(Error::new(ErrorKind::Other, "on purpose"))
    });
    assert_eq!(kind(undone), Some(ErrorKind::Other));
    assert_eq!((dbi.len(&one)?, dbi.iter(&one)?.count()), (4, 4));
    assert_eq!((dbi.len(&other)?, dbi.iter(&other)?.count()), (2, 2));
    Ok(())
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "they are what is tested")]
fn reversed_ranges_beside_own_changes_read_nothing() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Process)?;
    env.transact(|txn| dbi.load(txn, (0..20).map(|n| (n, n))))?;
    let mut draft = env.snapshot()?.draft();
    for n in [4, 6, 8] {
        dbi.put(&mut draft, n, 0)?;
        dbi.delete_range(&mut draft, n + 1..n + 2)?;
    }
    assert_eq!((dbi.count(&draft, 9..3)?, dbi.range(&draft, 9..3)?.count()), (0, 0));
    assert_eq!(dbi.range(&draft, 9..3)?.rev().count(), 0);
    assert_eq!((dbi.delete_range(&mut draft, 9..3)?, dbi.retain(&mut draft, 9..3, |_, _| false)?), (0, 0));
    env.transact(|txn| dbi.put(txn, 3, 7))?;
    draft.commit()?;
    Ok(())
}
