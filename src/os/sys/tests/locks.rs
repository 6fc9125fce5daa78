//! Locks on bytes belong to open files.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::Outcome;
use crate::os::sys::LockKind::{Exclusive, Shared};
use crate::os::sys::{is_locked, try_lock, unlock, unlock_of_lmdb, wait_lock};

/// Bytes inside and far outside a file of one byte.
const BYTES: [i64; 3] = [0, 4, i64::MAX - 1];

/// Two open files of one file.
fn two() -> std::io::Result<[File; 2]> {
    let file = tempfile::NamedTempFile::new()?;
    file.as_file().set_len(1)?;
    Ok([file.reopen()?, file.reopen()?])
}

#[test]
fn only_shared_locks_of_two_open_files_go_together() -> Outcome {
    let [a, b] = two()?;
    for byte in BYTES {
        for (held, asked) in [(Shared, Shared), (Shared, Exclusive), (Exclusive, Shared), (Exclusive, Exclusive)] {
            assert!(try_lock(&a, byte, held)?);
            assert_eq!(try_lock(&b, byte, asked)?, held == Shared && asked == Shared, "{held:?} {asked:?}");
            unlock(&b, byte)?;
            // The lock on a neighbouring byte is independent.
            assert!(try_lock(&b, byte - 1 + 2 * i64::from(byte == 0), Exclusive)?);
            unlock(&a, byte)?;
            assert!(try_lock(&b, byte, asked)?, "it was released");
            unlock(&b, byte)?;
        }
    }
    Ok(())
}

#[test]
fn a_lock_changes_its_kind_unless_another_lock_forbids_it() -> Outcome {
    let [a, b] = two()?;
    assert!(try_lock(&a, 0, Exclusive)? && try_lock(&a, 0, Shared)? && try_lock(&b, 0, Shared)?);
    assert!(!try_lock(&a, 0, Exclusive)?, "it is shared with another");
    unlock(&b, 0)?;
    assert!(try_lock(&a, 0, Exclusive)? && !try_lock(&b, 0, Shared)?);
    Ok(())
}

#[test]
fn a_lock_ends_with_its_open_file_and_with_no_other() -> Outcome {
    let file = tempfile::NamedTempFile::new()?;
    let [a, b] = [file.reopen()?, file.reopen()?];
    assert!(try_lock(&a, 0, Exclusive)?);
    drop(file.reopen()?);
    assert!(!try_lock(&b, 0, Shared)?);
    drop(a);
    assert!(try_lock(&b, 0, Exclusive)?);
    Ok(())
}

#[test]
fn a_test_for_locks_sees_those_of_others_of_any_kind() -> Outcome {
    let [a, b] = two()?;
    for byte in BYTES {
        assert!(!is_locked(&b, byte)?);
        for kind in [Shared, Exclusive] {
            assert!(try_lock(&a, byte, kind)?);
            assert!(is_locked(&b, byte)? && !is_locked(&a, byte)?, "{kind:?}");
        }
        unlock(&a, byte)?;
        assert!(!is_locked(&b, byte)?);
    }
    Ok(())
}

#[test]
fn a_lock_as_lmdb_takes_it_is_seen_and_can_be_released() -> Outcome {
    let [a, b] = two()?;
    let lock = libc::flock {
        l_type: i16::try_from(libc::F_WRLCK)?,
        l_whence: i16::try_from(libc::SEEK_SET)?,
        l_start: 7,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&a, FcntlArg::F_SETLK(&lock))?;
    assert!(is_locked(&a, 7)? && is_locked(&b, 7)? && !try_lock(&a, 7, Shared)?);
    unlock_of_lmdb(&b, 6)?;
    assert!(is_locked(&b, 7)?, "that was another byte");
    unlock_of_lmdb(&b, 7)?;
    assert!(!is_locked(&b, 7)? && try_lock(&a, 7, Exclusive)?);
    Ok(())
}

#[test]
fn a_waiter_gets_the_lock_once_it_is_released() -> Outcome {
    let [a, b] = two()?;
    let released = AtomicBool::new(false);
    assert!(try_lock(&a, 0, Exclusive)?);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_lock(&b, 0, Exclusive).map(|()| released.load(Ordering::SeqCst)));
        thread::yield_now();
        released.store(true, Ordering::SeqCst);
        unlock(&a, 0)?;
        assert!(waiter.join().expect("the waiter does not panic")?, "it did not wait");
        assert!(!try_lock(&a, 0, Shared)?);
        Ok(())
    })
}
