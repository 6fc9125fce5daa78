//! Subscribers of this process and of others.

use std::path::Path;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::{Event, KEPT, Subscriber, Tree};
use crate::Result;
use crate::tests::{for_both, run, start};

for_both! {
    changes_under_the_prefix_come_in_order_and_others_do_not
    a_thread_that_waits_gets_the_change_of_another
    a_task_that_waits_gets_the_changes_as_a_stream
    a_subscriber_may_fall_behind_as_far_as_the_log_goes
    changes_of_another_process_come_too;
    processes another_process
}

/// Longer than any commit.
const LONG: Duration = Duration::from_mins(1);

fn insert(key: &str, value: &str) -> Event {
    Event::Insert { key: key.into(), value: value.into() }
}

fn changes_under_the_prefix_come_in_order_and_others_do_not<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    tree.insert(b"user:zoe", b"before")?;
    let (mut users, mut all) = (tree.watch_prefix(b"user:")?, tree.watch_prefix(b"")?);
    tree.insert(b"user:ann", b"1")?;
    tree.insert(b"page:home", b"2")?;
    tree.insert(b"user:ann", b"3")?;
    tree.remove(b"user:ann")?;
    tree.remove(b"user:ann")?;
    tree.insert(b"user", b"4")?;
    let removed = Event::Remove { key: b"user:ann".into() };
    for event in [insert("user:ann", "1"), insert("user:ann", "3"), removed.clone()] {
        assert_eq!(users.next_timeout(LONG)?, Some(event));
    }
    assert_eq!(users.next_timeout(Duration::ZERO)?, None);
    assert_eq!(users.next_timeout(Duration::from_millis(30))?, None);
    let events = [insert("user:ann", "1"), insert("page:home", "2"), insert("user:ann", "3"), removed];
    for event in events.into_iter().chain([insert("user", "4")]) {
        assert_eq!(all.next_timeout(LONG)?, Some(event));
    }
    assert_eq!(all.next_timeout(Duration::ZERO)?, None);
    Ok(())
}

fn a_thread_that_waits_gets_the_change_of_another<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    let mut changes = tree.watch_prefix(b"k")?;
    let waiting = thread::spawn(move || {
        let began = Instant::now();
        changes.next_timeout(LONG).map(|event| (event, began.elapsed()))
    });
    // Most likely it waits by now. If it does not, the test still holds.
    thread::sleep(Duration::from_millis(50));
    tree.insert(b"other", b"1")?;
    tree.insert(b"key", b"2")?;
    let (event, took) = waiting.join().map_err(|_| "the thread panicked")??;
    assert_eq!(event, Some(insert("key", "2")));
    assert!(took < LONG, "it waited for its limit");
    Ok(())
}

fn a_task_that_waits_gets_the_changes_as_a_stream<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    let changes = tree.watch_prefix(b"k")?;
    thread::scope(|scope| {
        let writing = scope.spawn(|| (0..5).try_for_each(|n| tree.insert(format!("k{n}").as_bytes(), b"v")));
        run(async {
            let mut stream = pin!(changes.into_stream());
            for n in 0..5 {
                assert_eq!(stream.next().await.transpose()?, Some(insert(&format!("k{n}"), "v")));
            }
            Ok(())
        })?;
        writing.join().map_err(|_| "the thread panicked")?
    })
}

fn a_subscriber_may_fall_behind_as_far_as_the_log_goes<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    let (mut patient, mut slow) = (tree.watch_prefix(b"")?, tree.watch_prefix(b"")?);
    for n in 0..KEPT {
        tree.insert(n.to_string().as_bytes(), b"v")?;
    }
    for n in 0..KEPT {
        assert_eq!(patient.next_timeout(LONG)?, Some(insert(&n.to_string(), "v")));
    }
    tree.insert(b"one more", b"v")?;
    assert_eq!(patient.next_timeout(LONG)?, Some(insert("one more", "v")));
    assert!(slow.next_timeout(LONG).is_err(), "the first change is lost");
    Ok(())
}

fn another_process<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    (0..10).try_for_each(|n| tree.insert(format!("there:{n}").as_bytes(), b"v"))
}

fn changes_of_another_process_come_too<T: Tree>(path: &Path) -> Result<()> {
    let tree = T::open(path)?;
    let (mut changes, mut later) = (tree.watch_prefix(b"there:")?, tree.watch_prefix(b"there:9")?);
    let mut process = start::<T>("subscribe", "another_process", path)?;
    for n in 0..10 {
        tree.insert(b"here", b"v")?;
        assert_eq!(changes.next_timeout(LONG)?, Some(insert(&format!("there:{n}"), "v")));
    }
    assert!(process.wait()?.success());
    assert_eq!(run(async { later.next().await })?, insert("there:9", "v"));
    Ok(())
}
