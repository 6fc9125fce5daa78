//! What a store is, and what it can do.

use crate::store::backend::{Backend, Capabilities};
use crate::store::records::handle::Records;

/// What a store is, and what its backend can do. Versions, conditions, expiry and atomic batches are there on every
/// backend.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordsInfo {
    /// The identity of the engine's data: an environment's UUID.
    pub id: [u8; 16],
    /// The name of the store.
    pub name: Box<str>,
    /// What the backend can do: its name, how soon all see a commit, whether it survives, limits.
    pub capabilities: Capabilities,
}

impl<K, V, B: Backend> Records<K, V, B> {
    /// What the store is, and what its backend can do. O(1).
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Consistency, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let users: Records<u64, &str> = env.records("users")?;
    /// let info = users.info();
    /// assert_eq!((&*info.name, info.capabilities.backend), ("users", "lmdb"));
    /// assert_eq!(info.capabilities.consistency, Consistency::Local);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn info(&self) -> RecordsInfo {
        RecordsInfo { id: self.core.id, name: self.core.name.clone(), capabilities: self.backend.capabilities() }
    }
}
