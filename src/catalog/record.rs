//! What the catalogue records about each DBI.

use crate::catalog::dbi_id::DbiId;
use crate::catalog::name::{check_tree_name, damaged};
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

/// The catalogue's record of one name: the DBI that has the name, and whose the tree of that name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DbiRecord {
    Live {
        id: DbiId,
        schema: Schema,
        /// Its tree, unless that has the DBI's name.
        elsewhere: Option<Elsewhere>,
    },
    /// No DBI has the name. Its empty tree is left of one that was dropped while another process had it open: it stays
    /// until the name is used again or the file is compacted.
    Dropped,
    /// No DBI has the name. The tree of that name is that of a DBI that was renamed.
    Moved(DbiId),
}

/// The tree of a DBI that does not have the DBI's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// The name of its tree.
    pub tree: Box<str>,
    /// Whose the tree is that has the DBI's name.
    pub beneath: TreeOwner,
}

/// Whose the tree of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TreeOwner {
    /// There is no such tree.
    Nobody,
    /// It is empty, and left of a DBI that was dropped.
    Left,
    Dbi(DbiId),
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
/// The version of records that name another tree. Written only where one is named, since older builds refuse it.
const WITH_TREE: u8 = 2;
const PLAIN: u8 = 0;
const MULTI: u8 = 1;
const MOVED: u8 = 254;
const DROPPED: u8 = 255;
/// The owners of a tree.
const NOBODY: u8 = 0;
const DBI: u8 = 1;
const LEFT: u8 = 255;

impl DbiRecord {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Dropped => vec![RECORD_VERSION, DROPPED],
            Self::Moved(id) => [&[WITH_TREE, MOVED][..], &id.0.to_be_bytes()].concat(),
            Self::Live { id, schema, elsewhere } => {
                let version = if elsewhere.is_some() { WITH_TREE } else { RECORD_VERSION };
                let mut bytes = vec![version, if schema.multi { MULTI } else { PLAIN }];
                bytes.extend_from_slice(&id.0.to_be_bytes());
                put_name(&mut bytes, &schema.key);
                put_name(&mut bytes, &schema.value);
                if let Some(Elsewhere { tree, beneath }) = elsewhere {
                    put_name(&mut bytes, tree);
                    match beneath {
                        TreeOwner::Nobody => bytes.push(NOBODY),
                        TreeOwner::Left => bytes.push(LEFT),
                        TreeOwner::Dbi(id) => bytes.extend([&[DBI][..], &id.0.to_be_bytes()].concat()),
                    }
                }
                bytes
            }
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let cut = || damaged("the record of a DBI is cut short");
        let (&[version, kind], rest) = bytes.split_first_chunk::<2>().ok_or_else(cut)?;
        if version != RECORD_VERSION && version != WITH_TREE {
            return Err(Error::new(
                ErrorKind::FormatVersion,
                format!("a DBI has a schema of version {version}; use a newer mapleaf"),
            ));
        }
        if version == RECORD_VERSION && kind == DROPPED {
            return Ok(Self::Dropped);
        }
        let (id, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let id = DbiId(u32::from_be_bytes(*id));
        if version == WITH_TREE && kind == MOVED && rest.is_empty() {
            return Ok(Self::Moved(id));
        }
        let key = take_name(&mut rest)?;
        let value = take_name(&mut rest)?;
        let elsewhere = if version == WITH_TREE { Some(take_elsewhere(&mut rest)?) } else { None };
        if kind > MULTI || !rest.is_empty() {
            return Err(damaged("the record of a DBI is of an unknown kind"));
        }
        Ok(Self::Live { id, schema: Schema { multi: kind == MULTI, key, value }, elsewhere })
    }
}

fn take_elsewhere(bytes: &mut &[u8]) -> Result<Elsewhere> {
    let cut = || damaged("the name of a tree is cut short");
    let tree = take_name(bytes)?;
    check_tree_name(&tree)?;
    let (&owner, rest) = bytes.split_first().ok_or_else(cut)?;
    let (beneath, rest) = match owner {
        NOBODY => (TreeOwner::Nobody, rest),
        LEFT => (TreeOwner::Left, rest),
        DBI => {
            let (id, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            (TreeOwner::Dbi(DbiId(u32::from_be_bytes(*id))), rest)
        }
        _ => return Err(damaged("the record of a DBI names an unknown owner of a tree")),
    };
    *bytes = rest;
    Ok(Elsewhere { tree, beneath })
}

/// Appends a name with its length. Names are checked before: see [`check_schema`].
pub(super) fn put_name(bytes: &mut Vec<u8>, name: &str) {
    bytes.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
}

pub(super) fn take_name(bytes: &mut &[u8]) -> Result<Box<str>> {
    let cut = || damaged("a name is cut short");
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or_else(cut)?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(cut)?;
    *bytes = rest;
    std::str::from_utf8(name).map(Into::into).map_err(|_| damaged("a name is not text"))
}

/// The catalogue's key for the DBI `name`.
pub(crate) fn dbi_key(name: &str) -> Vec<u8> {
    [DBI_PREFIX, name.as_bytes()].concat()
}

/// Whether the catalogue keeps the record of a DBI under `key`.
pub(crate) fn is_dbi_key(key: &[u8]) -> bool {
    key.starts_with(DBI_PREFIX)
}

/// The name whose record the catalogue keeps under `key`. `None` for other keys.
pub(crate) fn dbi_name(key: &[u8]) -> Option<&str> {
    key.strip_prefix(DBI_PREFIX).and_then(|name| std::str::from_utf8(name).ok())
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
        let record = DbiRecord::Live { id: DbiId(7), schema, elsewhere: None };
        assert_eq!(record.to_bytes(), b"\x01\x01\0\0\0\x07\0\x03str\0\x03u64");
        assert_eq!(DbiRecord::from_bytes(&record.to_bytes())?, record);
        assert_eq!(DbiRecord::from_bytes(&DbiRecord::Dropped.to_bytes())?, DbiRecord::Dropped);
        let identity = Identity { features: FEATURES, uuid: [9; 16] };
        assert_eq!(identity.to_bytes()[8..], [9; 16]);
        assert_eq!(Identity::from_bytes(&identity.to_bytes())?, identity);
        Ok(())
    }

    fn moved(beneath: TreeOwner) -> DbiRecord {
        let schema = Schema { multi: false, key: "str".into(), value: "u64".into() };
        let elsewhere = Some(Elsewhere { tree: "a#9".into(), beneath });
        DbiRecord::Live { id: DbiId(9), schema, elsewhere }
    }

    #[test]
    fn records_with_a_tree_read_back_and_their_bytes_are_frozen() -> Result<()> {
        for (beneath, last) in
            [(TreeOwner::Nobody, &b"\0"[..]), (TreeOwner::Left, b"\xff"), (TreeOwner::Dbi(DbiId(7)), b"\x01\0\0\0\x07")]
        {
            let bytes = moved(beneath).to_bytes();
            let expected = [b"\x02\0\0\0\0\x09\0\x03str\0\x03u64\0\x03a#9", last].concat();
            assert_eq!(bytes, expected, "{beneath:?}");
            assert_eq!(DbiRecord::from_bytes(&bytes)?, moved(beneath));
            for cut in 0..bytes.len() {
                assert!(DbiRecord::from_bytes(&bytes[..cut]).is_err(), "{beneath:?} cut at {cut}");
            }
            assert!(DbiRecord::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
        }
        let moved = DbiRecord::Moved(DbiId(7));
        assert_eq!(moved.to_bytes(), b"\x02\xfe\0\0\0\x07");
        assert_eq!(DbiRecord::from_bytes(&moved.to_bytes())?, moved);
        Ok(())
    }

    #[test]
    fn a_tree_that_no_dbi_can_have_is_refused() {
        for tree in ["", "__mapleaf", "__mapleaf_head", "a\0b", &"n".repeat(1000)] {
            let mut bytes = b"\x02\0\0\0\0\x09\0\x03str\0\x03u64".to_vec();
            put_name(&mut bytes, tree);
            bytes.push(NOBODY);
            assert_eq!(DbiRecord::from_bytes(&bytes).map_err(|e| e.kind()), Err(ErrorKind::Corrupted), "{tree:?}");
        }
    }

    #[test]
    fn every_cut_of_a_record_is_an_error() {
        let schema = Schema { multi: false, key: "str".into(), value: "u64".into() };
        let bytes = DbiRecord::Live { id: DbiId(7), schema, elsewhere: None }.to_bytes();
        for cut in 0..bytes.len() {
            assert!(DbiRecord::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(Identity::from_bytes(&[0, 0, 0, 2]).map_err(|e| e.kind()), Err(ErrorKind::FormatVersion));
        let unknown = Identity { features: 1 << 31, uuid: [0; 16] };
        assert_eq!(Identity::from_bytes(&unknown.to_bytes()).map_err(|e| e.kind()), Err(ErrorKind::FormatVersion));
    }
}
