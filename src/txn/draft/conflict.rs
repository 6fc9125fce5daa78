//! Whether what a draft has read is the same in another state.

use crate::catalog::DbiRef;
use crate::error::{Error, ErrorKind, Result};
use crate::read::{KeyRanges, LayeredTree, ReadLog};
use crate::txn::txn_state::TxnState;

impl TxnState {
    /// Whether nothing was read and nothing changed.
    pub(super) fn is_unused(&self) -> bool {
        self.set.is_empty() && self.reads().is_none_or(ReadLog::is_empty)
    }

    /// Fails unless what was read is the same in `now`, which has no changes of its own, and all DBIs are there.
    ///
    /// # Errors
    /// `Conflict` with the first difference; `NotFound`; `Corrupted`.
    pub(super) fn check_against(&self, now: &Self) -> Result<()> {
        for of in self.set.dbis() {
            now.check_dbi(&of.dbi).map_err(|error| error.in_dbi(&of.dbi.name))?;
        }
        let Some(log) = self.reads() else { return Ok(()) };
        let found = log.find(|dbi, ranges| {
            let found = self.first_difference(now, dbi, ranges).map_err(|error| error.in_dbi(&dbi.name))?;
            Ok(found.map(|key| (dbi.name.clone(), key)))
        })?;
        match found {
            None => Ok(()),
            Some((dbi, key)) => {
                let why = "another transaction has changed what the draft read; read again in a new draft";
                Err(Error::new(ErrorKind::Conflict, why).in_dbi(&dbi).at_key(&key))
            }
        }
    }

    fn first_difference(&self, now: &Self, dbi: &DbiRef, ranges: &KeyRanges) -> Result<Option<Vec<u8>>> {
        let before = LayeredTree::new(self.base.pages(), self.base.tree(dbi)?, self.layers.of_dbi(dbi.slot));
        let now = LayeredTree::new(now.base.pages(), now.tree(dbi)?, now.layers(dbi.slot));
        if before.is_plain() && now.is_plain() && before.tree == now.tree {
            return Ok(None);
        }
        for (start, end) in ranges.iter() {
            let found = before.first_difference(&now, (start, end.as_deref()))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
