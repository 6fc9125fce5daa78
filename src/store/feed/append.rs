//! Adding to a feed, within the transaction of the change.

use std::ops::{Bound, ControlFlow};

use crate::error::{Error, Result};
use crate::store::backend::{BackendTxn, Order};
use crate::store::changes::Stamped;
use crate::store::feed::event::EventKind;
use crate::store::feed::row::{self, FeedRow, OPEN};
use crate::store::feed::state::{FEED_ROW, FeedState};

/// How many old rows a change removes at most: more than it adds, so that a limit that was lowered is reached.
const TRIMMED: usize = 16;

/// A change to add.
pub(crate) struct NewEvent<'e> {
    pub kind: EventKind,
    pub now: u64,
    pub key: &'e [u8],
    pub after: After<'e>,
    /// The row of the record before the change.
    pub previous: Option<&'e [u8]>,
}

/// The row of a record after a change.
#[derive(Clone, Copy)]
pub(crate) enum After<'e> {
    Nothing,
    /// The commit fills its token.
    Written(&'e [u8]),
    /// It keeps its token: it was moved.
    Kept(&'e [u8]),
}

impl<'e> After<'e> {
    fn row(self) -> Option<&'e [u8]> {
        match self {
            Self::Nothing => None,
            Self::Written(row) | Self::Kept(row) => Some(row),
        }
    }
}

/// Adds a change to the feed in `space` and removes what it no longer keeps. `meta` has the row about the feed.
pub(crate) fn append<S>(
    (space, meta): (&S, &S),
    max_value_len: usize,
    txn: &mut (dyn BackendTxn<S> + '_),
    event: &NewEvent<'_>,
) -> Result<()> {
    // Read anew for each change: another handle may have added to the feed in the same transaction.
    let Some(state) = txn.get(meta, FEED_ROW)? else { return Ok(()) };
    let mut state = FeedState::decode(&state)?;
    let (key, key_stamps) = row::key(txn.next_index());
    let mut new = FeedRow {
        kind: event.kind,
        written: event.now,
        number: state.appended,
        key: event.key,
        current: event.after.row(),
        previous: event.previous,
    };
    let mut bytes = new.encode();
    if bytes.len() > max_value_len {
        new.previous = None;
        bytes = new.encode();
    }
    let stamps = new.stamps(matches!(event.after, After::Written(_)));
    state.appended = state.appended.saturating_add(1);
    state.rows = state.rows.saturating_add(1);
    state.bytes = state.bytes.saturating_add((key.len() + bytes.len()) as u64);
    let (key, value) = (Stamped { bytes: &key, stamps: &key_stamps }, Stamped { bytes: &bytes, stamps: &stamps });
    txn.put(space, key, value)?;
    trim(space, txn, &mut state, event.now)?;
    txn.put(meta, FEED_ROW.into(), state.encode()[..].into())
}

/// Removes the oldest rows that are no longer kept. O(1) look-ups of the first row if none is.
fn trim<S>(space: &S, txn: &mut (dyn BackendTxn<S> + '_), state: &mut FeedState, now: u64) -> Result<()> {
    if !state.may_be_over() {
        return Ok(());
    }
    let (mut old, mut failed): (Vec<Vec<u8>>, Option<Error>) = (Vec::new(), None);
    let all = (Bound::Unbounded, Bound::Unbounded);
    txn.scan(space, all, Order::Ascending, 2, &mut |key, value| {
        let parts = row::revision(key).and_then(|revision| Ok((revision, FeedRow::decode(value)?.written)));
        let (revision, written) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        };
        let commit = u64::from(revision.commit());
        // A row of this transaction has no id yet on some engines, and what is removed must have one.
        if commit == OPEN || old.len() == TRIMMED || !state.is_over(written, now) {
            return ControlFlow::Break(());
        }
        state.rows = state.rows.saturating_sub(1);
        state.bytes = state.bytes.saturating_sub((key.len() + value.len()) as u64);
        state.trimmed_to = commit;
        old.push(key.to_vec());
        ControlFlow::Continue(())
    })?;
    match failed {
        Some(error) => Err(error),
        None => old.iter().try_for_each(|key| txn.delete(space, key)),
    }
}
