//! Applies batches: checks conditions, then makes changes, in one transaction.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::env::{Batch, Change, Conflicts, Env, Expect, FailedCondition, What};
use crate::error::Result;
use crate::read::{RawCursor, RawRead};
use crate::state::Wait;
use crate::txn::counts::as_ref;
use crate::txn::snapshot::Snapshot;
use crate::txn::transact::make;
use crate::txn::write::WriteTxn;

impl Batch {
    /// Checks the conditions against `txn`, then makes the changes in it.
    pub(crate) fn make(&self, txn: &mut WriteTxn) -> Result<()> {
        let mut failed = Vec::new();
        for (index, change) in self.changes.iter().enumerate() {
            if let Some(key) = change.unmet(txn)? {
                failed.push(FailedCondition { index, dbi: change.dbi.name.clone(), key });
            }
        }
        if !failed.is_empty() {
            return Err(Conflicts(failed).into_error());
        }
        self.changes.iter().try_for_each(|change| change.make(txn))
    }
}

impl Change {
    /// The key whose condition does not hold in `txn`.
    fn unmet(&self, txn: &WriteTxn) -> Result<Option<Box<[u8]>>> {
        let (key, expect) = match &self.what {
            What::Put { key, expect, .. } | What::Delete { key, expect } | What::Check { key, expect } => (key, expect),
            What::DeleteRange { .. } => return Ok(None),
            What::Unchanged { lower, upper, since } => {
                let before = Snapshot::of(Arc::clone(&since.0));
                return first_difference(&self.dbi, &before, txn, (as_ref(lower), as_ref(upper)));
            }
        };
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => txn.raw_get::<0>(&self.dbi, key)?.is_none(),
            Expect::Present => txn.raw_get::<0>(&self.dbi, key)?.is_some(),
            Expect::Value(value) => txn.raw_get::<0>(&self.dbi, key)? == Some(&**value),
        };
        Ok((!holds).then(|| key.clone()))
    }

    fn make(&self, txn: &mut WriteTxn) -> Result<()> {
        match &self.what {
            What::Put { key, value, .. } => txn.raw_put(&self.dbi, key, value),
            What::Delete { key, .. } => txn.raw_delete(&self.dbi, key).map(drop),
            What::Check { .. } | What::Unchanged { .. } => Ok(()),
            What::DeleteRange { lower, upper } => {
                txn.raw_delete_range(&self.dbi, as_ref(lower), as_ref(upper)).map(drop)
            }
        }
    }
}

/// The first key of a range that has another value in one state than in the other, or none. O(entries of the range).
fn first_difference(
    dbi: &DbiRef,
    before: &impl RawRead,
    now: &impl RawRead,
    (lower, upper): (Bound<&[u8]>, Bound<&[u8]>),
) -> Result<Option<Box<[u8]>>> {
    let (mut old, mut new) = (before.raw_range(dbi, lower, upper)?, now.raw_range(dbi, lower, upper)?);
    loop {
        let first = match (old.next()?, new.next()?) {
            (None, None) => return Ok(None),
            (Some(old), Some(new)) if old == new => continue,
            (Some((old, _)), Some((new, _))) => old.min(new),
            (Some((key, _)), None) | (None, Some((key, _))) => key,
        };
        return Ok(Some(first.into()));
    }
}

impl Env {
    /// Applies a batch in a transaction of its own: all of it, or nothing if a condition does not hold.
    ///
    /// # Errors
    /// `Conflict` when conditions do not hold; its cause, which [`Error::downcast`](crate::Error::downcast)
    /// returns, is [`Conflicts`](crate::Conflicts) with all of them. `InvalidArgument` for a durability of the batch
    /// that does not mix with that of the environment. Else as [`transact`](Self::transact).
    pub fn apply(&self, batch: Batch) -> Result<()> {
        let applied: Result<()> =
            make(&self.engine, Wait::Yes, "apply", batch.durability, |txn| batch.make(txn).map(|()| ((), 1)));
        applied.map_err(|error| error.during("apply"))
    }
}
