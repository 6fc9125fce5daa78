//! Read-only maps of files that grow.

use std::fs::File;

use crate::error::{Error, ErrorKind, Result};
use crate::os::sys::{ReadMap, reports_residency};

/// A read-only map of a file, which may be longer than the file. Bytes beyond the end of the file must not be
/// touched.
pub(crate) struct Map {
    raw: ReadMap,
}

impl Map {
    /// Maps `bytes` of `file` from its beginning, whether the file is that long yet or not.
    pub(crate) fn new(file: &File, bytes: usize) -> Result<Self> {
        let raw = ReadMap::new(file, bytes).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("cannot reserve {bytes} bytes of address space: {error}; open with a smaller map_size"),
            )
            .caused_by(error)
        })?;
        if reports_residency(file) {
            // Turns off the system's read-ahead: a look-up needs only one of the pages that the system would read
            // together. A scan requests more pages itself, once the system reports that they are not in memory. A
            // process that gets no such reports keeps the system's read-ahead.
            raw.expect_random_reads();
        }
        Ok(Self { raw })
    }

    /// The length of the map in bytes.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Where the map begins, on a boundary of the system's pages.
    #[inline]
    pub(crate) fn start(&self) -> *const u8 {
        self.raw.start()
    }
}
