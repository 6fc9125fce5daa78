//! A load keeps to its memory: all that it allocates, the buffers of the merge included.
#![expect(unsafe_code, reason = "what is allocated is counted by an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mapleaf::{Dbi, Env, LoadReport, Loader, Result};

/// The system's allocator, with a count of what is allocated now and was at most. LMDB has its own.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// The tests of this file count the same bytes: one has its turn from its first allocation to its last.
static TURN: Mutex<()> = Mutex::new(());

fn add(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; the counts are beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules.
        unsafe { System.dealloc(at, layout) }
    }

    // As the system may have to: both pieces are there for a moment.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// What the environment, its handles and errors may allocate meanwhile, and the index of a table.
const BESIDE: usize = 8 * KIB;

/// What a load came to, and how much memory it had at most.
fn measured(
    memory: usize,
    load: impl FnOnce(&mut Loader, [&Dbi<u64, &[u8]>; 3]) -> Result<()>,
) -> Result<(LoadReport, usize)> {
    let env = Env::temporary()?;
    let dbis = [env.dbi("a")?, env.dbi("b")?, env.dbi("c")?];
    let value: &[u8] = &[];
    // The first transaction and the first snapshot set up what stays.
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
fn short_rows_keep_to_it() -> Result<()> {
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
fn long_rows_keep_to_it_but_for_one() -> Result<()> {
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
