//! What a record is besides its value.

use crate::error::Result;
use crate::store::records::header::{Header, NEVER};
use crate::store::records::token::Token;

/// What a record is besides its value. Times are nanoseconds since 1970, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// How many writes its key has had since it was absent: 1, 2, 3 and so on.
    pub version: u64,
    /// Which write it comes from.
    pub token: Token,
    /// When it was put, by a verb other than an update.
    pub created: u64,
    /// When it was written last.
    pub modified: u64,
    /// From when on it counts as absent; `None`: never.
    pub expires: Option<u64>,
    /// What kind of record it is.
    pub kind: RecordKind,
    /// The caller's own metadata, as [`PutOptions::meta`](crate::store::PutOptions::meta) set it.
    pub user: Box<[u8]>,
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// A value.
    #[default]
    Value,
}

/// A record: its key, its value and what it is besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// Version, token, times and metadata.
    pub meta: Meta,
}

impl Meta {
    /// That of a record with this header, and the metadata that stands in `record`.
    pub(crate) fn of(header: &Header, record: &[u8]) -> Self {
        Self::with_user(header, record.get(header.len()..header.value_at()).unwrap_or_default())
    }

    pub(crate) fn with_user(header: &Header, user: &[u8]) -> Self {
        Self {
            version: header.version,
            token: header.token(),
            created: header.created,
            modified: header.modified,
            expires: (header.expires != NEVER).then_some(header.expires),
            kind: RecordKind::Value,
            user: user.into(),
        }
    }
}

/// The two parts of a stored record, for programs that read the rows of a store as bytes: what it is besides its value,
/// and the value's bytes. A record that has expired is read as any other. O(length of the metadata).
///
/// # Errors
/// `FormatVersion` for a record of a newer version, `Unsupported` for one with a codec that this build does not know,
/// `Corrupted` for bytes that are no record.
///
/// ```
/// use mapleaf::store::{Records, read_record};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let notes: Records<&str, &str> = env.records("notes")?;
/// let put = notes.put("a", "one")?;
/// let rows = env.raw_dbi("__store/notes/records")?;
/// let snap = env.snapshot()?;
/// let row = rows.get(&snap, b"a")?.expect("it was put");
/// assert_eq!(read_record(row)?, (put, &b"one"[..]));
/// assert_eq!(read_record(b"one").unwrap_err().kind(), ErrorKind::FormatVersion);
/// # Ok(())
/// # }
/// ```
pub fn read_record(record: &[u8]) -> Result<(Meta, &[u8])> {
    let header = Header::decode(record)?;
    Ok((Meta::of(&header, record), &record[header.value_at()..]))
}
