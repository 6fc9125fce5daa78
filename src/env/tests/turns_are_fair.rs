//! The turn goes to one thread at a time, in the order in which it was asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::env::turn::Turn;

#[test]
fn the_turn_goes_round_in_the_order_it_was_asked_for() {
    let (turn, order) = (Turn::new(), Mutex::new(Vec::new()));
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
        assert!(turn.try_take().is_none());
        drop(taken);
    });
    assert_eq!(order.into_inner().expect("nobody panics"), (0..20).collect::<Vec<_>>());
    assert!(turn.try_take().is_some());
}

#[test]
fn one_thread_at_a_time_has_the_turn_and_none_is_forgotten() {
    let (turn, inside, done) = (Turn::new(), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for round in 0..2000 {
                    let taken = if round % 7 == 0 { turn.try_take() } else { Some(turn.take()) };
                    let Some(_taken) = taken else { continue };
                    assert!(!inside.swap(true, Ordering::Relaxed), "two at once");
                    // What it was called by must not be taken for another's.
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
