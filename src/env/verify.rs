//! Checking an open environment.

use crate::env::handle::Env;
use crate::error::Result;
use crate::page::{Level, Report, verify_snapshot};

impl Env {
    /// Walks the whole page graph of the newest state by reads of the file: every page reached once, free list and trees
    /// accounting for all pages, order of keys, levels, counters. Faults are in the report, not an error.
    ///
    /// Reads the whole file; readers and writers go on meanwhile. Values are not decoded, and bits that flipped inside
    /// them cannot be seen: LMDB's pages carry no checksums.
    ///
    /// # Errors
    /// `Closed`, `ReadersFull`, `Io`.
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = mapleaf::Env::temporary()?;
    /// assert!(env.verify()?.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(&self) -> Result<Report> {
        let newest = self.engine.generation().map_err(|error| error.during("verify"))?;
        // The generation's pin keeps its pages while they are walked.
        let file = std::sync::Arc::clone(&self.engine.files()?.file);
        verify_snapshot(&file, newest.meta(), Level::Full).map_err(|error| error.during("verify"))
    }
}
