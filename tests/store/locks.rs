//! A lock has one holder at a time, ends at its deadline, and counts its acquisitions for ever.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mapleaf::store::{Backend, LockHeld, Locks, Records, RecordsOptions};
use mapleaf::{Durability, Env, Error, ErrorKind, Result};

use crate::records_support::{Hand, kind, laws};

laws! {
    a_lock_that_is_held_is_refused_with_its_holder
    only_the_holder_releases
    a_lock_ends_at_its_deadline
    the_holder_can_take_it_again_and_renew_it
    a_lost_lock_can_be_neither_renewed_nor_released
    fences_grow_over_releases_and_deadlines
    locks_have_nothing_in_common
    bad_input_changes_nothing
    a_row_that_is_damaged_is_an_error
    whoever_waits_gets_it_when_it_is_free
    only_one_of_many_threads_is_inside
}

const TIME: Duration = Duration::from_nanos(100);

/// Locks with a clock that shows 1,000.
fn locks<B: Backend>(backend: &B) -> Result<(Locks<B>, Arc<Hand>)> {
    let hand = Hand::at(1_000);
    Ok((Locks::open_with(backend, "locks", RecordsOptions::new().clock(hand.clone()))?, hand))
}

fn a_lock_that_is_held_is_refused_with_its_holder<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let grant = locks.acquire("a", "ann", TIME)?;
    assert_eq!((&*grant.name, &*grant.holder, grant.fence, grant.until), ("a", "ann", 1, 1_100));
    let error = locks.acquire("a", "bob", TIME).expect_err("it is held");
    assert!(error.kind() == ErrorKind::Locked && error.is_retryable());
    assert_eq!(error.downcast::<LockHeld>().expect("the cause").grant, grant);
    assert_eq!(locks.holder("a")?, Some(grant));
    Ok(())
}

fn only_the_holder_releases<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let grant = locks.acquire("a", "ann", TIME)?;
    let mut other = grant.clone();
    other.holder = "bob".into();
    assert!(!locks.release(&other)?);
    assert_eq!(locks.holder("a")?, Some(grant.clone()));
    assert!(locks.release(&grant)? && !locks.release(&grant)?);
    assert_eq!(locks.holder("a")?, None);
    Ok(())
}

fn a_lock_ends_at_its_deadline<B: Backend>(backend: &B) -> Result<()> {
    let (locks, hand) = locks(backend)?;
    locks.acquire("a", "ann", TIME)?;
    hand.set(1_099);
    assert_eq!(kind(locks.acquire("a", "bob", TIME)), Some(ErrorKind::Locked));
    hand.set(1_100);
    assert_eq!(locks.holder("a")?, None);
    assert_eq!(locks.acquire("a", "bob", TIME)?.fence, 2);
    Ok(())
}

fn the_holder_can_take_it_again_and_renew_it<B: Backend>(backend: &B) -> Result<()> {
    let (locks, hand) = locks(backend)?;
    let grant = locks.acquire("a", "ann", TIME)?;
    hand.set(1_050);
    let again = locks.acquire("a", "ann", TIME)?;
    assert_eq!((again.fence, again.until), (1, 1_150));
    let renewed = locks.renew(&grant, Duration::from_nanos(500))?.expect("it is held");
    assert_eq!((renewed.fence, renewed.until), (1, 1_550));
    hand.set(1_549);
    assert_eq!(locks.holder("a")?, Some(renewed));
    Ok(())
}

fn a_lost_lock_can_be_neither_renewed_nor_released<B: Backend>(backend: &B) -> Result<()> {
    let (locks, hand) = locks(backend)?;
    let lost = locks.acquire("a", "ann", TIME)?;
    hand.set(1_100);
    assert_eq!((locks.renew(&lost, TIME)?, locks.release(&lost)?), (None, false));
    // The same holder, but another acquisition.
    let grant = locks.acquire("a", "ann", TIME)?;
    assert_eq!((locks.renew(&lost, TIME)?, locks.release(&lost)?), (None, false));
    assert_eq!(locks.holder("a")?, Some(grant));
    Ok(())
}

fn fences_grow_over_releases_and_deadlines<B: Backend>(backend: &B) -> Result<()> {
    let (locks, hand) = locks(backend)?;
    let mut now = 1_000;
    for fence in 1..20_u64 {
        let grant = locks.acquire("a", ["ann", "bob"][usize::from(fence % 3 == 0)], TIME)?;
        assert_eq!(grant.fence, fence);
        if fence % 2 == 0 {
            assert!(locks.release(&grant)?);
        } else {
            now += 100;
            hand.set(now);
        }
    }
    Ok(())
}

fn locks_have_nothing_in_common<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let others = Locks::open(backend, "others")?;
    locks.acquire("a", "ann", TIME)?;
    assert_eq!(locks.acquire("b", "bob", TIME)?.fence, 1);
    assert_eq!(others.acquire("a", "bob", TIME)?.fence, 1);
    Ok(())
}

fn bad_input_changes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    assert_eq!(kind(locks.acquire("a", "", TIME)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(locks.acquire("a", "ann", Duration::ZERO)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(locks.acquire("", "ann", TIME)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(locks.acquire(&"a".repeat(2_000), "ann", TIME)), Some(ErrorKind::TooLarge));
    assert_eq!((locks.holder("a")?, locks.holder("")?), (None, None));
    let grant = locks.acquire("a", "ann", Duration::MAX)?;
    assert_eq!(grant.until, u64::MAX);
    assert_eq!(kind(locks.renew(&grant, Duration::ZERO)), Some(ErrorKind::InvalidArgument));
    assert_eq!(locks.holder("a")?, Some(grant));
    Ok(())
}

fn a_row_that_is_damaged_is_an_error<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let rows: Records<&str, &[u8], B> = Records::open(backend, "locks")?;
    // Too short; a holder that is no text; the greatest fence.
    for row in [
        &[0; 15][..],
        &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        rows.put("a", row)?;
        assert_eq!(kind(locks.acquire("a", "ann", TIME)), Some(ErrorKind::Corrupted));
    }
    Ok(())
}

fn whoever_waits_gets_it_when_it_is_free<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let grant = locks.acquire("a", "ann", TIME)?;
    let none = locks.acquire_timeout("a", "bob", TIME, Duration::from_millis(1));
    assert_eq!(kind(none), Some(ErrorKind::Locked));
    let waiter = locks.clone();
    let waiting = thread::spawn(move || waiter.acquire_timeout("a", "bob", TIME, Duration::from_mins(1)));
    assert!(locks.release(&grant)?);
    assert_eq!(waiting.join().expect("no panic")?.fence, 2);
    Ok(())
}

fn only_one_of_many_threads_is_inside<B: Backend>(backend: &B) -> Result<()> {
    let (locks, _) = locks(backend)?;
    let (inside, last) = (AtomicBool::new(false), AtomicU64::new(0));
    let fences = thread::scope(|scope| {
        let work = |holder: String| {
            let (locks, inside, last) = (locks.clone(), &inside, &last);
            move || -> Result<Vec<u64>> {
                let mut fences = Vec::new();
                for _ in 0..10 {
                    let grant = locks.acquire_timeout("a", &holder, Duration::MAX, Duration::from_mins(1))?;
                    assert!(!inside.swap(true, Ordering::SeqCst), "two are inside");
                    assert!(last.swap(grant.fence, Ordering::SeqCst) < grant.fence);
                    fences.push(grant.fence);
                    thread::yield_now();
                    inside.store(false, Ordering::SeqCst);
                    assert!(locks.release(&grant)?);
                }
                Ok(fences)
            }
        };
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(work(format!("thread {n}")))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    assert_eq!(fences.concat().into_iter().collect::<BTreeSet<_>>(), (1..=40).collect());
    Ok(())
}

#[test]
fn a_lock_is_held_over_a_restart_until_its_deadline() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let open = || Env::options().durability(Durability::Process).open(dir.path());
    let env = open()?;
    let (held, _) = locks(&env)?;
    let grant = held.acquire("a", "ann", TIME)?;
    drop((held, env));
    let env = open()?;
    let (locks, hand) = locks(&env)?;
    assert_eq!(kind(locks.acquire("a", "bob", TIME)), Some(ErrorKind::Locked));
    assert!(locks.renew(&grant, TIME)?.is_some());
    hand.set(1_100);
    assert_eq!(locks.acquire("a", "bob", TIME)?.fence, 2);
    Ok(())
}
