//! A commit waits for those threads of the last group that return soon, and for no others.

use std::time::{Duration, Instant};

use crate::commit::group_delay::GroupDelay;

const COMMIT: Duration = Duration::from_micros(100);

/// Commits on a clock that the test advances.
struct Clock {
    delay: GroupDelay,
    now: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { delay: GroupDelay::default(), now: Instant::now() }
    }

    /// `notified` threads commit together, while `pending` threads join the next group.
    fn commit(&mut self, notified: u32, pending: u32) {
        self.delay.taken(self.now);
        self.now += COMMIT;
        self.delay.ended(notified, pending, || self.now);
    }

    /// This many threads join, each that long after the one before.
    fn join(&mut self, threads: u32, each: Duration) {
        for _ in 0..threads {
            self.now += each;
            self.delay.joined(|| self.now);
        }
    }

    fn wanted(&self) -> u32 {
        self.delay.wanted(self.now).0
    }
}

#[test]
fn a_lone_thread_neither_waits_nor_reads_the_clock() {
    let mut delay = GroupDelay::default();
    for _ in 0..10 {
        assert!(!delay.is_shared());
        delay.ended(1, 0, || unreachable!("nobody else is there"));
        delay.joined(|| unreachable!("nobody waits for it"));
    }
    assert_eq!(delay.wanted(Instant::now()), (0, Duration::ZERO));
}

#[test]
fn all_threads_that_return_within_a_commit_are_waited_for() {
    let mut clock = Clock::new();
    clock.commit(8, 0);
    assert!(!clock.delay.is_shared(), "nobody knows yet");
    clock.join(8, Duration::from_micros(10));
    clock.commit(8, 0);
    assert!(clock.delay.is_shared());
    assert_eq!(clock.wanted(), 8);
    // Twice the time of the last return, counted from the notification.
    assert_eq!(clock.delay.wanted(clock.now + Duration::from_micros(60)), (8, Duration::from_micros(100)));
    // Threads from the other group are expected to stay.
    clock.join(8, Duration::from_micros(10));
    clock.commit(8, 2);
    assert_eq!(clock.wanted(), 10);
}

#[test]
fn a_late_thread_does_not_wait_for_the_others() {
    let mut clock = Clock::new();
    clock.commit(32, 0);
    clock.join(32, Duration::from_micros(2));
    clock.commit(32, 0);
    assert_eq!(clock.delay.wanted(clock.now), (32, Duration::from_micros(128)));
    clock.now += Duration::from_micros(129);
    assert_eq!(clock.delay.wanted(clock.now).1, Duration::ZERO);
    clock.now += Duration::from_hours(1);
    assert_eq!(clock.delay.wanted(clock.now).1, Duration::ZERO);
}

#[test]
fn half_the_threads_are_waited_for_if_all_take_longer_than_a_commit() {
    let mut clock = Clock::new();
    clock.commit(40, 0);
    clock.join(40, Duration::from_micros(4));
    clock.commit(40, 0);
    assert_eq!(clock.wanted(), 20);
    clock.join(40, Duration::from_micros(4));
    clock.commit(20, 20);
    assert_eq!(clock.wanted(), 20, "which are there");
}

#[test]
fn threads_that_do_not_return_are_not_waited_for() {
    let mut clock = Clock::new();
    clock.commit(8, 0);
    clock.join(8, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 8);
    clock.join(7, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 0);
    // It waits again once all return.
    clock.join(8, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 8);
}

#[test]
fn no_wait_is_longer_than_a_millisecond() {
    let mut clock = Clock::new();
    clock.delay.taken(clock.now);
    clock.now += Duration::from_secs(3);
    clock.delay.ended(8, 0, || clock.now);
    clock.join(8, Duration::from_millis(100));
    clock.delay.taken(clock.now);
    clock.now += Duration::from_secs(3);
    clock.delay.ended(8, 0, || clock.now);
    assert_eq!(clock.delay.wanted(clock.now), (8, Duration::from_millis(1)));
}
