//! Verification of an open environment.

use std::sync::Arc;

use crate::env::handle::Env;
use crate::env::newest::read_newest;
use crate::error::Result;
use crate::page::{VerifyLevel, VerifyReport, verify_snapshot};

impl Env {
    /// Walks the whole page graph of the newest state by reads of the file. Checks that every page is reached once,
    /// that free list and trees account for all pages, the order of keys, levels, counters, and that nodes fill their
    /// pages. Faults are in the report, each with its page, and are not an error.
    ///
    /// Reads every page except the insides of large values, on the calling thread: some gigabytes per second from the
    /// system's cache, otherwise at the speed of the disk. Takes one bit of memory per page (32 MiB per TiB) and some
    /// buffers. Readers and writers continue meanwhile. Values are not decoded, and flipped bits inside them cannot
    /// be detected: LMDB's pages carry no checksums. Takes a reader slot; if none is free, writers wait until it has
    /// ended.
    ///
    /// # Errors
    /// `Closed`, `Io`. `ReadersFull` if no slot is free, the environment is read-only and this process reads no
    /// state.
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = mapleaf::Env::temporary()?;
    /// assert!(env.verify()?.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("check_integrity", "fsck"))]
    pub fn verify(&self) -> Result<VerifyReport> {
        let verify = || {
            let file = Arc::clone(&self.engine.files()?.file);
            // `read_newest` pins the state, or holds LMDB's write lock: both keep its pages unchanged while they are
            // read.
            read_newest(&self.engine, "verify", |newest| verify_snapshot(&file, newest.meta(), VerifyLevel::Full))
        };
        verify().map_err(|error| error.during("verify"))
    }
}
