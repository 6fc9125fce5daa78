//! A row as bytes: DBI number, two lengths, the key, and the value or a reference to it.

use std::cmp::Ordering;

/// The header before the key: the DBI's number (4 bytes), the key's length (2), the value's length (4).
const PREFIX: usize = 10;
/// Flag in the value's length: the value is in the file of large values.
const APART: u32 = 1 << 31;
/// The size of the reference that replaces such a value: its offset (8 bytes), its checksum (8).
const REFERENCE: usize = 16;

/// A row, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// The DBI, by its number in the load.
    pub dbi: u32,
    pub key: &'a [u8],
    pub value: Stored<'a>,
}

/// A value, or the location of a large one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored<'a> {
    Here(&'a [u8]),
    /// In the file of large values.
    Apart(Extent),
}

/// Where a large value is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub at: u64,
    pub len: u32,
    pub checksum: u64,
}

impl Row<'_> {
    /// The length of the record in bytes.
    pub(super) fn size(&self) -> usize {
        let value = match self.value {
            Stored::Here(value) => value.len(),
            Stored::Apart(_) => REFERENCE,
        };
        PREFIX + self.key.len() + value
    }

    /// The length of key and value in bytes.
    pub(super) fn payload(&self) -> usize {
        self.key.len()
            + match self.value {
                Stored::Here(value) => value.len(),
                Stored::Apart(extent) => extent.len as usize,
            }
    }

    /// Appends the record. Keys and values were checked against their limits, so their lengths fit the header.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let len = match self.value {
            Stored::Here(value) => u32::try_from(value.len()).unwrap_or(APART - 1),
            Stored::Apart(extent) => extent.len | APART,
        };
        let mut prefix = [0; PREFIX];
        prefix[..4].copy_from_slice(&self.dbi.to_le_bytes());
        prefix[4..6].copy_from_slice(&u16::try_from(self.key.len()).unwrap_or(u16::MAX).to_le_bytes());
        prefix[6..].copy_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&prefix);
        out.extend_from_slice(self.key);
        match self.value {
            Stored::Here(value) => out.extend_from_slice(value),
            Stored::Apart(extent) => {
                out.extend_from_slice(&extent.at.to_le_bytes());
                out.extend_from_slice(&extent.checksum.to_le_bytes());
            }
        }
    }
}

/// Reads the record at the start of `bytes`, and returns its row and the remaining bytes. `None` if it is not
/// complete.
#[inline]
pub(super) fn read(bytes: &[u8]) -> Option<(Row<'_>, &[u8])> {
    let (prefix, rest) = bytes.split_first_chunk::<PREFIX>()?;
    let dbi = u32::from_le_bytes([prefix[0], prefix[1], prefix[2], prefix[3]]);
    let key_len = usize::from(u16::from_le_bytes([prefix[4], prefix[5]]));
    let len = u32::from_le_bytes([prefix[6], prefix[7], prefix[8], prefix[9]]);
    let (key, rest) = rest.split_at_checked(key_len)?;
    if len & APART == 0 {
        let (value, rest) = rest.split_at_checked(len as usize)?;
        return Some((Row { dbi, key, value: Stored::Here(value) }, rest));
    }
    let (at, rest) = rest.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let extent = Extent { at: u64::from_le_bytes(*at), len: len & !APART, checksum: u64::from_le_bytes(*checksum) };
    Some((Row { dbi, key, value: Stored::Apart(extent) }, rest))
}

/// The sort order of rows: by DBI, then by key. Rows of equal rank are versions of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank<'a> {
    pub dbi: u32,
    pub head: u64,
    pub key: &'a [u8],
}

impl Rank<'_> {
    #[inline]
    pub(super) fn order(&self, other: &Rank<'_>) -> Ordering {
        let heads = (self.dbi, self.head).cmp(&(other.dbi, other.head));
        // Heads are padded with zeros, so keys of different lengths can have equal heads. Then the keys decide.
        heads.then_with(|| self.key.cmp(other.key))
    }
}
