//! Reads pages into reusable buffers, and consecutive pages in one read.

use std::io::{self, ErrorKind as IoKind};

use crate::error::{Error, ErrorKind, Result};
use crate::os::{File, read_exact_at};
use crate::page::page_no::PageNo;

/// The maximum number of bytes read at once. Larger reads brought no gain, and the pages of one read stay in the cache
/// until they are checked.
const AT_ONCE: usize = 64 << 10;

/// The file, and the unused buffers.
pub(crate) struct Reader<'f> {
    file: &'f File,
    page_size: usize,
    /// The file's length in bytes.
    pub len: u64,
    /// The number of whole pages in the file. Healthy files can have fewer pages than the last page number says: the
    /// last pages may be free ones that were never written.
    pub file_pages: u64,
    spare: Vec<Buffer>,
}

/// Some consecutive pages.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    first: PageNo,
    count: usize,
}

impl<'f> Reader<'f> {
    pub(crate) fn new(file: &'f File, page_size: usize) -> Result<Self> {
        let len = file.metadata().map_err(|error| failed("the file's length", error))?.len();
        Ok(Self { file, page_size, len, file_pages: len / page_size.max(1) as u64, spare: Vec::new() })
    }

    /// A buffer without pages. There are at most as many buffers as the walk has levels.
    pub(crate) fn buffer(&mut self) -> Buffer {
        self.spare.pop().map_or_else(Buffer::default, |spare| Buffer { count: 0, ..spare })
    }

    /// Returns a buffer for reuse.
    pub(crate) fn put_back(&mut self, buffer: Buffer) {
        self.spare.push(buffer);
    }

    /// Page `number`, from `buffer` if it is there. Otherwise it is read, together with the pages of `after` that
    /// directly follow it. `None` when the file ends before the page does.
    pub(super) fn page<'b>(
        &self,
        buffer: &'b mut Buffer,
        number: PageNo,
        after: impl Iterator<Item = PageNo>,
    ) -> Result<Option<&'b [u8]>> {
        let held = |buffer: &Buffer| number.checked_sub(buffer.first).filter(|at| *at < buffer.count as u64);
        let at = match held(buffer) {
            Some(at) => at,
            None if self.fill(buffer, number, after)? => 0,
            None => return Ok(None),
        };
        let start = usize::try_from(at).unwrap_or(usize::MAX).saturating_mul(self.page_size);
        Ok(buffer.bytes.get(start..).and_then(|rest| rest.get(..self.page_size)))
    }

    fn fill(&self, buffer: &mut Buffer, number: PageNo, after: impl Iterator<Item = PageNo>) -> Result<bool> {
        let most = (AT_ONCE / self.page_size).max(1);
        let in_file = |page: PageNo| page.0 < self.file_pages;
        let following = after.zip(number.0.saturating_add(1)..).take(most - 1);
        let count = 1 + following.take_while(|&(page, next)| page.0 == next && in_file(page)).count();
        // If the file was truncated after its length was read, reading all pages fails. The first page, which the
        // caller needs, may still be there, so try it alone.
        for count in [count, 1] {
            let len = count * self.page_size;
            if buffer.bytes.len() < len {
                buffer.bytes.resize(len, 0);
            }
            buffer.count = 0;
            let bytes = buffer.bytes.get_mut(..len).unwrap_or_default();
            if self.read_at(bytes, number, 0)? {
                (buffer.first, buffer.count) = (number, count);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Fills `bytes` from byte `from` of the run that begins at page `number`; `false` when the file ends before.
    pub(super) fn read_at(&self, bytes: &mut [u8], number: PageNo, from: u64) -> Result<bool> {
        let at = number.offset(self.page_size as u64).saturating_add(from);
        match read_exact_at(self.file, bytes, at) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == IoKind::UnexpectedEof => Ok(false),
            Err(error) => Err(failed("a page", error)),
        }
    }
}

fn failed(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("could not read {what}: {error}")).caused_by(error)
}
