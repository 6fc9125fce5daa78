//! The two meta pages: the properties of the file, and the roots of its trees.

use crate::error::{Error, ErrorKind, Result};
use crate::page::fields::u64_at;
use crate::page::format::{FIRST_PAGE, MAX_DEPTH, META_BYTES, NO_PAGE, RECORD_BYTES};
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;

/// The root of a tree, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeRecord {
    pub pad: u32,
    pub flags: u16,
    pub depth: u16,
    pub branch_pages: u64,
    pub leaf_pages: u64,
    pub overflow_pages: u64,
    pub entries: u64,
    /// The root; `u64::MAX` for an empty tree.
    pub root: PageNo,
}

impl TreeRecord {
    /// A tree without entries and pages.
    pub(crate) const EMPTY: Self = Self {
        pad: 0,
        flags: 0,
        depth: 0,
        branch_pages: 0,
        leaf_pages: 0,
        overflow_pages: 0,
        entries: 0,
        root: NO_PAGE,
    };

    /// Decodes the record from the 48 bytes of a node or a meta page.
    ///
    /// # Errors
    /// `Corrupted` when it is not 48 bytes, deeper than 32 levels, or has a root without a depth.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Ok(bytes) = <&[u8; RECORD_BYTES]>::try_from(bytes) else {
            return Err(Error::new(ErrorKind::Corrupted, "a tree record is not 48 bytes long"));
        };
        let record = Self::decode(bytes);
        match record.why_wrong() {
            Some(why) => Err(Error::new(ErrorKind::Corrupted, why)),
            None => Ok(record),
        }
    }

    /// The 48 bytes of the record.
    pub(crate) fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let (head, counts) = bytes.split_at_mut(8);
        let shape = u64::from(self.pad) | u64::from(self.flags) << 32 | u64::from(self.depth) << 48;
        head.copy_from_slice(&shape.to_le_bytes());
        let fields = [self.branch_pages, self.leaf_pages, self.overflow_pages, self.entries, self.root.0];
        for (out, field) in counts.chunks_exact_mut(8).zip(fields) {
            out.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8; RECORD_BYTES]) -> Self {
        Self::from_words(|word| u64_at(bytes, 8 * word))
    }

    /// Builds the record from its little-endian words.
    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        let [p0, p1, p2, p3, f0, f1, d0, d1] = word(0).to_le_bytes();
        Self {
            pad: u32::from_le_bytes([p0, p1, p2, p3]),
            flags: u16::from_le_bytes([f0, f1]),
            depth: u16::from_le_bytes([d0, d1]),
            branch_pages: word(1),
            leaf_pages: word(2),
            overflow_pages: word(3),
            entries: word(4),
            root: PageNo(word(5)),
        }
    }

    /// Whether the tree has no pages.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.root == NO_PAGE
    }

    /// What is wrong with the record itself, without following its root.
    pub(crate) fn why_wrong(&self) -> Option<&'static str> {
        if self.depth > MAX_DEPTH {
            Some("a tree record deeper than 32 levels")
        } else if self.is_empty() != (self.depth == 0) {
            Some("a tree record with a root but no depth, or a depth but no root")
        } else {
            None
        }
    }

    /// What is wrong with the record in a file whose last page is `last_page`.
    pub(crate) fn why_outside(&self, last_page: PageNo) -> Option<&'static str> {
        let beyond = |count: u64| count > last_page.0;
        if !self.is_empty() && (self.root < FIRST_PAGE || self.root > last_page) {
            Some("the root of a tree is not a page of the file")
        } else if [self.branch_pages, self.leaf_pages, self.overflow_pages].into_iter().any(beyond) {
            Some("a tree record counts more pages than the file has")
        } else {
            self.why_wrong()
        }
    }
}

/// One meta page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub magic: u32,
    pub version: u32,
    /// The address where other software wants the file mapped; 0 for any.
    pub address: u64,
    /// Size in bytes of the map that the file was written with. LMDB uses it unless another size is set.
    pub map_size: u64,
    pub page_size: u32,
    pub free: TreeRecord,
    pub main: TreeRecord,
    pub last_page: PageNo,
    pub txn_id: LmdbTxnId,
}

impl Meta {
    /// The number of this meta page.
    pub(crate) fn page(&self) -> PageNo {
        self.txn_id.page()
    }

    /// Decodes the fields of a meta page, without checking them.
    pub(crate) fn decode(bytes: &[u8; META_BYTES]) -> Self {
        let word = |word: usize| u64_at(bytes, 8 * word);
        Self::from_words(LmdbTxnId(word(META_BYTES / 8 - 1)), word)
    }

    /// Builds the meta page from its little-endian words. The caller reads the transaction's id first.
    #[inline]
    pub(crate) fn from_words(txn_id: LmdbTxnId, word: impl Fn(usize) -> u64) -> Self {
        let [m0, m1, m2, m3, v0, v1, v2, v3] = word(2).to_le_bytes();
        let free = TreeRecord::from_words(|at| word(5 + at));
        Self {
            magic: u32::from_le_bytes([m0, m1, m2, m3]),
            version: u32::from_le_bytes([v0, v1, v2, v3]),
            address: word(3),
            map_size: word(4),
            page_size: free.pad,
            free,
            main: TreeRecord::from_words(|at| word(11 + at)),
            last_page: PageNo(word(17)),
            txn_id,
        }
    }
}
