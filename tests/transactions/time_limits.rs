//! `transact_timeout` waits for other writers until its limit, and its error names the one that writes.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

fn both(check: fn(&Env, &Dbi<u32, u32>) -> Result<()>) -> Result<()> {
    // With shared commits and without.
    for durability in [Durability::Immediate, Durability::Process] {
        let env = Env::options().durability(durability).temporary()?;
        check(&env, &env.dbi("rows")?)?;
    }
    Ok(())
}

#[test]
fn at_the_limit_it_gives_up_and_changes_nothing() -> Result<()> {
    both(|env, rows| {
        let limit = Duration::from_millis(50);
        let (error, waited) = env.transact(|_| {
            let wait = || {
                let began = Instant::now();
                let late = env.transact_timeout(limit, |txn| rows.put(txn, 1, 1));
                (late.expect_err("a transaction runs all the time"), began.elapsed())
            };
            Ok(thread::scope(|scope| scope.spawn(wait).join().expect("it does not panic")))
        })?;
        assert!(waited >= limit, "it waited {waited:?} only");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("transact_timeout")));
        assert!(error.is_retryable());
        let holder = format!("process {}, for", std::process::id());
        assert!(error.message().contains(&holder), "{error}");
        assert_eq!(rows.len(&env.snapshot()?)?, 0);
        Ok(())
    })
}

#[test]
fn a_turn_that_comes_before_the_limit_is_taken() -> Result<()> {
    both(|env, rows| {
        let (begun, has_begun) = mpsc::channel();
        thread::scope(|scope| {
            let late = scope.spawn(move || {
                let _ = has_begun.recv();
                env.transact_timeout(Duration::from_mins(10), |txn| rows.update(txn, 1, |old| old.map(|old| old + 1)))
            });
            env.transact(|txn| {
                let _ = begun.send(());
                thread::sleep(Duration::from_millis(20));
                rows.put(txn, 1, 41)
            })?;
            assert_eq!(late.join().expect("it does not panic")?, Some(42));
            Ok(())
        })
    })
}

#[test]
fn a_limit_beyond_the_clock_is_none_and_one_of_zero_still_takes_a_free_turn() -> Result<()> {
    both(|env, rows| {
        env.transact_timeout(Duration::MAX, |txn| rows.put(txn, 1, 1))?;
        env.transact_timeout(Duration::ZERO, |txn| rows.put(txn, 2, 2))?;
        assert_eq!(rows.len(&env.snapshot()?)?, 2);
        // The limit is for the waiting, not for the closure.
        env.transact_timeout(Duration::from_millis(1), |txn| {
            thread::sleep(Duration::from_millis(10));
            rows.put(txn, 3, 3)
        })?;
        assert_eq!(rows.len(&env.snapshot()?)?, 3);
        Ok(())
    })
}
