//! Copies of a live environment into a stream.

use std::io::{self, Write};
use std::sync::Arc;

use crate::commit::check_not_writing;
use crate::env::copy::Compact;
use crate::env::handle::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::os::{CopyError, File, read_exact_at};
use crate::page::{self, PIECE, Pieces};
use crate::state::PinnedState;

impl Env {
    /// Writes a copy of the newest state to `out`, from the first byte to the last, while readers and writers continue:
    /// to a pipe, a socket or a compressor. Returns how many bytes it wrote. `out` is flushed.
    ///
    /// The bytes are those of the file that [`copy_to`](Self::copy_to) writes, the data file of an environment. The
    /// meta pages come first here, so whoever receives them must check that all bytes came: a copy that was cut short
    /// may open, and fails with [`Corrupted`](ErrorKind::Corrupted) where pages are missing. Write them to a temporary
    /// name, and rename the file when it is complete and flushed.
    ///
    /// Costs as `copy_to`; with [`Compact::Yes`] the pages in use are read twice, since the first page depends on the
    /// last. Writes of up to 1 MiB.
    ///
    /// # Errors
    /// `Io` when `out` fails, with its error as the cause; `Nested` inside a transaction of this thread; `Corrupted`
    /// for a damaged file; `Closed`, `ReadersFull`.
    ///
    /// ```
    /// # use mapleaf::{Compact, Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let mut bytes = Vec::new();
    /// assert_eq!(env.copy_to_writer(&mut bytes, Compact::Yes)?, bytes.len() as u64);
    ///
    /// let path = dir.path().join("copy.mdb");
    /// std::fs::write(&path, bytes).map_err(mapleaf::Error::other)?;
    /// let copy = Env::options().single_file(true).open(path)?;
    /// let ages: Dbi<&str, u32> = copy.dbi("ages")?;
    /// assert_eq!(ages.get(&copy.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("backup", "copy_fd"))]
    pub fn copy_to_writer(&self, out: impl Write, compact: Compact) -> Result<u64> {
        self.stream(out, compact).map_err(|error| error.during("copy_to_writer"))
    }

    fn stream(&self, out: impl Write, compact: Compact) -> Result<u64> {
        check_not_writing()?;
        // The pin keeps the pages of this state unchanged while they are copied.
        let newest = self.engine.pinned()?;
        let source = Arc::clone(&self.engine.files()?.file);
        let mut out = Counted { out, bytes: 0 };
        let written = write_state(&newest, &source, &mut out, compact).map_err(|error| match error {
            CopyError::Source(error) => error.of_file(&newest.core().paths.data()),
            CopyError::Write(error) => {
                let why = format!("the copy could not be written: {error}; nothing after byte {} was", out.bytes);
                Error::new(ErrorKind::Io, why).caused_by(error)
            }
        });
        written.map(|()| out.bytes)
    }
}

fn write_state(
    state: &PinnedState,
    source: &File,
    out: &mut Counted<impl Write>,
    compact: Compact,
) -> Result<(), CopyError> {
    let (meta, pages) = (state.meta(), state.pages());
    match compact {
        Compact::Yes => {
            let metas = page::compact(pages, meta, &mut Dropped)?;
            out.write_all(&metas)?;
            page::compact(pages, meta, out)?;
        }
        Compact::No => {
            out.write_all(&page::plain_metas(meta))?;
            let page_size = pages.page_size() as u64;
            // As in a copy to a file, free pages may change meanwhile, so the map is not read. Those at the end may not
            // be in the file, so `end` is not after the file's end.
            let end = meta.last_page.count_to_here().min(pages.page_count()) * page_size;
            let mut piece = vec![0; PIECE];
            let mut at = 2 * page_size;
            while at < end {
                let length = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
                let piece = &mut piece[..length];
                read_exact_at(source, piece, at).map_err(|error| {
                    let why = format!("the file ends before byte {end}, or cannot be read: {error}");
                    CopyError::Source(Error::new(ErrorKind::Io, why))
                })?;
                out.write_all(piece)?;
                at += length as u64;
            }
        }
    }
    Ok(out.flush()?)
}

/// Counts the bytes that are written.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Drops the pages of a copy of which only the meta pages are wanted.
struct Dropped;

impl Pieces for Dropped {
    fn take(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        piece.clear();
        Ok(())
    }
}
