//! What the catalogue records about each DBI.

use crate::catalog::dbi_id::DbiId;
use crate::catalog::name::damaged;
use crate::error::{Error, ErrorKind, Result};

const DBI_PREFIX: &[u8] = b"dbi/";

/// How the entries of a DBI are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DbiKind {
    /// One value per key: a [`Dbi`](crate::Dbi).
    Plain,
    /// An ordered set of pairs: a [`MultiDbi`](crate::MultiDbi).
    Multi,
    /// Made by other software, of LMDB's plain kind: reads and writes as bytes until it is adopted.
    Foreign,
    /// Made by other software with flags that mapleaf does not read (DUPSORT, REVERSEKEY, INTEGERKEY).
    Unsupported,
}

/// The catalogue's record of one DBI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DbiRecord {
    Live {
        id: DbiId,
        schema: Schema,
    },
    /// Dropped while another process had it open: its empty tree stays in the file until a DBI of this name is created
    /// again or the file is compacted.
    Dropped,
}

/// The kind of a DBI and the names of its encodings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    pub multi: bool,
    pub key: Box<str>,
    pub value: Box<str>,
}

impl Schema {
    pub(crate) fn kind(&self) -> DbiKind {
        if self.multi { DbiKind::Multi } else { DbiKind::Plain }
    }
}

const RECORD_VERSION: u8 = 1;
const PLAIN: u8 = 0;
const MULTI: u8 = 1;
const DROPPED: u8 = 255;

impl DbiRecord {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Dropped => vec![RECORD_VERSION, DROPPED],
            Self::Live { id, schema } => {
                let mut bytes = vec![RECORD_VERSION, if schema.multi { MULTI } else { PLAIN }];
                bytes.extend_from_slice(&id.0.to_be_bytes());
                for name in [&schema.key, &schema.value] {
                    // Names are checked against `MAX_SCHEMA_NAME` when a DBI is created.
                    bytes.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
                    bytes.extend_from_slice(name.as_bytes());
                }
                bytes
            }
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let cut = || damaged("the record of a DBI is cut short");
        let (&[version, kind], rest) = bytes.split_first_chunk::<2>().ok_or_else(cut)?;
        if version != RECORD_VERSION {
            return Err(Error::new(
                ErrorKind::FormatVersion,
                format!("a DBI has a schema of version {version}; use a newer mapleaf"),
            ));
        }
        if kind == DROPPED {
            return Ok(Self::Dropped);
        }
        let (id, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let key = take_name(&mut rest)?;
        let value = take_name(&mut rest)?;
        if kind > MULTI || !rest.is_empty() {
            return Err(damaged("the record of a DBI is of an unknown kind"));
        }
        Ok(Self::Live { id: DbiId(u32::from_be_bytes(*id)), schema: Schema { multi: kind == MULTI, key, value } })
    }
}

fn take_name(bytes: &mut &[u8]) -> Result<Box<str>> {
    let cut = || damaged("the name of an encoding is cut short");
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or_else(cut)?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(cut)?;
    *bytes = rest;
    std::str::from_utf8(name).map(Into::into).map_err(|_| damaged("the name of an encoding is not text"))
}

/// The catalogue's key for the DBI `name`.
pub(crate) fn dbi_key(name: &str) -> Vec<u8> {
    [DBI_PREFIX, name.as_bytes()].concat()
}

/// Whether the catalogue keeps the record of a DBI under `key`.
pub(crate) fn is_dbi_key(key: &[u8]) -> bool {
    key.starts_with(DBI_PREFIX)
}

/// The longest name of an encoding in bytes, so that a record always fits one page.
const MAX_SCHEMA_NAME: usize = 600;

/// Refuses a schema whose names do not fit the catalogue.
pub(crate) fn check_schema(schema: &Schema) -> Result<()> {
    for (what, name) in [("key", &schema.key), ("value", &schema.value)] {
        if name.len() > MAX_SCHEMA_NAME {
            let why = format!(
                "the name of the {what} type has {} bytes, and may have {MAX_SCHEMA_NAME}; nest fewer types or shorten `NAME`",
                name.len()
            );
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::commit_seq::CommitSeq;
    use crate::catalog::head::Head;
    use crate::catalog::identity::{FEATURES, Identity};

    #[test]
    fn records_read_back_and_their_bytes_are_frozen() -> Result<()> {
        let head = Head { seq: CommitSeq(1), epoch: 2, next_dbi: DbiId(3) };
        assert_eq!(head.to_bytes()[..8], [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(Head::from_bytes(&head.to_bytes())?, head);
        let schema = Schema { multi: true, key: "str".into(), value: "u64".into() };
        let record = DbiRecord::Live { id: DbiId(7), schema };
        assert_eq!(record.to_bytes(), b"\x01\x01\0\0\0\x07\0\x03str\0\x03u64");
        assert_eq!(DbiRecord::from_bytes(&record.to_bytes())?, record);
        assert_eq!(DbiRecord::from_bytes(&DbiRecord::Dropped.to_bytes())?, DbiRecord::Dropped);
        let identity = Identity { features: FEATURES, uuid: [9; 16] };
        assert_eq!(identity.to_bytes()[8..], [9; 16]);
        assert_eq!(Identity::from_bytes(&identity.to_bytes())?, identity);
        Ok(())
    }

    #[test]
    fn every_cut_of_a_record_is_an_error() {
        let schema = Schema { multi: false, key: "str".into(), value: "u64".into() };
        let bytes = DbiRecord::Live { id: DbiId(7), schema }.to_bytes();
        for cut in 0..bytes.len() {
            assert!(DbiRecord::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(Identity::from_bytes(&[0, 0, 0, 2]).map_err(|e| e.kind()), Err(ErrorKind::FormatVersion));
        let unknown = Identity { features: 1 << 31, uuid: [0; 16] };
        assert_eq!(Identity::from_bytes(&unknown.to_bytes()).map_err(|e| e.kind()), Err(ErrorKind::FormatVersion));
    }
}
