//! The map of the data file, as pages: made once for the whole reservation, in which pages appear as the file grows.

use std::fs::File;

use crate::error::Result;
use crate::os::Map;
use crate::page::layout::Pages;

/// A read-only map of the data file. Never borrowed as one slice: live meta pages change under it.
pub(crate) struct EnvMap {
    map: Map,
    page_size: usize,
}

impl EnvMap {
    /// Maps `bytes` of `file` from its beginning, whether the file is that long yet or not.
    pub(crate) fn new(file: &File, bytes: usize, page_size: usize) -> Result<Self> {
        Ok(Self { map: Map::new(file, bytes)?, page_size })
    }

    /// The length of the reservation in bytes.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn page_size(&self) -> usize {
        self.page_size
    }

    /// How many whole pages a file of `file_len` bytes has within the reservation.
    pub(crate) fn page_count(&self, file_len: u64) -> u64 {
        file_len.min(self.map.len() as u64) / self.page_size as u64
    }

    /// The two meta pages, which change: see [`Pages::meta`].
    pub(crate) fn metas(&self) -> Pages<'_> {
        self.pages(2)
    }

    /// The first `count` pages, a number that [`page_count`](Self::page_count) gave.
    ///
    /// Reads through the result are sound while the pages that are read stay as they are: those of a pinned state, or
    /// of the newest one under the write lock. Meta pages are read by [`Pages::meta`] alone, which allows for a writer.
    #[inline]
    pub(crate) fn pages(&self, count: u64) -> Pages<'_> {
        debug_assert!(count <= self.page_count(u64::MAX));
        Pages::of_map(&self.map, count, self.page_size)
    }
}
