//! Read-only maps of files that grow.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use memmap2::{Advice, MmapOptions, MmapRaw};
use nix::unistd::geteuid;

use crate::error::{Error, ErrorKind, Result};

/// A read-only map of a file, which may be longer than the file. Bytes beyond the end of the file must not be
/// touched.
pub(crate) struct Map {
    raw: MmapRaw,
}

impl Map {
    /// Maps `bytes` of `file` from its beginning, whether the file is that long yet or not.
    pub(crate) fn new(file: &File, bytes: usize) -> Result<Self> {
        let raw = MmapOptions::new().len(bytes).no_reserve_swap().map_raw_read_only(file).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("cannot reserve {bytes} bytes of address space: {error}; open with a smaller map_size"),
            )
            .caused_by(error)
        })?;
        if tells_what_is_resident(file) {
            // A look-up needs only one page of those that would be read around it, and a scan requests more itself.
            // Everything works without the advice too.
            let _ = raw.advise(Advice::Random);
        }
        Ok(Self { raw })
    }

    /// The length of the reservation in bytes.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// Where the map begins, on a boundary of the system's pages.
    #[inline]
    pub(crate) fn start(&self) -> *const u8 {
        self.raw.as_ptr()
    }
}

/// Whether the system tells this process which pages of `file` are in memory. Scans need that to know when to
/// request pages.
///
/// It tells the file's owner and root. It tells some others too; they get the system's own read-ahead.
fn tells_what_is_resident(file: &File) -> bool {
    let user = geteuid();
    user.is_root() || file.metadata().is_ok_and(|file| file.uid() == user.as_raw())
}
