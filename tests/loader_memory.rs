//! A load stays within its memory limit, which covers all that it allocates, including the buffers of the merge.
#![expect(unsafe_code, reason = "a counting allocator implements an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mapleaf::{Dbi, Env, LoadReport, Loader, Result};

/// The system's allocator, with counters of the current and the greatest allocated size. LMDB has its own allocator.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// The tests of this file count the same bytes, so each holds this lock from its first allocation to its last.
static TURN: Mutex<()> = Mutex::new(());

fn add(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator unchanged; the counters are separate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller meets the requirements of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller meets the requirements of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    // Counts both blocks for a moment, as the system may need both.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller meets the requirements of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// An allowance for the environment, its handles, errors, and the index of a table.
const BESIDE: usize = 8 * KIB;

/// Runs a load; returns its report and the most memory that it had allocated.
fn measured(
    memory: usize,
    load: impl FnOnce(&mut Loader, [&Dbi<u64, &[u8]>; 3]) -> Result<()>,
) -> Result<(LoadReport, usize)> {
    let env = Env::temporary()?;
    let dbis = [env.dbi("a")?, env.dbi("b")?, env.dbi("c")?];
    let value: &[u8] = &[];
    // The first transaction and the first snapshot allocate memory that stays.
    env.transact(|txn| dbis[0].put(txn, 0, value))?;
    drop(env.snapshot()?);
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let mut loader = env.loader().memory(memory);
    load(&mut loader, [&dbis[0], &dbis[1], &dbis[2]])?;
    let report = loader.finish()?;
    let most = MOST.load(Ordering::Relaxed).saturating_sub(before);
    let after = NOW.load(Ordering::Relaxed).saturating_sub(before);
    assert!(after < BESIDE, "{after} bytes are left of it");
    Ok((report, most))
}

fn key(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[test]
fn a_load_of_short_rows_stays_within_its_memory() -> Result<()> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (memory, rows) in [(64 * KIB, 60_000), (MIB, 200_000), (4 * MIB, 400_000)] {
        for length in [0, 20] {
            let value = vec![1; length];
            let (report, most) = measured(memory, |loader, dbis| {
                (0..rows).try_for_each(|n| loader.put(dbis[(n % 3) as usize], key(n), &value))
            })?;
            assert!(report.runs > 1, "{report:?}");
            assert!(most <= memory + BESIDE, "{most} of {memory}, values of {length}");
            assert!(most > memory / 2, "{most} of {memory}: memory that is given is used");
        }
    }
    Ok(())
}

#[test]
fn a_load_of_long_rows_exceeds_its_memory_by_one_row_at_most() -> Result<()> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (memory, length, rows) in
        [(64 * KIB, 900, 2_000), (64 * KIB, 20_000, 200), (64 * KIB, MIB, 9), (MIB, 200_000, 60)]
    {
        let value = vec![1; length];
        let (report, most) = measured(memory, |loader, dbis| {
            (0..rows).try_for_each(|n| loader.put(dbis[(n % 3) as usize], key(n), &value))
        })?;
        assert!(report.runs > 1, "{report:?}");
        assert!(most <= memory + length + BESIDE, "{most} of {memory}, values of {length}");
    }
    Ok(())
}
