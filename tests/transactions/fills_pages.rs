//! Rows above the end of a tree are appended: pages are filled, in whatever order the rows came.

use mapleaf::{Dbi, Env, Result};

type Rows = Dbi<u64, Vec<u8>>;

/// The bytes of all leaves against those of their entries: key, value, 8 bytes of a node's header, 2 of its slot.
fn filling(env: &Env, rows: &Rows) -> Result<f64> {
    let stat = rows.stat(&env.snapshot()?)?;
    let used = u32::try_from(stat.entries * (8 + 100 + 10)).unwrap_or(u32::MAX);
    let room = u32::try_from(stat.leaf_pages * u64::from(stat.page_size - 16)).unwrap_or(u32::MAX);
    Ok(f64::from(used) / f64::from(room))
}

fn scattered(n: u64) -> u64 {
    // A permutation: the number is odd.
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[test]
fn rows_of_one_transaction_fill_their_pages_in_whatever_order_they_come() -> Result<()> {
    let env = Env::temporary()?;
    for (name, key) in [("ascending", (|n| n) as fn(u64) -> u64), ("scattered", scattered)] {
        let rows: Rows = env.dbi(name)?;
        env.transact(|txn| (0..10_000).try_for_each(|n| rows.put(txn, key(n), &[7; 100])))?;
        let filled = filling(&env, &rows)?;
        assert!(filled > 0.98, "{name}: leaves are filled to {filled}");
    }
    Ok(())
}

#[test]
fn rows_behind_the_last_one_that_is_left_are_appended_too() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    env.transact(|txn| (0..1000).try_for_each(|n| rows.put(txn, n, &[7; 100])))?;
    for part in 1..20 {
        env.transact(|txn| (part * 500..part * 500 + 500).try_for_each(|n| rows.put(txn, n, &[8; 100])))?;
    }
    let filled = filling(&env, &rows)?;
    assert!(filled > 0.93, "leaves are filled to {filled}");
    env.transact(|txn| {
        assert_eq!(rows.delete_range(txn, 10..)?, 9990);
        (10..9000).rev().try_for_each(|n| rows.put(txn, n, &[9; 100]))
    })?;
    let filled = filling(&env, &rows)?;
    assert!(filled > 0.93, "behind a gap leaves are filled to {filled}");
    assert_eq!(rows.get(&env.snapshot()?, 10)?, Some(vec![9; 100]));
    Ok(())
}

/// How many leaves entries take, in order, if each leaf has as many as go into it. Longer nodes than `half` lie elsewhere.
fn leaves(page_size: u32, lengths: impl Iterator<Item = (usize, usize)>) -> u64 {
    let room = page_size as usize - 16;
    let half = room / 2 - 2;
    let (mut leaves, mut used) = (0, room);
    for (key, value) in lengths {
        let node = if 8 + key + value > half { 8 + key + 8 } else { 8 + key + value };
        let bytes = 2 + node + node % 2;
        if used + bytes > room {
            (leaves, used) = (leaves + 1, 0);
        }
        used += bytes;
    }
    leaves
}

#[test]
fn an_empty_tree_is_filled_with_no_leaf_more_than_its_rows_take() -> Result<()> {
    // Keys of some length before a number, and values of up to so many bytes; the third makes a tree of many levels.
    for (before, most) in [(0, 0), (20, 300), (480, 40), (3, 2100), (100, 9000)] {
        for looked_at in [false, true] {
            let env = Env::temporary()?;
            let rows: Dbi<Vec<u8>, Vec<u8>> = env.dbi("rows")?;
            let key = |n: u64| [vec![b'k'; before], n.to_be_bytes().to_vec()].concat();
            let value = |n: u64| vec![7; usize::try_from(scattered(n) >> 32).unwrap_or(0) % (most + 1)];
            let fill = |from: u64| {
                env.transact(|txn| {
                    rows.clear(txn)?;
                    for n in (from..3000).rev() {
                        rows.put(txn, &key(n), &value(n))?;
                    }
                    if looked_at {
                        // A change that leaves nothing behind.
                        rows.delete(txn, &key(2000))?;
                    }
                    Ok(())
                })
            };
            // Into a tree that was never there, and into one that was cleared.
            for from in [0, 1] {
                fill(from)?;
                let there = || (from..3000).filter(|n| !looked_at || *n != 2000);
                let snap = env.snapshot()?;
                let stat = rows.stat(&snap)?;
                let expected = leaves(stat.page_size, there().map(|n| (key(n).len(), value(n).len())));
                assert_eq!(stat.leaf_pages, expected, "keys of {before}, values of up to {most}");
                let found = rows.iter(&snap)?.collect::<Result<Vec<_>>>()?;
                assert!(found.into_iter().eq(there().map(|n| (key(n), value(n)))), "keys of {before}");
                assert!(env.verify()?.is_clean());
            }
        }
    }
    Ok(())
}
