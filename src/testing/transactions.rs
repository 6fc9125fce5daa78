//! Transactions: what they read, and what is left of those that fail.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind, Result};
use crate::store::{Backend, Order};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, all_in, collect, fails, get_in, holds, modelled, put, same, space};

/// A transaction reads a state with its own changes over it, by look-ups and by scans in both orders that stop anywhere:
/// rows that it puts, overwrites and deletes, one by one and in spans, and those that it puts into deleted spans.
///
/// # Errors
/// How the law is broken.
pub fn transactions_read_their_own_changes<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "own")?;
    let mut before = BTreeMap::new();
    for n in (0..60_u8).step_by(2) {
        put(&engine, &space, &[n], b"below")?;
        before.insert(vec![n], b"below".to_vec());
    }
    let (after, _) = engine.transact(|txn| {
        let mut model = before.clone();
        for n in [1, 2, 3, 21, 22, 59, 61] {
            txn.put(&space, (&[n][..]).into(), b"own"[..].into())?;
            model.insert(vec![n], b"own".to_vec());
        }
        for n in [4, 5, 21] {
            txn.delete(&space, &[n])?;
            model.remove(&vec![n]);
        }
        txn.delete_span(&space, (Bound::Excluded(&[30]), Bound::Included(&[40])))?;
        model.retain(|key, _| key[0] <= 30 || key[0] > 40);
        txn.put(&space, (&[36_u8][..]).into(), b"again"[..].into())?;
        model.insert(vec![36], b"again".to_vec());
        for n in 0..64_u8 {
            same(
                &format!("the value of {n} in a transaction"),
                &get_in(txn, &space, &[n])?,
                &model.get(&vec![n]).cloned(),
            )?;
        }
        let edges: [&[u8]; 7] = [&[0], &[2], &[22], &[30], &[35], &[40], &[70]];
        for (lower, upper) in edges.iter().flat_map(|lower| edges.map(|upper| (*lower, upper))) {
            let span = (Bound::Included(lower), Bound::Excluded(upper));
            for (order, most) in
                [Order::Ascending, Order::Descending].map(|order| [1, 3, 100].map(|most| (order, most))).concat()
            {
                let found = collect(most, |each| txn.scan(&space, span, order, most, each))?;
                let what = format!("{most} rows of {span:?}, {order:?}, in a transaction");
                same(&what, &found, &modelled(&model, span, order, most))?;
            }
        }
        Ok(model)
    })?;
    same("the rows after the commit", &all(&engine, &space)?, &after.into_iter().collect())
}

/// Neither an error of the work nor a panic in it commits anything, and the engine goes on. A transaction that changes
/// nothing commits nothing: its id is that of the state that it read.
///
/// # Errors
/// How the law is broken.
pub fn failed_transactions_change_nothing<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "failed")?;
    let before = put(&engine, &space, b"key", b"1")?;
    let refused = engine.transact(|txn| {
        txn.put(&space, b"key"[..].into(), b"2"[..].into())?;
        txn.put(&space, b"other"[..].into(), b"2"[..].into())?;
        txn.delete_span(&space, (Bound::Unbounded, Bound::Included(b"l")))?;
        Err::<(), _>(Error::new(ErrorKind::Capacity, "full"))
    });
    fails("work that returns an error", refused, ErrorKind::Capacity)?;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        engine.transact(|txn| {
            txn.put(&space, b"key"[..].into(), b"3"[..].into())?;
            std::panic::resume_unwind(Box::new("work panics"));
            #[expect(unreachable_code, reason = "the type of the closure needs an end")]
            Ok(())
        })
    }));
    holds(panicked.is_err(), || "a panic of the work is swallowed".into())?;
    let expected = vec![(b"key".to_vec(), b"1".to_vec())];
    same("the rows after transactions that failed", &all(&engine, &space)?, &expected)?;
    let (read, committed) = engine.transact(|txn| all_in(txn, &space))?;
    same("the rows in a transaction after those that failed", &read, &expected)?;
    same("what is committed by a transaction without changes", &committed, &before)?;
    let next = put(&engine, &space, b"key", b"4")?;
    holds(next.id > before.id, || "ids do not rise after transactions that failed".into())
}
