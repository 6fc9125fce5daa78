//! The number of pages that LMDB lists of a transaction, 131,071, is no limit to one of ours: those of some fewer and some
//! more are committed alike, whatever the free list needs of the last places, and so is the largest set that is allowed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::common::errors::{directory, io, refused};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

/// How many pages LMDB lists.
const LISTED: u32 = 131_071;
/// A leaf is full with two small rows and two large ones.
const ROWS_A_LEAF: u32 = 4;
const LEAVES: u32 = LISTED + 400;
/// LMDB writes an eighth ahead when twelve places are left at a change of a tree of four levels. So of transactions that touch
/// one leaf more each, some come to the free list with as few places as there can be.
const BELOW: u32 = 26;
const ABOVE: u32 = 6;
/// Commits that a snapshot keeps from being reclaimed: as many records in the free list make it three levels deep.
const RECORDS: u32 = 18_000;

type Rows = Dbi<u32, &'static [u8]>;

fn open(path: &Path) -> Result<(Env, Rows)> {
    let env = Env::options().durability(Durability::Process).map_size(16 << 30).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// Leaf after leaf, so that each has the same rows.
fn load(env: &Env, rows: &Rows) -> Result<u32> {
    let value = |key: u32| if key.is_multiple_of(2) { &[0; 4][..] } else { &[0; 1990][..] };
    let mut loader = env.loader();
    (0..LEAVES * ROWS_A_LEAF).try_for_each(|key| loader.put(rows, key, value(key)))?;
    loader.finish()?;
    let stat = rows.stat(&env.snapshot()?)?;
    assert_eq!((stat.leaf_pages, stat.overflow_pages), (u64::from(LEAVES), 0), "{stat:?}");
    Ok(u32::try_from(stat.branch_pages).unwrap_or(0))
}

/// The levels of the free list, from the meta pages.
fn free_list_depth(path: &Path) -> Result<u16> {
    let file = io(File::open(path.join("data.mdb")))?;
    let mut depth = 0;
    for page in 0..2 {
        let mut bytes = [0; 2];
        io(file.read_exact_at(&mut bytes, page * 4096 + 16 + 24 + 6))?;
        depth = depth.max(u16::from_le_bytes(bytes));
    }
    Ok(depth)
}

#[test]
#[ignore = "takes 3 GiB of memory and a minute"]
fn transactions_around_the_number_of_pages_that_are_listed_are_committed() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(dir.path())?;
    let small: Dbi<u32, u32> = env.dbi("small")?;
    // A tree of one leaf leaves fewer places: a page for each of its values, until six are left.
    let last: Rows = env.dbi("values of a page")?;
    let branches = load(&env, &rows)?;
    // The pages above the leaves, and the one that has all roots.
    let full = LISTED - branches - 1;
    for leaves in full - BELOW..=full + ABOVE {
        let kept = env.snapshot()?;
        for n in 0..RECORDS {
            env.transact(|txn| small.put(txn, 0, n))?;
        }
        if leaves % 8 == 0 {
            assert!(free_list_depth(dir.path())? >= 3, "{}", free_list_depth(dir.path())?);
        }
        env.transact(|txn| {
            (0..leaves).try_for_each(|leaf| {
                assert!(rows.delete(txn, leaf * ROWS_A_LEAF)?);
                Ok(())
            })
        })?;
        assert_eq!(rows.len(&env.snapshot()?)?, u64::from(LEAVES * ROWS_A_LEAF - leaves));
        env.transact(|txn| {
            (0..leaves).try_for_each(|leaf| rows.put(txn, leaf * ROWS_A_LEAF, &leaves.to_be_bytes()))?;
            (0..6).try_for_each(|key| last.put(txn, key, &[leaves.to_be_bytes()[3]; 3000]))
        })?;
        let snap = env.snapshot()?;
        assert_eq!(rows.len(&snap)?, u64::from(LEAVES * ROWS_A_LEAF));
        for leaf in [0, leaves / 2, leaves - 1] {
            assert_eq!(rows.get(&snap, leaf * ROWS_A_LEAF)?, Some(&leaves.to_be_bytes()[..]));
        }
        assert_eq!(last.get(&snap, 5)?, Some(&[leaves.to_be_bytes()[3]; 3000][..]));
        assert_eq!(rows.len(&kept)?, u64::from(LEAVES * ROWS_A_LEAF));
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
#[ignore = "takes 10 GiB of memory and 5 GiB of the disk"]
fn the_largest_set_that_is_allowed_is_committed() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(dir.path())?;
    let value = [7; 3900];
    let stored = env.transact(|txn| {
        // No order, so that the pages of the tree come and go in the list; each value is a page of its own.
        let mut n = 0_u32;
        loop {
            match rows.put(txn, n.wrapping_mul(0x9E37_79B1), &value) {
                Ok(()) => n += 1,
                full => {
                    refused(full, ErrorKind::TooLarge);
                    return Ok(n);
                }
            }
        }
    })?;
    assert!(stored > 8 * LISTED, "{stored}");
    let snap = env.snapshot()?;
    assert_eq!(rows.len(&snap)?, u64::from(stored));
    for n in (0..stored).step_by(997) {
        assert_eq!(rows.get(&snap, n.wrapping_mul(0x9E37_79B1))?, Some(&value[..]));
    }
    drop(snap);
    // As many pages at once, given up.
    env.transact(|txn| rows.retain(txn, .., |_, _| false).map(drop))?;
    assert!(rows.is_empty(&env.snapshot()?)?);
    assert!(env.verify()?.is_clean());
    Ok(())
}
