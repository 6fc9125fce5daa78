//! A place in the order of all changes.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::txn::CommitId;

/// A place in the order of all changes of an engine: a commit, and a change in it.
///
/// Revisions of one engine sort by time. `Display` and [`FromStr`] are inverse: two numbers with a dot between them. The
/// revision that a [`CommitId`] converts to is after all changes of that commit. In a copy of an environment the numbers
/// go on from those of the original, so a revision has a meaning only with the engine that it comes from.
///
/// ```
/// use mapleaf::CommitId;
/// use mapleaf::store::Revision;
/// # fn main() -> mapleaf::Result<()> {
/// let after = Revision::from(CommitId::from(7));
/// assert_eq!(after.to_string().parse::<Revision>()?, after);
/// assert!(after < Revision::from(CommitId::from(8)));
/// assert_eq!(after.commit(), CommitId::from(7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    commit: CommitId,
    index: u32,
}

impl Revision {
    /// Before all changes.
    pub const START: Self = Self { commit: CommitId::START, index: 0 };

    /// The commit.
    #[must_use]
    pub fn commit(self) -> CommitId {
        self.commit
    }

    pub(super) fn of_key(key: [u8; 12]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let index = u32::try_from(number(&key[8..])).unwrap_or(u32::MAX);
        Self { commit: CommitId::from(number(&key[..8])), index }
    }

    pub(super) fn key(self) -> [u8; 12] {
        let mut key = [0; 12];
        key[..8].copy_from_slice(&u64::from(self.commit).to_be_bytes());
        key[8..].copy_from_slice(&self.index.to_be_bytes());
        key
    }
}

impl From<CommitId> for Revision {
    fn from(commit: CommitId) -> Self {
        Self { commit, index: u32::MAX }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.commit, self.index)
    }
}

impl FromStr for Revision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('.');
        let parsed =
            parts.and_then(|(commit, index)| Some(Self { commit: commit.parse().ok()?, index: index.parse().ok()? }));
        parsed.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "not a revision; pass what `to_string` returned"))
    }
}
