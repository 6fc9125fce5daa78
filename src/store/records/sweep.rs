//! Removing records that have expired.

use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::records::expiry;
use crate::store::records::handle::Records;
use crate::store::records::rows::{OfSnapshot, Rows};
use crate::store::records::writer::Writer;
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Removes at most `limit` of the records that have expired, those with the earliest deadlines, in one transaction.
    /// Returns how many. A key that was written again since is not touched. O(limit · log n), and a commit unless there
    /// are none.
    ///
    /// Such records are absent for every verb, so this only frees their place.
    ///
    /// # Errors
    /// As [`Records`] says; `InvalidArgument` for a limit of 0.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, store::{PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let codes: Records<&str, u32> = env.records("codes")?;
    /// codes.put_with("ann", 1234, PutOptions::new().ttl(Duration::from_nanos(1)))?;
    /// codes.put("bob", 5678)?;
    /// # std::thread::sleep(Duration::from_millis(1));
    /// while codes.sweep_expired(100)? == 100 {}
    /// assert_eq!(codes.len()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("vacuum", "purge", "cleanup"))]
    pub fn sweep_expired(&self, limit: usize) -> Result<usize> {
        let sweep = || {
            check_limit(limit)?;
            // Nothing to do takes no lock and no commit.
            if !self.has_expired()? {
                return Ok(0);
            }
            self.change(|writer| writer.sweep(limit)).map(|(removed, _)| removed)
        };
        sweep().map_err(|error| self.named(error, "sweep_expired"))
    }

    fn has_expired(&self) -> Result<bool> {
        let snapshot = self.backend.snapshot()?;
        let rows = OfSnapshot(&snapshot);
        let end = expiry::end(self.core.now(rows)?);
        let mut has_expired = false;
        rows.each(&self.core.expiry, (Bound::Unbounded, Bound::Excluded(&end[..])), 1, &mut |_, _| {
            has_expired = true;
            ControlFlow::Break(())
        })?;
        Ok(has_expired)
    }
}

pub(crate) fn check_limit(limit: usize) -> Result<()> {
    if limit > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, "a sweep of no records would never end; set a limit above 0"))
}

impl<S> Writer<'_, S> {
    /// Removes at most `limit` records that have expired.
    pub fn sweep(&mut self, limit: usize) -> Result<usize> {
        let end = expiry::end(self.now()?);
        let mut expired: Vec<Box<[u8]>> = Vec::new();
        let span = (Bound::Unbounded, Bound::Excluded(&end[..]));
        self.rows().each(&self.core().expiry, span, limit, &mut |row, _| {
            expired.push(row.into());
            if expired.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut removed = 0;
        for index_key in &expired {
            let (deadline, key) = expiry::split(index_key)?;
            let found = self.find(key)?;
            if found.expires() == Some(deadline) {
                self.remove(key, &found)?;
                removed += 1;
            } else {
                // No record has this deadline. None of our own writes leaves such a row.
                self.remove_index_row(index_key)?;
            }
        }
        Ok(removed)
    }
}
