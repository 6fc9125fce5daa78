//! Attempts: how many there are, how long the pauses between them are, and what the last error is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mapleaf::store::{Expect, ManualClock, Memory, RecordConflict, Records, RetryPolicy, Timer};
use mapleaf::{Error, ErrorKind, Result};
use proptest::prelude::*;

/// Does not wait, but notes for how long it was to wait.
#[derive(Default)]
struct Noting {
    clock: ManualClock,
    pauses: Mutex<Vec<Duration>>,
}

impl Timer for Noting {
    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, time: Duration) {
        self.pauses.lock().expect("no panic").push(time);
        self.clock.sleep(time);
    }
}

/// Runs work that always fails, and takes some time. Returns the number of attempts, the pauses, and the error.
fn run(policy: RetryPolicy, work: Duration, kind: ErrorKind) -> (u32, Vec<Duration>, Error) {
    let timer = Arc::new(Noting::default());
    let mut made = 0;
    let failed = policy.timer(timer.clone()).run(|attempt| {
        made += 1;
        assert_eq!(attempt, made);
        timer.clock.advance(work);
        Err::<(), _>(Error::new(kind, "it failed; do something"))
    });
    let pauses = timer.pauses.lock().expect("no panic").clone();
    (made, pauses, failed.expect_err("it fails"))
}

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn there_are_five_attempts_by_default() {
    let (made, pauses, error) = run(RetryPolicy::new(), Duration::ZERO, ErrorKind::Conflict);
    assert_eq!((made, pauses.len()), (5, 4));
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
    assert!(error.to_string().contains("attempt 5 of 5 failed: it failed"), "{error}");
}

#[test]
fn no_attempt_is_refused() {
    let (made, pauses, error) = run(RetryPolicy::new().attempts(0), Duration::ZERO, ErrorKind::Conflict);
    assert_eq!((made, pauses, error.kind()), (0, vec![], ErrorKind::InvalidArgument));
}

#[test]
fn an_error_that_cannot_be_retried_is_returned_at_once() {
    for kind in [ErrorKind::InvalidKey, ErrorKind::CommitOutcomeUnknown, ErrorKind::AlreadyExists, ErrorKind::Closed] {
        let (made, pauses, error) = run(RetryPolicy::new(), Duration::ZERO, kind);
        assert_eq!((made, pauses, error.kind(), error.message()), (1, vec![], kind, "it failed; do something"));
    }
    for kind in [ErrorKind::Unavailable, ErrorKind::Busy, ErrorKind::Timeout] {
        let (made, _, error) = run(RetryPolicy::new(), Duration::ZERO, kind);
        assert_eq!((made, error.kind(), error.is_retryable()), (5, kind, false));
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let policy = RetryPolicy::new().attempts(7).jitter(false).pauses(MS(3), MS(20));
    let (_, pauses, _) = run(policy, Duration::ZERO, ErrorKind::Busy);
    assert_eq!(pauses, [MS(3), MS(6), MS(12), MS(20), MS(20), MS(20)]);
}

#[test]
fn no_attempt_begins_after_the_limit() {
    let policy = || RetryPolicy::new().attempts(100).jitter(false).pauses(MS(10), MS(10)).limit(MS(50));
    // Attempts begin at 0, 15, 30 and 45 ms.
    assert_eq!(run(policy(), MS(5), ErrorKind::Busy).0, 4);
    let (made, pauses, error) = run(policy(), Duration::ZERO, ErrorKind::Busy);
    assert_eq!((made, pauses.len(), error.is_retryable()), (5, 4, false));
    assert_eq!(run(policy(), MS(50), ErrorKind::Busy).0, 1);
    assert_eq!(run(policy().limit(Duration::ZERO), Duration::ZERO, ErrorKind::Busy).0, 1);
}

#[test]
fn the_last_error_has_its_cause() -> Result<()> {
    let store: Records<&str, u32, _> = Records::open(&Memory::new()?, "store")?;
    let old = store.put("a", 1)?.token;
    let new = store.put("a", 2)?.token;
    let policy = RetryPolicy::new().attempts(2).timer(Arc::new(ManualClock::default()));
    let error = policy.run(|_| store.delete_if("a", Expect::Token(old))).expect_err("it fails");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
    assert_eq!((error.operation(), error.dbi(), error.key()), (Some("delete_if"), Some("store"), Some(&b"a"[..])));
    let conflict = error.downcast::<RecordConflict>().expect("the cause");
    assert_eq!(conflict.actual, Some(new));
    Ok(())
}

#[test]
fn an_attempt_that_succeeds_is_the_last() -> Result<()> {
    let timer = Arc::new(Noting::default());
    let busy = || Error::new(ErrorKind::Busy, "not now");
    let made = RetryPolicy::new().timer(timer.clone()).run(|n| if n < 3 { Err(busy()) } else { Ok(n) })?;
    assert_eq!((made, timer.pauses.lock().expect("no panic").len()), (3, 2));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pause_lies_in_the_upper_half(attempts in 1..80_u32, first in 0..5_000_u64, longest in 0..100_000_u64) {
        let (first, longest) = (Duration::from_nanos(first), Duration::from_nanos(longest));
        let policy = RetryPolicy::new().attempts(attempts).pauses(first, longest);
        let (made, pauses, _) = run(policy.clone(), Duration::ZERO, ErrorKind::Busy);
        let (_, most, _) = run(policy.jitter(false), Duration::ZERO, ErrorKind::Busy);
        prop_assert_eq!((made as usize, most.len()), (attempts as usize, pauses.len()));
        for (n, (pause, most)) in pauses.iter().zip(&most).enumerate() {
            let doubled = first.as_nanos() * 2_u128.pow(u32::try_from(n).expect("few"));
            prop_assert_eq!(most.as_nanos(), doubled.min(longest.as_nanos()));
            prop_assert!(*most / 2 <= *pause && pause <= most, "{:?} {:?}", pause, most);
        }
    }

    #[test]
    fn pauses_of_any_length(attempts in 1..200_u32, first in any::<u64>(), longest in any::<u64>()) {
        let (first, longest) = (Duration::from_secs(first), Duration::from_secs(longest));
        let (made, pauses, _) = run(RetryPolicy::new().attempts(attempts).pauses(first, longest), Duration::ZERO, ErrorKind::Busy);
        prop_assert_eq!(made, attempts);
        prop_assert!(pauses.iter().all(|pause| *pause <= longest));
    }
}

#[test]
fn a_manual_clock_stops_at_the_greatest_time() {
    use mapleaf::store::Clock;
    let clock = ManualClock::new(5);
    clock.advance(Duration::from_nanos(2));
    assert_eq!(clock.now(), 7);
    clock.set(3);
    assert_eq!((clock.now(), clock.elapsed()), (3, Duration::from_nanos(3)));
    clock.advance(Duration::MAX);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(clock.now(), u64::MAX);
}
