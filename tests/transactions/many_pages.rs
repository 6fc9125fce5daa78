//! LMDB lists at most 131,071 dirty pages of a transaction; mapleaf's transactions have no such limit. Transactions of
//! slightly fewer and slightly more pages are committed alike, however many of the last entries the free list needs,
//! and so is the largest write set that is allowed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::common::errors::{directory, io, refused};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

/// The number of pages that LMDB lists.
const LISTED: u32 = 131_071;
/// Two small and two large rows fill a leaf.
const ROWS_A_LEAF: u32 = 4;
const LEAVES: u32 = LISTED + 400;
/// LMDB writes out an eighth of its list when a change of a tree of four levels finds twelve free entries. Each of
/// these transactions touches one leaf more than the one before, so some of them reach the free list with the fewest
/// entries possible.
const BELOW: u32 = 26;
const ABOVE: u32 = 6;
/// Commits that a snapshot keeps from being reclaimed. Their records make the free list three levels deep.
const RECORDS: u32 = 18_000;

type Rows = Dbi<u32, &'static [u8]>;

fn open(path: &Path) -> Result<(Env, Rows)> {
    let env = Env::options().durability(Durability::Process).map_size(16 << 30).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// Loads leaf after leaf, so that each has the same number of rows.
fn load(env: &Env, rows: &Rows) -> Result<u32> {
    let value = |key: u32| if key.is_multiple_of(2) { &[0; 4][..] } else { &[0; 1990][..] };
    let mut loader = env.loader();
    (0..LEAVES * ROWS_A_LEAF).try_for_each(|key| loader.put(rows, key, value(key)))?;
    loader.finish()?;
    let stat = rows.stat(&env.snapshot()?)?;
    assert_eq!((stat.leaf_pages, stat.overflow_pages), (u64::from(LEAVES), 0), "{stat:?}");
    Ok(u32::try_from(stat.branch_pages).unwrap_or(0))
}

/// The depth of the free list, from the meta pages.
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
fn transactions_around_the_length_of_the_dirty_page_list_are_committed() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(dir.path())?;
    let small: Dbi<u32, u32> = env.dbi("small")?;
    // A tree of one leaf leaves fewer free entries: one page for each of its values, until six are left.
    let last: Rows = env.dbi("values of a page")?;
    let branches = load(&env, &rows)?;
    // The pages above the leaves, and the page with the roots of all trees.
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
fn the_largest_allowed_write_set_is_committed() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = open(dir.path())?;
    let value = [7; 3900];
    let stored = env.transact(|txn| {
        // No key order, so that the pages of the tree are listed in no order; each value has a page of its own.
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
    // Frees as many pages at once.
    env.transact(|txn| rows.retain(txn, .., |_, _| false).map(drop))?;
    assert!(rows.is_empty(&env.snapshot()?)?);
    assert!(env.verify()?.is_clean());
    Ok(())
}
