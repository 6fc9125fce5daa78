//! A commit wakes whoever waits, and nobody misses one that comes after the first look.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::state::change_watch::{ChangeWatch, Waiting};

const LONG: Duration = Duration::from_mins(2);

#[test]
fn a_thread_sees_every_number_of_a_counter_without_polling() {
    const LAST: u64 = 3_000;
    let (watch, counter) = (ChangeWatch::new(), AtomicU64::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let _waiting = Waiting::new(&watch);
                let mut known = 0;
                while known < LAST {
                    let seen = watch.rounds();
                    let now = counter.load(Ordering::SeqCst);
                    if now == known {
                        watch.wait(seen, LONG);
                    }
                    known = now;
                }
            });
        }
        for _ in 0..LAST {
            counter.fetch_add(1, Ordering::SeqCst);
            watch.notify();
        }
    });
    assert!(began.elapsed() < LONG, "a wake-up was lost");
}

#[test]
fn polling_begins_once_and_ends_when_nobody_waits() {
    let watch: Arc<ChangeWatch> = ChangeWatch::new();
    let waiting = Waiting::new(&watch);
    assert!(watch.begin_polling() && !watch.begin_polling());
    assert!(!watch.end_polling(false), "one waits");
    drop(waiting);
    assert!(watch.end_polling(false) && watch.begin_polling());
    let _waiting = Waiting::new(&watch);
    assert!(watch.end_polling(true), "whatever happens");
}
