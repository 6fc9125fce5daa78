//! One thread at a time holds the transaction lock, and every waiting thread gets it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::commit::fair_lock::FairLock;

#[test]
fn a_waiter_is_passed_over_a_bounded_number_of_times() {
    let (turn, had) = (FairLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        let mut taken = turn.take();
        for n in 0..3 {
            let (turn, had) = (&turn, &had);
            scope.spawn(move || {
                let _taken = turn.take();
                had.fetch_add(1, Ordering::Relaxed);
            });
            while turn.waiting() <= n {
                thread::yield_now();
            }
        }
        assert!(turn.try_take().is_none());
        let mut rounds = 0;
        while had.load(Ordering::Relaxed) < 3 {
            // Released and taken again before a sleeping thread can be awake.
            drop(taken);
            taken = turn.take();
            rounds += 1;
            assert!(rounds <= 3 * 40, "three threads wait while one takes the turn {rounds} times");
        }
        drop(taken);
    });
    assert!(turn.try_take().is_some());
}

#[test]
fn waiters_get_the_released_lock_in_order() {
    let (turn, order) = (FairLock::new(), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let taken = turn.take();
        for n in 0..20 {
            let (turn, order) = (&turn, &order);
            scope.spawn(move || {
                let _taken = turn.take();
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
                    let taken = if round % 7 == 0 { turn.try_take() } else { Some(turn.take()) };
                    let Some(_taken) = taken else { continue };
                    assert!(!inside.swap(true, Ordering::Relaxed), "two at once");
                    // A token from elsewhere must not be taken for the lock's.
                    thread::current().unpark();
                    inside.store(false, Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(done.into_inner() >= 16 * 1700);
    assert!(turn.try_take().is_some());
}
