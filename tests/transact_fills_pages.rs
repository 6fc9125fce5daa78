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
        assert!(filled > 0.95, "{name}: leaves are filled to {filled}");
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
