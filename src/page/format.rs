//! LMDB's constants: sizes, flags and magic numbers of pages, nodes, trees and meta pages.

use crate::page::page_no::PageNo;

/// Bytes of a page header: number, pad, flags, lower, upper.
pub(crate) const HEADER: usize = 16;
/// Bytes of a node header: size or child, flags, key size.
pub(crate) const NODE_HEADER: usize = 8;
/// Bytes of a slot, which says where a node begins.
pub(crate) const SLOT: usize = 2;
/// Bytes of the page number that a leaf stores instead of a large value: that of the value's first overflow page.
pub(crate) const PAGE_NUMBER: usize = 8;
/// Meta pages at the start of every file.
pub(crate) const META_PAGES: u64 = 2;
/// The first page after the meta pages.
pub(crate) const FIRST_PAGE: PageNo = PageNo(META_PAGES);

/// Whether a file can have pages of this many bytes: a power of two from 512 to 32768. Positions in a page have 16 bits.
#[inline]
pub(crate) const fn is_page_size(bytes: usize) -> bool {
    bytes.is_power_of_two() && bytes >= 512 && bytes <= 32_768
}

/// Page flags, as LMDB names them.
pub(crate) mod flag {
    pub(crate) const BRANCH: u16 = 0x01;
    pub(crate) const LEAF: u16 = 0x02;
    pub(crate) const OVERFLOW: u16 = 0x04;
    pub(crate) const META: u16 = 0x08;
    pub(crate) const DIRTY: u16 = 0x10;
    pub(crate) const LEAF2: u16 = 0x20;
    pub(crate) const SUB: u16 = 0x40;
}

/// How many cache lines are prefetched at the start of a page: they hold its header and the slots of about fifty
/// entries.
pub(crate) const HEADER_LINES: usize = 2;
/// Bytes of a cache line.
pub(crate) const LINE: usize = 64;

/// The used bytes of a meta page, including its header. The transaction id is the last word.
pub(crate) const META_BYTES: usize = 152;
/// The position of the transaction id in a meta page; the id is little-endian.
pub(crate) const ID_OF_META: std::ops::Range<usize> = META_BYTES - 8..META_BYTES;
/// The magic number at byte 16 of a meta page.
pub(crate) const MAGIC: u32 = 0xBEEF_C0DE;
/// The data version of LMDB 0.9.
pub(crate) const VERSION: u32 = 1;
/// Bytes of a tree record.
pub(crate) const RECORD_BYTES: usize = 48;
/// The maximum depth of LMDB's cursors, and so of its trees.
pub(crate) const MAX_DEPTH: u16 = 32;
/// The root of a tree without pages.
pub(crate) const NO_PAGE: PageNo = PageNo(u64::MAX);

/// Flags of a tree, as LMDB names them.
pub(crate) mod tree_flag {
    pub(crate) const REVERSE_KEY: u16 = 0x02;
    pub(crate) const DUP_SORT: u16 = 0x04;
    pub(crate) const INTEGER_KEY: u16 = 0x08;
    pub(crate) const DUP_FIXED: u16 = 0x10;
    pub(crate) const INTEGER_DUP: u16 = 0x20;
    pub(crate) const REVERSE_DUP: u16 = 0x40;
}

/// The names that error messages give to the flags of a tree.
pub(crate) const TREE_FLAGS: [(u16, &str); 5] = [
    (tree_flag::REVERSE_KEY, "REVERSEKEY"),
    (tree_flag::DUP_SORT, "DUPSORT"),
    (tree_flag::INTEGER_KEY, "INTEGERKEY"),
    (tree_flag::DUP_FIXED, "DUPFIXED"),
    (tree_flag::INTEGER_DUP, "INTEGERDUP"),
];
