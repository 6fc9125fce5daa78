//! Rows after the last key of a tree are appended. Rows that come in key order fill their pages; rows that come in
//! another order leave space for later ones. An option sets the fill factor.

use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

type Rows = Dbi<u64, Vec<u8>>;

/// The fill of all leaves: the bytes of their entries (key, value, 8 bytes of node header, 2 of slot) as a part of the
/// leaves' size.
fn filling(env: &Env, rows: &Rows) -> Result<f64> {
    let stat = rows.stat(&env.snapshot()?)?;
    let used = u32::try_from(stat.entries * (8 + 100 + 10)).unwrap_or(u32::MAX);
    let room = u32::try_from(stat.leaf_pages * u64::from(stat.page_size - 16)).unwrap_or(u32::MAX);
    Ok(f64::from(used) / f64::from(room))
}

fn scattered(n: u64) -> u64 {
    // A permutation, since the factor is odd.
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A name, an order in which rows may come (the key of each row), and the expected fill of the pages.
type Order = (&'static str, fn(u64) -> u64, f64);

const ORDERS: [Order; 4] = [
    ("ascending", |n| n, 1.0),
    ("but for a few", |n| if n % 100 == 7 { n + (1 << 40) } else { n }, 1.0),
    ("scattered", scattered, 0.86),
    ("descending", |n| 20_000 - n, 0.86),
];

#[track_caller]
fn check(what: &str, filled: f64, expected: f64) {
    // A leaf ends when the next row does not fit; a row takes 3 % of a leaf.
    assert!(filled > expected - 0.04 && filled <= expected, "{what}: leaves are filled to {filled}, not {expected}");
}

#[test]
fn the_order_of_rows_in_a_transaction_decides_how_full_their_pages_are() -> Result<()> {
    let env = Env::temporary()?;
    for (name, key, expected) in ORDERS {
        let rows: Rows = env.dbi(name)?;
        env.transact(|txn| (0..10_000).try_for_each(|n| rows.put(txn, key(n), &[7; 100])))?;
        check(name, filling(&env, &rows)?, expected);
    }
    Ok(())
}

#[test]
fn the_order_of_rows_in_a_load_decides_how_full_their_pages_are() -> Result<()> {
    let env = Env::temporary()?;
    for (memory, runs) in [(64 << 20, false), (256 << 10, true)] {
        for chunk in [100_000, usize::MAX] {
            for (order, key, expected) in ORDERS {
                let name = format!("{order} {memory} {chunk}");
                let rows: Rows = env.dbi(&name)?;
                let mut loader = env.loader().memory(memory).chunk(chunk);
                (0..10_000).try_for_each(|n| loader.put(&rows, key(n), &[7; 100]))?;
                let report = loader.finish()?;
                assert_eq!((report.runs > 0, report.chunks > 1), (runs, chunk == 100_000), "{name}");
                check(&name, filling(&env, &rows)?, expected);
            }
        }
    }
    // Each block of rows is ascending, and each block sorts before the previous one.
    let rows: Rows = env.dbi("blocks backwards")?;
    let mut loader = env.loader().memory(256 << 10);
    (0..10_000).try_for_each(|n| loader.put(&rows, n % 500 + (20 - n / 500) * 500, &[7; 100]))?;
    assert!(loader.finish()?.runs > 3);
    check("blocks backwards", filling(&env, &rows)?, 0.86);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn the_fill_option_overrides_the_order_of_rows() -> Result<()> {
    for percent in [60, 70, 86, 100] {
        let env = Env::options().fill(percent).temporary()?;
        for (name, key, _) in ORDERS {
            let rows: Rows = env.dbi(name)?;
            env.transact(|txn| (0..10_000).try_for_each(|n| rows.put(txn, key(n), &[7; 100])))?;
            check(name, filling(&env, &rows)?, f64::from(percent) / 100.0);
            let other: Rows = env.dbi(&format!("{name} loaded"))?;
            let mut loader = env.loader();
            (0..10_000).try_for_each(|n| loader.put(&other, key(n), &[7; 100]))?;
            loader.finish()?;
            check(name, filling(&env, &other)?, f64::from(percent) / 100.0);
        }
        assert!(env.verify()?.is_clean());
    }
    for percent in [0, 59, 101] {
        let refused = Env::options().fill(percent).temporary().map(drop).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::InvalidArgument), "{percent}");
    }
    Ok(())
}

#[test]
fn unordered_rows_find_space_after_an_unordered_load() -> Result<()> {
    // How many leaves the first tenth of the later rows splits.
    let splits = |fill: Option<u8>| -> Result<u64> {
        let options = Env::options().durability(Durability::Process);
        let env = fill.map_or(options.clone(), |fill| options.fill(fill)).temporary()?;
        let rows: Rows = env.dbi("rows")?;
        env.transact(|txn| (0..20_000).try_for_each(|n| rows.put(txn, scattered(n), &[7; 100])))?;
        let before = rows.stat(&env.snapshot()?)?.leaf_pages;
        (20_000..21_000).try_for_each(|n| env.transact(|txn| rows.put(txn, scattered(n), &[7; 100])))?;
        let behind = rows.stat(&env.snapshot()?)?;
        assert!(behind.entries == 21_000 && env.verify()?.is_clean());
        Ok(behind.leaf_pages - before)
    };
    let (full, roomy) = (splits(Some(100))?, splits(None)?);
    assert!(full > 400 && roomy < full / 8, "{full} leaves were split, {roomy} where there was room");
    Ok(())
}

#[test]
fn rows_after_the_last_remaining_row_are_appended() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    env.transact(|txn| (0..1000).try_for_each(|n| rows.put(txn, n, &[7; 100])))?;
    for part in 1..20 {
        // Each part begins with one row alone; the last leaf is filled first.
        let at = part * 500;
        env.transact(|txn| rows.put(txn, at + 500, &[8; 100]))?;
        env.transact(|txn| (at + 501..at + 1000).try_for_each(|n| rows.put(txn, n, &[8; 100])))?;
    }
    check("in order", filling(&env, &rows)?, 1.0);
    env.transact(|txn| {
        rows.delete_range(txn, 10..)?;
        (10..9000).rev().try_for_each(|n| rows.put(txn, n, &[9; 100]))
    })?;
    let filled = filling(&env, &rows)?;
    assert!(filled > 0.8, "behind a gap leaves are filled to {filled}");
    assert_eq!(rows.get(&env.snapshot()?, 10)?, Some(vec![9; 100]));
    Ok(())
}

/// The number of leaves that entries need, in order, if each leaf holds as many as fit. A node longer than `half` is
/// stored on overflow pages.
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
fn an_empty_tree_gets_as_few_leaves_as_its_rows_need() -> Result<()> {
    // The length of a key's prefix before a number, and the greatest length of a value. The third case makes a tree of
    // many levels.
    for (before, most) in [(0, 0), (20, 300), (480, 40), (3, 2100), (100, 9000)] {
        for (looked_at, percent) in [(false, 100), (true, 100), (false, 86), (true, 60)] {
            let env = Env::options().fill(percent).temporary()?;
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
                        // A change without a net effect.
                        rows.delete(txn, &key(2000))?;
                    }
                    Ok(())
                })
            };
            // Into a tree that was never written, and into one that was cleared.
            for from in [0, 1] {
                fill(from)?;
                let there = || (from..3000).filter(|n| !looked_at || *n != 2000);
                let snap = env.snapshot()?;
                let stat = rows.stat(&snap)?;
                let expected = leaves(stat.page_size, there().map(|n| (key(n).len(), value(n).len())));
                if percent == 100 {
                    assert_eq!(stat.leaf_pages, expected, "keys of {before}, values of up to {most}");
                }
                let found = rows.iter(&snap)?.collect::<Result<Vec<_>>>()?;
                assert!(found.into_iter().eq(there().map(|n| (key(n), value(n)))), "keys of {before}");
                assert!(env.verify()?.is_clean());
            }
        }
    }
    Ok(())
}
