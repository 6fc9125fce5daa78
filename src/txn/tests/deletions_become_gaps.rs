//! Deletions of consecutive rows by their keys become gaps, in any order and however few rows a leaf has: what stays
//! single is bounded by a few rows at the ends of leaves.

use crate::{Dbi, Durability, Env};

const ROWS: u32 = 1_000;

/// The rows that are deleted: the others stay at both ends.
const DELETED: std::ops::Range<u32> = 100..900;

/// At most this many deletions may stay single at each end of a gap, and where two leaves meet.
const FEW: usize = 16;

fn delete_in_order(value_len: usize, order: &[u32]) -> (usize, usize) {
    let env = Env::options().durability(Durability::Process).temporary().expect("a temporary environment opens");
    let dbi: Dbi<u32, Vec<u8>> = env.dbi("rows").expect("it opens");
    env.transact(|txn| (0..ROWS).try_for_each(|row| dbi.put(txn, row, &vec![7; value_len]))).expect("it commits");
    let mut left = (0, 0);
    env.transact(|txn| {
        for row in order {
            assert!(dbi.delete(txn, *row)?);
        }
        assert_eq!(dbi.len(txn)?, u64::from(ROWS) - order.len() as u64);
        let own = txn.state.set.dbi(dbi.dbi.slot).expect("it has changes");
        left = (own.len(), own.gaps().len());
        Ok(())
    })
    .expect("it commits");
    assert_eq!(dbi.len(&env.snapshot().expect("a snapshot")).expect("a length"), u64::from(ROWS) - order.len() as u64);
    left
}

#[test]
fn in_any_order_and_with_few_rows_a_leaf() {
    let ascending: Vec<u32> = DELETED.collect();
    let descending: Vec<u32> = DELETED.rev().collect();
    // 7 has no divisor in common with the number of rows.
    let scattered: Vec<u32> = (0..800).map(|n| DELETED.start + n * 7 % 800).collect();
    let ends: Vec<u32> = (0..400).flat_map(|n| [DELETED.start + n, DELETED.end - 1 - n]).collect();
    for value_len in [8, 400, 1_500] {
        for order in [&ascending, &descending, &scattered, &ends] {
            let (single, gaps) = delete_in_order(value_len, order);
            let first = &order[..2];
            assert!(single <= FEW, "{single} single deletions with values of {value_len} bytes, {first:?} first");
            assert!((1..=2).contains(&gaps), "{gaps} gaps with values of {value_len} bytes, {first:?} first");
        }
    }
}
