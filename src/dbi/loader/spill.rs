//! The temporary files of a load: one of blocks, one of large values. They have no names, so the system removes them
//! however the load ends.

use std::io;
use std::path::{Path, PathBuf};

use crate::dbi::loader::block::{self, damaged};
use crate::dbi::loader::record::Extent;
use crate::error::{Error, ErrorKind, Result};
use crate::os::{File, located, punch_hole, read_at, temporary_file, write_all_at};

/// The minimum and maximum size of a block in bytes. The minimum holds the longest key with a reference to its value.
const BLOCK: (usize, usize) = (4096, 1 << 20);

/// The temporary files, created at the first write.
#[derive(Debug)]
pub(super) struct Spill {
    directory: PathBuf,
    block_size: usize,
    blocks: Option<File>,
    large: Option<File>,
    /// How many blocks are in use.
    next_block: u64,
    /// The file offset for the next large value.
    next_large: u64,
    /// The total number of bytes written.
    written: u64,
}

impl Spill {
    /// Chooses the block size for a load within `memory` bytes.
    pub(super) fn new(directory: PathBuf, memory: usize) -> Self {
        let block_size = (memory / 64).clamp(BLOCK.0, BLOCK.1) / BLOCK.0 * BLOCK.0;
        Self { directory, block_size, blocks: None, large: None, next_block: 0, next_large: 0, written: 0 }
    }

    pub(super) fn block_size(&self) -> usize {
        self.block_size
    }

    /// Longer values go to the file of large values, so that a block holds at least a few rows.
    pub(super) fn longest_here(&self) -> usize {
        self.block_size / 4
    }

    pub(super) fn next_block(&self) -> u64 {
        self.next_block
    }

    /// The total number of bytes written to the files.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Marks the blocks up to `next` as used. They were written.
    pub(super) fn take_blocks(&mut self, next: u64) {
        self.next_block = next;
    }

    /// Writes a sealed block at its file position.
    pub(super) fn write_block(&mut self, number: u64, block: &[u8]) -> Result<()> {
        let at = self.offset(number);
        let file = open(&mut self.blocks, &self.directory)?;
        write_all_at(file, block, at).map_err(|error| failed(error, &self.directory))?;
        self.written += block.len() as u64;
        Ok(())
    }

    /// Reads a block into `out`, checks it, and returns where its records end.
    pub(super) fn read_block(&self, number: u64, out: &mut Vec<u8>) -> Result<usize> {
        let Some(file) = &self.blocks else { return Err(damaged("a block")) };
        out.resize(self.block_size, 0);
        let read = read_full(file, out, self.offset(number)).map_err(|error| failed(error, &self.directory))?;
        block::open(&out[..read], number)
    }

    /// Writes a large value.
    pub(super) fn write_large(&mut self, value: &[u8]) -> Result<Extent> {
        let at = self.next_large;
        let file = open(&mut self.large, &self.directory)?;
        write_all_at(file, value, at).map_err(|error| failed(error, &self.directory))?;
        self.next_large += value.len() as u64;
        self.written += value.len() as u64;
        let len = u32::try_from(value.len()).map_err(|_| damaged("a large value"))?;
        Ok(Extent { at, len, checksum: block::checksum(at, value) })
    }

    /// Reads a large value into `out`, and checks it.
    pub(super) fn read_large(&self, extent: Extent, out: &mut Vec<u8>) -> Result<()> {
        let Some(file) = &self.large else { return Err(damaged("a large value")) };
        out.resize(extent.len as usize, 0);
        let read = read_full(file, out, extent.at).map_err(|error| failed(error, &self.directory))?;
        if read < out.len() || block::checksum(extent.at, out) != extent.checksum {
            return Err(damaged("a large value"));
        }
        Ok(())
    }

    /// Returns the disk space of blocks that are no longer needed, where the file system can.
    pub(super) fn free_blocks(&mut self, first: u64, count: u64) {
        if let Some(file) = &self.blocks {
            punch_hole(file, self.offset(first), count.saturating_mul(self.block_size as u64));
        }
    }

    /// One of the two files.
    #[cfg(test)]
    pub(super) fn file(&self, large: bool) -> Option<&File> {
        if large { self.large.as_ref() } else { self.blocks.as_ref() }
    }

    fn offset(&self, number: u64) -> u64 {
        number.saturating_mul(self.block_size as u64)
    }
}

fn open<'f>(file: &'f mut Option<File>, directory: &Path) -> Result<&'f File> {
    let opened = match file.take() {
        Some(file) => file,
        None => temporary_file(directory).map_err(|error| failed(error, directory))?,
    };
    Ok(file.insert(opened))
}

/// Reads until `out` is full or the file ends, and returns the number of bytes.
fn read_full(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < out.len() {
        match read_at(file, &mut out[read..], at.saturating_add(read as u64)) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cold]
fn failed(error: io::Error, directory: &Path) -> Error {
    let typed = located(error, directory);
    if typed.kind() != ErrorKind::DiskFull {
        return typed;
    }
    let why = format!(
        "{}: no room for the load's temporary files; make room, or name another place by Loader::directory",
        directory.display()
    );
    Error::new(ErrorKind::DiskFull, why).caused_by(typed)
}
