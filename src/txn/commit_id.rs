//! The number of a committed transaction.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// The number of a committed transaction: transactions of an environment count from 1, across processes.
///
/// It is the [`Snapshot::id`](crate::Snapshot::id) of the state that the transaction left, so a later state has a
/// greater one.
///
/// ```
/// # use mapleaf::{CommitId, Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// # let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let mut txn = env.begin()?;
/// ages.put(&mut txn, "ann", 42)?;
/// let committed = txn.commit()?;
/// assert_eq!(CommitId::from(env.snapshot()?.id()), committed);
/// assert_eq!(committed.to_string().parse(), Ok(committed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(u64);

impl CommitId {
    /// Before all commits.
    #[cfg(feature = "store")]
    pub(crate) const START: Self = Self(0);

    /// The number of the state that the transaction `id` leaves: its own, or that before it if it changed nothing.
    pub(super) fn left_by(id: u64, is_changed: bool) -> Self {
        Self(if is_changed { id } else { id.saturating_sub(1) })
    }
}

impl From<u64> for CommitId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<CommitId> for u64 {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CommitId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}
