//! A commit waits for as many of the threads that shared the last one as are back soon, and for no others.

use std::time::{Duration, Instant};

use crate::commit::group_delay::GroupDelay;

const COMMIT: Duration = Duration::from_micros(100);

/// Commits with time that passes as it is told to.
struct Clock {
    delay: GroupDelay,
    now: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { delay: GroupDelay::default(), now: Instant::now() }
    }

    /// `told` threads commit together, while `pending` join the next group.
    fn commit(&mut self, told: u32, pending: u32) {
        self.delay.taken(self.now);
        self.now += COMMIT;
        self.delay.ended(told, pending, || self.now);
    }

    /// As many threads join, each so long after the one before.
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
fn who_commits_alone_waits_for_nobody_and_asks_no_clock() {
    let mut delay = GroupDelay::default();
    for _ in 0..10 {
        assert!(!delay.is_shared());
        delay.ended(1, 0, || unreachable!("nobody else is there"));
        delay.joined(|| unreachable!("nobody waits for it"));
    }
    assert_eq!(delay.wanted(Instant::now()), (0, Duration::ZERO));
}

#[test]
fn all_are_waited_for_who_were_back_within_the_time_of_a_commit() {
    let mut clock = Clock::new();
    clock.commit(8, 0);
    assert!(!clock.delay.is_shared(), "nobody knows yet");
    clock.join(8, Duration::from_micros(10));
    clock.commit(8, 0);
    assert!(clock.delay.is_shared());
    assert_eq!(clock.wanted(), 8);
    // Twice as long as the last time, from when they were told.
    assert_eq!(clock.delay.wanted(clock.now + Duration::from_micros(60)), (8, Duration::from_micros(100)));
    // Those who were in another group are expected to stay.
    clock.join(8, Duration::from_micros(10));
    clock.commit(8, 2);
    assert_eq!(clock.wanted(), 10);
}

#[test]
fn who_comes_later_than_all_should_have_been_back_waits_for_none_of_them() {
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
fn half_are_waited_for_where_all_take_longer_than_a_commit() {
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
fn nobody_is_waited_for_who_does_not_come_back() {
    let mut clock = Clock::new();
    clock.commit(8, 0);
    clock.join(8, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 8);
    clock.join(7, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 0);
    // Until all do again.
    clock.join(8, Duration::from_micros(1));
    clock.commit(8, 0);
    assert_eq!(clock.wanted(), 8);
}

#[test]
fn nobody_is_waited_for_longer_than_a_millisecond() {
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
