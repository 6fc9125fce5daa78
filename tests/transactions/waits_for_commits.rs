//! A thread or a task that waits for a commit learns of the next one, of any thread and any process.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::process;
use mapleaf::{CommitId, Dbi, Env, Error, ErrorKind, Result};

const LONG: Duration = Duration::from_secs(50);

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_thread_returns_with_the_newest_id_or_after_its_time() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let first = env.snapshot()?.id();
    assert_eq!(u64::from(env.wait_changed(first - 1, Duration::ZERO)?), first, "there is one already");
    let began = Instant::now();
    assert_eq!(kind(env.wait_changed(first, Duration::from_millis(50))), Some(ErrorKind::Timeout));
    assert!(began.elapsed() >= Duration::from_millis(50));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| env.wait_changed(CommitId::from(first), LONG));
        thread::sleep(Duration::from_millis(30));
        env.transact(|_| Ok(())).expect("it changes nothing");
        env.transact(|txn| dbi.put(txn, 1, 1)).expect("it commits");
        assert_eq!(waiting.join().expect("no panic").map(u64::from).ok(), Some(first + 1));
    });
    env.transact(|_| {
        assert_eq!(kind(env.wait_changed(0, LONG)), Some(ErrorKind::Nested));
        Ok(())
    })?;
    env.close()?;
    assert_eq!(kind(env.wait_changed(first + 1, LONG)), Some(ErrorKind::Closed));
    Ok(())
}

#[test]
fn a_thread_that_waits_learns_that_the_environment_was_closed() -> Result<()> {
    let env = Env::temporary()?;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| env.wait_changed(u64::MAX, LONG));
        thread::sleep(Duration::from_millis(60));
        // A look at the newest state may be under way.
        while let Err(error) = env.close() {
            assert_eq!(error.kind(), ErrorKind::Busy);
        }
        assert_eq!(kind(waiting.join().expect("no panic")), Some(ErrorKind::Closed));
    });
    Ok(())
}

#[test]
fn every_kind_of_commit_wakes_a_task_before_it_returns() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let commits: [&dyn Fn() -> Result<()>; 6] = [
        &|| env.transact(|txn| dbi.put(txn, 1, 1)),
        &|| {
            let mut txn = env.begin()?;
            dbi.put(&mut txn, 2, 2)?;
            txn.commit().map(drop)
        },
        &|| {
            let mut batch = mapleaf::Batch::new();
            batch.put(&dbi, 3, 3)?;
            env.submit(batch)?.wait()
        },
        &|| env.dbi::<u8, u8>("new").map(drop),
        &|| env.clear_dbi("d"),
        &|| env.drop_dbi("new"),
    ];
    for (n, commit) in commits.into_iter().enumerate() {
        let since = env.snapshot()?.id();
        let woken = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut changed = pin!(env.changed(since));
        assert!(changed.as_mut().poll(&mut context).is_pending());
        assert!(changed.as_mut().poll(&mut context).is_pending(), "polled again without a change");
        commit()?;
        assert!(woken.0.load(Ordering::SeqCst) > 0, "commit {n} woke nobody");
        match changed.as_mut().poll(&mut context) {
            Poll::Ready(Ok(now)) => assert!(u64::from(now) > since),
            outcome => panic!("commit {n}: {outcome:?}"),
        }
    }
    Ok(())
}

#[test]
fn a_dropped_future_is_forgotten_and_a_panicking_waker_harms_no_commit() -> Result<()> {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let since = env.snapshot()?.id();
    let woken = Arc::new(Counting::default());
    let (counts, panics) = (Waker::from(Arc::clone(&woken)), Waker::from(Arc::new(Panics)));
    {
        let mut dropped = pin!(env.changed(since));
        assert!(dropped.as_mut().poll(&mut Context::from_waker(&counts)).is_pending());
    }
    let mut bad = pin!(env.changed(since));
    assert!(bad.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&woken), 2, "the waker and this one");
    assert!(bad.as_mut().poll(&mut Context::from_waker(&counts)).is_ready());
    Ok(())
}

#[test]
fn commits_of_another_process_are_noticed() -> Result<()> {
    const NAME: &str = "commits_of_another_process_are_noticed";
    if let Some(arguments) = process::arguments() {
        let env = Env::open(&arguments[0])?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        process::tell("open");
        for n in 0..2 {
            process::hear()?;
            env.transact(|txn| dbi.put(txn, n, n))?;
        }
        return process::hear().map(drop);
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    env.dbi::<u32, u32>("d")?;
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("open");
    let since = env.snapshot()?.id();
    let woken = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut changed = pin!(env.changed(since));
    assert!(changed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    child.say("commit")?;
    let began = Instant::now();
    while woken.0.load(Ordering::SeqCst) == 0 {
        assert!(began.elapsed() < LONG, "nobody woke the task");
        thread::sleep(Duration::from_millis(2));
    }
    assert!(changed.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    child.say("commit")?;
    assert_eq!(u64::from(env.wait_changed(since + 1, LONG)?), since + 2);
    child.say("end")?;
    child.passes()
}
