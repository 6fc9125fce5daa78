//! Checking an open environment.

use std::sync::Arc;

use crate::env::handle::Env;
use crate::env::newest::read_newest;
use crate::error::Result;
use crate::page::{Level, VerifyReport, verify_snapshot};

impl Env {
    /// Walks the whole page graph of the newest state by reads of the file: every page reached once, free list and trees
    /// accounting for all pages, order of keys, levels, counters, nodes that fill their pages. Faults are in the report,
    /// each with its page, and are not an error.
    ///
    /// Reads every page but the insides of large values, on the calling thread: some gigabytes a second from the system's
    /// cache, else what the disk gives. Takes one bit of memory for each page (32 MiB for a TiB) and some buffers. Readers
    /// and writers go on meanwhile. Values are not decoded, and bits that flipped inside them cannot be seen: LMDB's pages
    /// carry no checksums. Takes a reader slot; where none is free, writers wait until it has ended.
    ///
    /// # Errors
    /// `Closed`, `Io`. `ReadersFull` where no slot is free, the environment is read-only and this process reads no state.
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = mapleaf::Env::temporary()?;
    /// assert!(env.verify()?.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(&self) -> Result<VerifyReport> {
        let verify = || {
            let file = Arc::clone(&self.engine.files()?.file);
            // Its pin, or the write lock, keeps its pages while they are walked.
            read_newest(&self.engine, "verify", |newest| verify_snapshot(&file, newest.meta(), Level::Full))
        };
        verify().map_err(|error| error.during("verify"))
    }
}
