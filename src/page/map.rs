//! The memory map of the data file, as pages. A map covers all the address space that is reserved for the file, usually
//! more than the file has. New pages appear in it as the file grows.

use crate::error::Result;
use crate::os::{File, Map};
use crate::page::layout::Pages;

/// A read-only map of the data file. It is never borrowed as one slice, because meta pages change under it.
pub(crate) struct EnvMap {
    map: Map,
    page_size: usize,
}

impl EnvMap {
    /// Maps `bytes` of `file` from its beginning, even if the file is not that long yet.
    pub(crate) fn new(file: &File, bytes: usize, page_size: usize) -> Result<Self> {
        Ok(Self { map: Map::new(file, bytes)?, page_size })
    }

    /// The length of the map in bytes, including the part beyond the end of the file.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn page_size(&self) -> usize {
        self.page_size
    }

    /// The number of whole pages that the map shows of a file of `file_len` bytes.
    pub(crate) fn page_count(&self, file_len: u64) -> u64 {
        file_len.min(self.map.len() as u64) / self.page_size as u64
    }

    /// The two meta pages. A writer may change them at any time: see [`Pages::meta`].
    pub(crate) fn metas(&self) -> Pages<'_> {
        self.pages(2)
    }

    /// The first `count` pages; `count` must come from [`page_count`](Self::page_count).
    ///
    /// Reading through the result is sound while the pages do not change: those of a pinned state, or of the newest
    /// state under the write lock. Read meta pages only by [`Pages::meta`], which allows for a writer.
    #[inline]
    pub(crate) fn pages(&self, count: u64) -> Pages<'_> {
        debug_assert!(count <= self.page_count(u64::MAX));
        Pages::of_map(&self.map, count, self.page_size)
    }
}
