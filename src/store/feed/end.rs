//! Ending the change log of a store.

use std::ops::Bound;

use crate::error::Result;
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::feed::state::FEED_ROW;
use crate::store::feed::switch::not_open;
use crate::store::records::Records;
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Ends the change log of this store and removes its changes, for all handles and processes. Nothing happens if it has
    /// none. O(changes that it has).
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, store::{Records, RecordsOptions, Retain, Revision}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = RecordsOptions::new().change_log(Retain::Count(100)).open(&env, "ages")?;
    /// ages.put("ann", 42)?;
    /// ages.end_change_log()?;
    /// assert_eq!(ages.changes_since(Revision::START, 10).unwrap_err().kind(), ErrorKind::Unsupported);
    /// # Ok(())
    /// # }
    /// ```
    pub fn end_change_log(&self) -> Result<()> {
        let end = || {
            if self.core.feed_state(&self.backend.snapshot()?)?.is_none() {
                return Ok(());
            }
            self.core.open_feed(&self.backend)?;
            let space = self.core.feed.get().ok_or_else(not_open)?;
            let ended = self.backend.transact(|txn| {
                txn.delete_span(space, (Bound::Unbounded, Bound::Unbounded))?;
                txn.delete(&self.core.meta, FEED_ROW)
            });
            ended.map(drop)
        };
        end().map_err(|error| self.named(error, "end_change_log"))
    }
}
