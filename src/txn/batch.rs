//! Applies batches: checks conditions, then makes changes, in one transaction.

use std::sync::Arc;

use crate::env::{Batch, Change, Conflicts, Env, Expect, FailedCondition, Update, What};
use crate::error::Result;
use crate::read::{RawRead, key_range};
use crate::state::Wait;
use crate::txn::counts::as_ref;
use crate::txn::snapshot::Snapshot;
use crate::txn::transact::make;
use crate::txn::txn_state::TxnState;

impl Batch {
    /// Checks the conditions against `txn`, then makes the changes in it.
    pub(crate) fn make(&self, txn: &mut TxnState) -> Result<()> {
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
    fn unmet(&self, txn: &TxnState) -> Result<Option<Box<[u8]>>> {
        let (key, expect) = match &self.what {
            What::Put { key, expect, .. } | What::Delete { key, expect } | What::Check { key, expect } => (key, expect),
            What::DeleteRange { .. } | What::Update { .. } => return Ok(None),
            What::Unchanged { lower, upper, since } => {
                let before = Snapshot::of(Arc::clone(&since.0));
                let (before, now) = (before.view(&self.dbi)?, txn.view(&self.dbi)?);
                let (start, end) = key_range(as_ref(lower), as_ref(upper));
                return Ok(before.first_difference(&now, (&start, end.as_deref()))?.map(Into::into));
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

    fn make(&self, txn: &mut TxnState) -> Result<()> {
        match &self.what {
            What::Put { key, value, .. } => txn.raw_put(&self.dbi, key, value),
            What::Update { key, update } => self.update(txn, key, update),
            What::Delete { key, .. } => txn.raw_delete(&self.dbi, key).map(drop),
            What::Check { .. } | What::Unchanged { .. } => Ok(()),
            What::DeleteRange { lower, upper } => {
                txn.raw_delete_range(&self.dbi, as_ref(lower), as_ref(upper)).map(drop)
            }
        }
    }

    fn update(&self, txn: &mut TxnState, key: &[u8], update: &Update) -> Result<()> {
        let old = txn.raw_get::<0>(&self.dbi, key)?;
        let new = update.run(old)?;
        let is_there = old.is_some();
        match new {
            Some(new) if old == Some(&new) => Ok(()),
            Some(new) => txn.raw_put_over(&self.dbi, key, &new, Some(is_there)),
            None if is_there => txn.raw_delete(&self.dbi, key).map(drop),
            None => Ok(()),
        }
    }
}

impl Env {
    /// Applies a batch in a transaction of its own: all of it, or nothing if a condition does not hold.
    ///
    /// # Errors
    /// `Conflict` when conditions do not hold; its cause, which [`Error::downcast`](crate::Error::downcast)
    /// returns, is [`Conflicts`](crate::Conflicts) with all of them. `InvalidArgument` for a durability of the batch
    /// that does not mix with that of the environment, and for a batch that writes a key twice, once or more under a
    /// condition. Else as [`transact`](Self::transact).
    ///
    /// ```
    /// use mapleaf::{Batch, Dbi, Env, ErrorKind, Expect};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut batch = Batch::new();
    /// batch.check(&ages, "ann", Expect::Absent)?.put(&ages, "ann", 41)?.put(&ages, "ann", 42)?;
    /// env.apply(batch)?;
    ///
    /// let mut batch = Batch::new();
    /// batch.put(&ages, "bob", 1)?.put_if(&ages, "bob", 2, Expect::Value(1))?;
    /// assert_eq!(env.apply(batch).unwrap_err().kind(), ErrorKind::InvalidArgument);
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(&self, batch: Batch) -> Result<()> {
        batch.check_written_once().map_err(|error| error.during("apply"))?;
        let applied: Result<()> = make(&self.engine, Wait::Yes, "apply", batch.durability, |txn| {
            batch.make(&mut txn.state).map(|()| ((), 1))
        });
        applied.map_err(|error| error.during("apply"))
    }
}
