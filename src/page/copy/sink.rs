//! The output of a copy: pages are numbered in order, buffered, and written in large pieces.

use std::io::{self, Write};
use std::ops::Range;

use crate::page::format::FIRST_PAGE;
use crate::page::page_no::PageNo;

/// Bytes written at once: a multiple of every page size.
pub(crate) const PIECE: usize = 1 << 20;

/// Receives the pages of a copy, in large pieces.
pub(crate) trait Pieces {
    /// Writes the contents of `piece`, and empties it.
    fn take(&mut self, piece: &mut Vec<u8>) -> io::Result<()>;
}

impl<W: Write> Pieces for W {
    fn take(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        self.write_all(piece)?;
        piece.clear();
        Ok(())
    }
}

/// Numbers and buffers pages for output.
pub(crate) struct Sink<'w> {
    out: &'w mut dyn Pieces,
    buffer: Vec<u8>,
    next: PageNo,
}

impl<'w> Sink<'w> {
    /// Creates a sink whose first page is the one after the meta pages.
    pub(crate) fn new(out: &'w mut dyn Pieces) -> Self {
        Self { out, buffer: Vec::with_capacity(PIECE), next: FIRST_PAGE }
    }

    /// The number of the next page.
    pub(crate) fn next(&self) -> PageNo {
        self.next
    }

    /// Appends one page and returns its new number. Writes that number into the copied header, clears the bytes
    /// `free`, and writes each of `changes` at its offset.
    pub(crate) fn page<const N: usize>(
        &mut self,
        page: &[u8],
        free: Range<usize>,
        changes: impl Iterator<Item = (usize, [u8; N])>,
    ) -> io::Result<PageNo> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(page);
        if let Some(copy) = self.buffer.get_mut(start..) {
            lay(copy, 0, &self.next.0.to_le_bytes());
            copy.get_mut(free).unwrap_or_default().fill(0);
            changes.for_each(|(at, bytes)| lay(copy, at, &bytes));
        }
        self.flush_full()?;
        Ok(self.count(1))
    }

    /// Appends a run of `count` pages, of which the first `used` bytes are in use, and returns the number of the
    /// first.
    pub(crate) fn run(&mut self, run: &[u8], used: usize, count: u64) -> io::Result<PageNo> {
        let (used, rest) = run.split_at_checked(used).unwrap_or((run, &[]));
        let (number, kept) = used.split_at_checked(8).unwrap_or((used, &[]));
        debug_assert_eq!(number.len(), 8);
        self.bytes(&self.next.0.to_le_bytes())?;
        self.bytes(kept)?;
        self.zeros(rest.len())?;
        Ok(self.count(count))
    }

    /// Writes the rest of the buffer.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()
    }

    fn count(&mut self, pages: u64) -> PageNo {
        let first = self.next;
        self.next.0 += pages;
        first
    }

    fn bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            self.flush_full()?;
        }
        Ok(())
    }

    fn zeros(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            let now = count.min(PIECE - self.buffer.len());
            self.buffer.resize(self.buffer.len() + now, 0);
            count -= now;
            self.flush_full()?;
        }
        Ok(())
    }

    fn flush_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.take(&mut self.buffer)
    }
}

/// Overwrites `page` with `bytes` at offset `at`.
fn lay(page: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(target) = page.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        target.copy_from_slice(bytes);
    }
}
