//! The memory of a transaction is bounded by its changes: 1.2 times the bytes of keys and values, and 40 bytes for each
//! entry. The allocator counts it, also while the changes are sorted.

#![allow(unsafe_code, reason = "a counting allocator implements an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result, WriteTxn};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller meets the requirements of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    // A large block grows in place: the kernel moves it by its page tables, without a second block.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        grow(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A shape of rows.
#[derive(Debug, Clone, Copy)]
struct Shape {
    rows: u32,
    key: usize,
    value: usize,
    /// Every 64th row has a value of this many bytes.
    large: usize,
    scattered: bool,
}

type Rows = Dbi<&'static [u8], &'static [u8]>;

static VALUE: [u8; 100_000] = [7; 100_000];

impl Shape {
    fn put(self, rows: &Rows, txn: &mut WriteTxn, n: u32) -> Result<()> {
        let number = if self.scattered { n.wrapping_mul(0x9E37_79B1) } else { n };
        let mut key = [b'k'; 100];
        key[self.key - 4..self.key].copy_from_slice(&number.to_be_bytes());
        let len = if n.is_multiple_of(64) { self.large } else { self.value };
        rows.put(txn, &key[..self.key], &VALUE[..len])
    }

    fn payload(self, rows: u32) -> usize {
        let large = rows.div_ceil(64) as usize;
        rows as usize * self.key + large * self.large + (rows as usize - large) * self.value
    }
}

#[track_caller]
fn check(shape: Shape, rows: u32, held: usize, when: &str) {
    let most = shape.payload(rows) * 12 / 10 + rows as usize * 40;
    // The environment and an empty write set take the rest.
    assert!(held < most + (8 << 10), "{held} bytes of {most} {when}: {rows} of {shape:?}");
}

#[test]
fn the_memory_of_a_transaction_is_bounded_by_its_changes() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let shape = Shape { rows: 100_000, key: 24, value: 150, large: 150, scattered: true };
    let shapes = [
        shape,
        Shape { scattered: false, ..shape },
        Shape { key: 8, value: 0, large: 0, ..shape },
        Shape { rows: 20_000, large: 20_000, ..shape },
        Shape { rows: 20_000, value: 10, large: 100_000, ..shape },
        Shape { rows: 300, ..shape },
    ];
    for shape in shapes {
        for looked_at in [u32::MAX, 10_000, 100] {
            let undone: Result<()> = env.transact(|txn| {
                let before = HELD.load(Ordering::Relaxed);
                let held = || HELD.load(Ordering::Relaxed).saturating_sub(before);
                for n in 0..shape.rows {
                    shape.put(&rows, txn, n)?;
                    if n % looked_at == looked_at - 1 {
                        check(shape, n + 1, held(), "before a look");
                        rows.contains(txn, b"key")?;
                        check(shape, n + 1, held(), "behind a look");
                    }
                }
                check(shape, shape.rows, held(), "unsorted");
                PEAK.store(HELD.load(Ordering::Relaxed), Ordering::Relaxed);
                rows.contains(txn, b"key")?;
                check(shape, shape.rows, PEAK.load(Ordering::Relaxed).saturating_sub(before), "while sorted");
                check(shape, shape.rows, held(), "sorted");
                Err(Error::new(ErrorKind::Other, "enough"))
            });
            assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Other));
        }
    }
    kept_savepoints_take_no_more(&env, &rows)?;
    changes_in_place_take_no_more(&env, &rows)?;
    owned_scans_copy_a_block_at_an_end(&env, &rows)?;
    a_reserved_value_is_in_memory_once(&env, &rows);
    memory_kept_for_the_next_transaction_is_freed()
}

/// As above.
fn memory_kept_for_the_next_transaction_is_freed() -> Result<()> {
    const VALUES: u32 = 1000;
    let env = Env::options().durability(Durability::Process).temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let before = HELD.load(Ordering::Relaxed);
    let held = || HELD.load(Ordering::Relaxed).saturating_sub(before);
    let put = |n: u32| env.transact(|txn| (0..n).try_for_each(|n| rows.put(txn, &n.to_be_bytes(), &VALUE)));
    put(VALUES)?;
    put(VALUES)?;
    let large = VALUES as usize * VALUE.len() / 2;
    assert!(held() > large, "{} bytes are kept for a third transaction of this size", held());
    let began = Instant::now();
    while held() > 1 << 20 {
        assert!(began.elapsed() < Duration::from_mins(1), "{} bytes are still kept", held());
        thread::sleep(Duration::from_millis(50));
    }
    put(VALUES)
}

/// Part of the only test here: a concurrent one would be counted too.
fn kept_savepoints_take_no_more(env: &Env, rows: &Rows) -> Result<()> {
    let shape = Shape { rows: 50_000, key: 24, value: 150, large: 5_000, scattered: true };
    for part in [1_u32, 10, 1000] {
        env.transact(|txn| {
            let before = HELD.load(Ordering::Relaxed);
            for from in (0..shape.rows).step_by(part as usize) {
                txn.savepoint(|txn| (from..shape.rows.min(from + part)).try_for_each(|n| shape.put(rows, txn, n)))?;
            }
            check(shape, shape.rows, HELD.load(Ordering::Relaxed) - before, "in kept savepoints");
            rows.contains(txn, b"key")?;
            check(shape, shape.rows, HELD.load(Ordering::Relaxed) - before, "in kept savepoints, sorted");
            rows.clear(txn).map(drop)
        })?;
    }
    Ok(())
}

/// As above.
fn changes_in_place_take_no_more(env: &Env, rows: &Rows) -> Result<()> {
    let shape = Shape { rows: 100_000, key: 24, value: 150, large: 150, scattered: true };
    env.transact(|txn| (0..shape.rows).try_for_each(|n| shape.put(rows, txn, n)))?;
    // Every n-th row is changed.
    for nth in [1, 10, u32::MAX] {
        let undone: Result<()> = env.transact(|txn| {
            let before = HELD.load(Ordering::Relaxed);
            PEAK.store(before, Ordering::Relaxed);
            let mut seen = 0;
            let changed = rows.update_range(txn, .., |_, value| {
                seen += 1;
                Some(if seen % nth == 0 { vec![8; value.len()] } else { value.to_vec() })
            })?;
            assert_eq!((seen, changed), (shape.rows, u64::from(shape.rows / nth)));
            let peak = PEAK.load(Ordering::Relaxed) - before;
            // A block of changes is copied.
            check(shape, shape.rows / nth, peak.saturating_sub(80 << 10), "changed in place");
            Err(Error::new(ErrorKind::Other, "enough"))
        });
        assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Other));
    }
    Ok(())
}

/// As above.
fn owned_scans_copy_a_block_at_an_end(env: &Env, rows: &Rows) -> Result<()> {
    let shape = Shape { rows: 20_000, key: 24, value: 150, large: 100_000, scattered: false };
    env.transact(|txn| {
        rows.clear(txn)?;
        (0..shape.rows).try_for_each(|n| shape.put(rows, txn, n))
    })?;
    let snap = env.snapshot()?;
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let mut entries = rows.iter_owned(snap)?;
    for turn in 0..shape.rows {
        let (key, value) =
            if turn % 2 == 0 { entries.next() } else { entries.next_back() }.transpose()?.unwrap_or_default();
        assert!(key.len() == shape.key && [shape.value, shape.large].contains(&value.len()));
    }
    assert!(entries.next().is_none());
    // Two blocks of 32 KiB with their ends, which may have grown to twice of that, and one entry: a large value is not
    // copied ahead.
    let most = shape.large + (160 << 10);
    let peak = PEAK.load(Ordering::Relaxed) - before;
    assert!(peak < most, "{peak} bytes of {most}");
    Ok(())
}

/// As above.
fn a_reserved_value_is_in_memory_once(env: &Env, rows: &Rows) {
    const LEN: usize = 64 << 20;
    let undone: Result<()> = env.transact(|txn| {
        rows.put(txn, b"small", &VALUE[..100])?;
        let before = HELD.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let failed = rows.try_put_reserved(txn, b"large", LEN, |_| Err(Error::new(ErrorKind::Other, "not now")));
        assert!(failed.is_err());
        let left = HELD.load(Ordering::Relaxed).saturating_sub(before);
        assert!(left < 64 << 10, "{left} bytes are left of a value that failed");
        rows.put_reserved(txn, b"large", LEN, |bytes| bytes.fill(1))?;
        assert_eq!(rows.get(txn, b"large")?.map(|value| (value.len(), value[LEN - 1])), Some((LEN, 1)));
        let peak = PEAK.load(Ordering::Relaxed) - before;
        assert!(peak < LEN + (64 << 10), "{peak} bytes for {LEN}");
        // The old value stays until the new one is written, since that may fail.
        rows.put_reserved(txn, b"large", LEN, |bytes| bytes.fill(2))?;
        let (peak, left) = (PEAK.load(Ordering::Relaxed) - before, HELD.load(Ordering::Relaxed) - before);
        assert!(peak < 2 * LEN + (64 << 10), "{peak} bytes while {LEN} are replaced");
        assert!(left < LEN + (64 << 10), "{left} bytes after {LEN} were replaced");
        assert_eq!(rows.get(txn, b"large")?.map(|value| (value.len(), value[LEN - 1])), Some((LEN, 2)));
        Err(Error::new(ErrorKind::Other, "enough"))
    });
    assert_eq!(undone.map_err(|error| error.message().to_owned()), Err("enough".to_owned()));
}
