//! A set of changes with conditions, as data: what a backend commits.

use std::borrow::Cow;
use std::ops::Bound;

use crate::error::{Error, ErrorKind, Result};
use crate::txn::CommitId;

/// A field that the backend fills at the commit, big-endian, eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StampField {
    /// The id of the commit.
    Commit,
    /// The incarnation of the backend.
    Incarnation,
}

/// Where in a key or a value a field is filled at the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The offset of the field in bytes. The eight bytes from there must lie inside.
    pub offset: usize,
    /// What is filled in.
    pub field: StampField,
}

/// Bytes with fields that the backend fills at the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped<'b> {
    /// The bytes. Those of the fields are overwritten.
    pub bytes: &'b [u8],
    /// The fields.
    pub stamps: &'b [Stamp],
}

impl<'b> Stamped<'b> {
    /// The bytes with their fields filled. Borrowed if there are none.
    ///
    /// # Errors
    /// `InvalidArgument` for a field that does not lie inside the bytes.
    ///
    /// ```
    /// use mapleaf::store::{Stamp, StampField, Stamped};
    /// # fn main() -> mapleaf::Result<()> {
    /// let stamps = [Stamp { offset: 1, field: StampField::Commit }];
    /// let row = Stamped { bytes: &[9; 10], stamps: &stamps };
    /// assert_eq!(*row.filled(7.into(), 1)?, [9, 0, 0, 0, 0, 0, 0, 0, 7, 9]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn filled(self, commit: CommitId, incarnation: u64) -> Result<Cow<'b, [u8]>> {
        if self.stamps.is_empty() {
            return Ok(Cow::Borrowed(self.bytes));
        }
        let mut filled = self.bytes.to_vec();
        self.fill(&mut filled, commit, incarnation)?;
        Ok(Cow::Owned(filled))
    }

    /// Fails if a field does not lie inside the bytes.
    pub(super) fn check(self) -> Result<()> {
        let is_inside = |offset: usize| offset.checked_add(8).is_some_and(|end| end <= self.bytes.len());
        match self.stamps.iter().find(|stamp| !is_inside(stamp.offset)) {
            Some(stamp) => Err(outside(stamp.offset, self.bytes.len())),
            None => Ok(()),
        }
    }

    /// Fills the fields in a copy of the bytes.
    pub(super) fn fill(self, bytes: &mut [u8], commit: CommitId, incarnation: u64) -> Result<()> {
        for Stamp { offset, field } in self.stamps {
            let filled = match field {
                StampField::Commit => u64::from(commit),
                StampField::Incarnation => incarnation,
            };
            let (end, len) = (offset.checked_add(8), bytes.len());
            let place = end.and_then(|end| bytes.get_mut(*offset..end)).ok_or_else(|| outside(*offset, len))?;
            place.copy_from_slice(&filled.to_be_bytes());
        }
        Ok(())
    }
}

#[cold]
fn outside(offset: usize, len: usize) -> Error {
    let why = format!("a field of 8 bytes at offset {offset} does not lie inside {len} bytes; reserve its bytes");
    Error::new(ErrorKind::InvalidArgument, why)
}

impl<'b> From<&'b [u8]> for Stamped<'b> {
    fn from(bytes: &'b [u8]) -> Self {
        Self { bytes, stamps: &[] }
    }
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<S> {
    /// Stores a row. Fields of its key and its value may be filled by the commit.
    Put {
        /// The space.
        space: S,
        /// The key, and the fields to fill in it.
        key: (Vec<u8>, Vec<Stamp>),
        /// The value, and the fields to fill in it.
        value: (Vec<u8>, Vec<Stamp>),
    },
    /// Deletes a row, if it exists.
    Delete {
        /// The space.
        space: S,
        /// The key.
        key: Vec<u8>,
    },
    /// Deletes all rows in a span of keys.
    DeleteSpan {
        /// The space.
        space: S,
        /// The lower end.
        lower: Bound<Vec<u8>>,
        /// The upper end.
        upper: Bound<Vec<u8>>,
    },
}

/// What must hold of the newest state for changes to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition<S> {
    /// A key has exactly this value, or none.
    Value {
        /// The space.
        space: S,
        /// The key.
        key: Vec<u8>,
        /// The value; `None` for an absent key.
        value: Option<Vec<u8>>,
    },
    /// A span of keys has exactly these rows.
    Rows {
        /// The space.
        space: S,
        /// The lower end.
        lower: Bound<Vec<u8>>,
        /// The upper end.
        upper: Bound<Vec<u8>>,
        /// The rows, ascending.
        rows: Vec<(Vec<u8>, Vec<u8>)>,
    },
}

/// Changes and conditions: all are committed as one, if all conditions hold. Changes are made in order: the newest of
/// a key wins.
///
/// ```
/// use mapleaf::store::{Backend, Change, Changes, Condition, Memory};
/// # fn main() -> mapleaf::Result<()> {
/// let memory = Memory::new()?;
/// let ages = memory.open_space("ages", "str", "u8")?;
/// let add = Changes {
///     conditions: vec![Condition::Value { space: ages.clone(), key: b"ann".to_vec(), value: None }],
///     changes: vec![Change::Put { space: ages, key: (b"ann".to_vec(), vec![]), value: (vec![42], vec![]) }],
/// };
/// memory.commit(add.clone())?;
/// assert!(memory.commit(add).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<S> {
    /// What must hold.
    pub conditions: Vec<Condition<S>>,
    /// What is changed.
    pub changes: Vec<Change<S>>,
}
