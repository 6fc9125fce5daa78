//! One thread at a time holds the transaction lock, and every waiting thread gets it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::state::{FairLock, Wait};

#[test]
fn a_waiter_is_passed_over_a_bounded_number_of_times() {
    let (turn, had) = (FairLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        let mut taken = turn.acquire(Wait::Yes);
        for n in 0..3 {
            let (turn, had) = (&turn, &had);
            scope.spawn(move || {
                let _taken = turn.acquire(Wait::Yes);
                had.fetch_add(1, Ordering::Relaxed);
            });
            while turn.waiting() <= n {
                thread::yield_now();
            }
        }
        assert!(turn.acquire(Wait::No).is_none());
        let mut rounds = 0;
        while had.load(Ordering::Relaxed) < 3 {
            // The lock is released, and taken again before a sleeping thread can be awake.
            drop(taken);
            taken = turn.acquire(Wait::Yes);
            rounds += 1;
            assert!(rounds <= 3 * 40, "three threads wait while one takes the turn {rounds} times");
        }
        drop(taken);
    });
    assert!(turn.acquire(Wait::No).is_some());
}

#[test]
fn waiters_get_the_released_lock_in_order() {
    let (turn, order) = (FairLock::new(), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let taken = turn.acquire(Wait::Yes);
        for n in 0..20 {
            let (turn, order) = (&turn, &order);
            scope.spawn(move || {
                let _taken = turn.acquire(Wait::Yes);
                order.lock().expect("nobody panics").push(n);
            });
            while turn.waiting() <= n {
                thread::yield_now();
            }
        }
        drop(taken);
    });
    // Nobody came later, so nobody was passed over.
    assert_eq!(order.into_inner().expect("nobody panics"), (0..20).collect::<Vec<_>>());
}

#[test]
fn one_thread_at_a_time_holds_the_lock_and_none_is_forgotten() {
    let (turn, inside, done) = (FairLock::new(), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for round in 0..2000 {
                    let taken = if round % 7 == 0 { turn.acquire(Wait::No) } else { turn.acquire(Wait::Yes) };
                    let Some(_taken) = taken else { continue };
                    assert!(!inside.swap(true, Ordering::Relaxed), "two at once");
                    // A token from elsewhere must not count as the lock's.
                    thread::current().unpark();
                    inside.store(false, Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(done.into_inner() >= 16 * 1700);
    assert!(turn.acquire(Wait::No).is_some());
}

#[test]
fn a_wait_ends_at_its_deadline_and_wakes_the_next_in_line() {
    let (turn, done) = (FairLock::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        let taken = turn.acquire(Wait::Yes);
        let first = scope.spawn(|| {
            let began = Instant::now();
            let soon = began + Duration::from_millis(30);
            (turn.acquire(Wait::Until(soon)).is_some(), began.elapsed())
        });
        while turn.waiting() == 0 {
            thread::yield_now();
        }
        scope.spawn(|| {
            let _taken = turn.acquire(Wait::Yes);
            done.store(true, Ordering::Relaxed);
        });
        let (was_taken, waited) = first.join().expect("it does not panic");
        assert!(!was_taken && waited >= Duration::from_millis(30));
        drop(taken);
        // The second one is first in line now.
        while !done.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
    assert!(turn.acquire(Wait::Until(Instant::now())).is_some(), "a free lock needs no wait");
}

#[test]
fn deadlines_lose_no_wake_up() {
    let (turn, had) = (FairLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for n in 0..8 {
            let (turn, had) = (&turn, &had);
            scope.spawn(move || {
                for round in 0..1500_u64 {
                    let soon = Instant::now() + Duration::from_micros((round * 7 + n) % 90);
                    let wait = if n < 4 { Wait::Until(soon) } else { Wait::Yes };
                    let Some(_taken) = turn.acquire(wait) else { continue };
                    had.fetch_add(1, Ordering::Relaxed);
                    if round % 16 == 0 {
                        thread::sleep(Duration::from_micros(20));
                    }
                }
            });
        }
    });
    assert!(had.into_inner() >= 4 * 1500);
    assert!(turn.acquire(Wait::No).is_some());
}
