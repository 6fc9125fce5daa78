//! Words of a file that processes share.
#![expect(unsafe_code, reason = "the words are reached by a raw pointer into the map")]

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicU32;

use crate::error::{Error, ErrorKind, Result};
use crate::os::sys::SharedMap;

/// Words of a file that processes share, read and written without system calls.
pub(crate) struct SharedWords {
    raw: SharedMap,
}

impl SharedWords {
    /// Maps the first `bytes` of `file`, at `path`, which is that long and never shortened.
    pub(crate) fn new(file: &File, path: &Path, bytes: usize) -> Result<Self> {
        let raw = SharedMap::new(file, bytes).map_err(|error| {
            let why = format!("cannot map {}: {error}; the file system must offer shared maps", path.display());
            Error::new(ErrorKind::Io, why).caused_by(error)
        })?;
        Ok(Self { raw })
    }

    /// The word at byte `at`, a multiple of 4 inside the map.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        let [word] = self.words(at);
        word
    }

    /// The words from byte `at` on, a multiple of 4; all are inside the map.
    #[inline]
    pub(crate) fn words<const COUNT: usize>(&self, at: usize) -> &[AtomicU32; COUNT] {
        assert!(at.is_multiple_of(4) && at + 4 * COUNT <= self.raw.len(), "words are inside their file");
        // SAFETY: aligned bytes inside a readable and writable map that lives as long as `self`; all processes use
        // them only as atomics, which have the size and alignment of the integers.
        unsafe { &*self.raw.start().add(at).cast() }
    }
}
