//! Conditions that did not hold, as causes of errors.

use std::fmt;

use crate::error::{Error, ErrorKind, Result, Shown};
use crate::key::Key;
use crate::store::records::put_options::Expect;
use crate::store::records::token::Token;

/// A condition that did not hold: the cause of the error of a single verb, and what
/// [`put_each`](crate::store::Records::put_each) and [`delete_each`](crate::store::Records::delete_each) skipped.
///
/// ```
/// use mapleaf::store::{Expect, PutOptions, RecordConflict, Records};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let notes: Records<&str, &str> = env.records("notes")?;
/// let old = notes.put("a", "one")?.token;
/// let new = notes.put("a", "two")?.token;
/// let error = notes.put_with("a", "three", PutOptions::new().expect(Expect::Token(old))).unwrap_err();
/// assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, true));
/// let conflict = error.downcast::<RecordConflict>().expect("its cause");
/// assert_eq!((conflict.key_as::<&str>()?, conflict.actual), ("a".to_owned(), Some(new)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordConflict {
    /// Its index in the batch or the list, from 0.
    pub index: usize,
    /// The encoded key; empty for a key that cannot be stored and so has no bytes.
    pub key: Box<[u8]>,
    /// The token of the record that is there; `None` if there is none.
    pub actual: Option<Token>,
}

impl RecordConflict {
    pub(crate) fn new(index: usize, key: &[u8], actual: Option<Token>) -> Self {
        Self { index, key: key.into(), actual }
    }

    /// The key.
    ///
    /// # Errors
    /// `Decode` if it is no key of this type.
    pub fn key_as<K: Key>(&self) -> Result<K::Owned> {
        K::decode(&self.key).map(K::own)
    }

    /// An error with this as its cause.
    #[cold]
    pub(crate) fn into_error(self, expect: Expect) -> Error {
        let kind = if expect == Expect::Absent { ErrorKind::AlreadyExists } else { ErrorKind::Conflict };
        let why = match (expect, self.actual) {
            (Expect::Absent, _) => "a record with this key exists; read it, or put it without the condition",
            (_, None) => "there is no record with this key; read again, or put one that is expected to be absent",
            (_, Some(_)) => "somebody has written this record since; read it again and retry",
        };
        Error::new(kind, why).at_key(&self.key).caused_by(self)
    }
}

impl fmt::Display for RecordConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.actual {
            Some(token) => write!(f, "the record {} has the token {token}", Shown(&self.key)),
            None => write!(f, "the record {} is absent", Shown(&self.key)),
        }
    }
}

impl fmt::Debug for RecordConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordConflict")
            .field("index", &self.index)
            .field("key", &Shown(&self.key))
            .field("actual", &self.actual)
            .finish()
    }
}

impl std::error::Error for RecordConflict {}

/// The conditions of a [`RecordBatch`](crate::store::RecordBatch) that did not hold, in the order of the batch: at least
/// one. The cause of the error of [`Records::commit`](crate::store::Records::commit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordConflicts(pub(crate) Vec<RecordConflict>);

impl std::ops::Deref for RecordConflicts {
    type Target = [RecordConflict];

    fn deref(&self) -> &[RecordConflict] {
        &self.0
    }
}

impl RecordConflicts {
    /// An error with these as its cause.
    #[cold]
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(ErrorKind::Conflict, format!("{self}; read again and retry"));
        let error = match self.first() {
            Some(first) => error.at_key(&first.key),
            None => error,
        };
        error.caused_by(self)
    }
}

/// How many are shown.
const SHOWN: usize = 3;

impl fmt::Display for RecordConflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            1 => f.write_str("a condition of the batch does not hold: ")?,
            conditions => write!(f, "{conditions} conditions of the batch do not hold: ")?,
        }
        for (n, conflict) in self.iter().take(SHOWN).enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{conflict}")?;
        }
        match self.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl std::error::Error for RecordConflicts {}
