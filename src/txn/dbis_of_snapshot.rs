//! The list of the DBIs of a snapshot.

use crate::env::{DbiInfo, list_dbis};
use crate::error::Result;
use crate::txn::snapshot::Snapshot;

impl Snapshot {
    /// The DBIs that exist in this state, as [`Env::dbis`](crate::Env::dbis) lists those of the newest one.
    /// O(DBIs). A DBI that was dropped since is listed, but cannot be opened.
    ///
    /// # Errors
    /// `Corrupted`; `FormatVersion` for records of a newer mapleaf.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let _users: Dbi<u32, &str> = env.dbi("users")?;
    /// let snap = env.snapshot()?;
    /// let _tags: Dbi<u32, &str> = env.dbi("tags")?;
    /// let names: Vec<_> = snap.dbis()?.into_iter().map(|dbi| dbi.name).collect();
    /// assert_eq!(names, ["users"]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("tables", "list"))]
    pub fn dbis(&self) -> Result<Vec<DbiInfo>> {
        list_dbis(self.pinned()).map_err(|error| error.during("dbis"))
    }
}
