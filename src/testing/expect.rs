//! What laws expect, and the small steps that they share.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::store::{Backend, BackendRead, BackendTxn, Change, Changes, Committed, EachRow, KeySpan, Order};

/// Rows in order.
pub(super) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// All keys.
pub(super) const ALL: KeySpan<'static> = (Bound::Unbounded, Bound::Unbounded);

/// Fails unless what an engine did is what a law says.
pub(super) fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    holds(found == expected, || format!("{what}: {} instead of {}", shown(found), shown(expected)))
}

/// Fails unless something holds.
pub(super) fn holds(holds: bool, why: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(ErrorKind::Other, why())) }
}

/// Fails unless the outcome is an error of this kind.
pub(super) fn fails<T>(what: &str, outcome: Result<T>, expected: ErrorKind) -> Result<()> {
    match outcome {
        Ok(_) => holds(false, || format!("{what} succeeds; it should fail with {expected:?}")),
        Err(error) if error.kind() == expected => Ok(()),
        Err(error) => holds(false, || format!("{what} fails with {:?} instead of {expected:?}: {error}", error.kind())),
    }
}

fn shown(value: &impl Debug) -> String {
    let mut shown = format!("{value:?}");
    if let Some((end, _)) = shown.char_indices().nth(300) {
        shown.truncate(end);
        shown.push_str("...");
    }
    shown
}

/// Opens a space of byte rows.
pub(super) fn space<B: Backend>(engine: &B, part: &str) -> Result<B::Space> {
    engine.open_space(&format!("__store/testing/{part}"), "bytes", "record(bytes)")
}

/// Commits a row by itself.
pub(super) fn put<B: Backend>(engine: &B, space: &B::Space, key: &[u8], value: &[u8]) -> Result<Committed> {
    engine.commit(Changes { conditions: Vec::new(), changes: vec![change(space, key, value)] })
}

/// A row that is put.
pub(super) fn change<S: Clone>(space: &S, key: &[u8], value: &[u8]) -> Change<S> {
    Change::Put { space: space.clone(), key: (key.to_vec(), Vec::new()), value: (value.to_vec(), Vec::new()) }
}

/// The value of a key in the newest state.
pub(super) fn get<B: Backend>(engine: &B, space: &B::Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
    Ok(engine.snapshot()?.get(space, key)?.map(Vec::from))
}

/// The value of a key in a transaction.
pub(super) fn get_in<S>(txn: &dyn BackendTxn<S>, space: &S, key: &[u8]) -> Result<Option<Vec<u8>>> {
    Ok(txn.get(space, key)?.map(Vec::from))
}

/// The first `most` rows that a scan gives.
pub(super) fn collect(most: usize, scan: impl FnOnce(&mut EachRow<'_>) -> Result<()>) -> Result<Rows> {
    let mut rows = Rows::new();
    if most > 0 {
        scan(&mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            if rows.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(rows)
}

/// All rows of a space in the newest state.
pub(super) fn all<B: Backend>(engine: &B, space: &B::Space) -> Result<Rows> {
    let snapshot = engine.snapshot()?;
    collect(usize::MAX, |each| snapshot.scan(space, ALL, Order::Ascending, usize::MAX, each))
}

/// All rows of a space in a transaction.
pub(super) fn all_in<S>(txn: &dyn BackendTxn<S>, space: &S) -> Result<Rows> {
    collect(usize::MAX, |each| txn.scan(space, ALL, Order::Ascending, usize::MAX, each))
}

/// The rows that a model has in a span, in an order.
pub(super) fn modelled(model: &BTreeMap<Vec<u8>, Vec<u8>>, span: KeySpan<'_>, order: Order, most: usize) -> Rows {
    let rows = model.iter().filter(|(key, _)| std::ops::RangeBounds::<[u8]>::contains(&span, key));
    let mut rows: Rows = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
    if order == Order::Descending {
        rows.reverse();
    }
    rows.truncate(most);
    rows
}
