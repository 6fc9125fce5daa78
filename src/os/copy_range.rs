//! Copies bytes from one file to another, by the system where it can.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::error::{Error, ErrorKind};
use crate::os::sys::{copy_file_range, read_at, write_all_at};

/// Why a copy ended early.
#[derive(Debug)]
pub(crate) enum CopyError {
    /// The source is damaged, or cannot be read.
    Source(Error),
    /// The target refused the bytes.
    Write(io::Error),
}

impl From<Error> for CopyError {
    fn from(error: Error) -> Self {
        Self::Source(error)
    }
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Bytes per copy request to the system. Signals are handled between two requests.
const REQUEST: usize = 64 << 20;
/// Bytes per read and write where the system does not copy.
const PIECE: usize = 1 << 20;

/// Copies the bytes `range` of `from` to the same offsets of `to`.
///
/// Offsets in `from` are always explicit: the position of its descriptor belongs to LMDB, which may use it to write.
/// On file systems that can share blocks between files, no data is read.
///
/// # Errors
/// `Corrupted` when `from` ends before the range does, `Io` when it cannot be read; the system's error when `to`
/// refuses the bytes.
pub(crate) fn copy_range(from: &File, to: &File, range: Range<u64>) -> Result<(), CopyError> {
    let copied = by_system(from, to, range.clone());
    if copied < range.end { by_hand(from, to, copied..range.end) } else { Ok(()) }
}

/// Copies as far as the system copies by itself, and returns where it stopped.
fn by_system(from: &File, to: &File, range: Range<u64>) -> u64 {
    let mut at = range.start;
    while at < range.end {
        let len = usize::try_from(range.end - at).map_or(REQUEST, |left| left.min(REQUEST));
        match copy_file_range(from, to, at, len) {
            // The source ends here, or its file system reports the end for every file. The caller's reads show which.
            Ok(0) => break,
            Ok(count) => at += count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The files are on two file systems, the kernel is old, permission is missing, or the disk failed. In each
            // case the caller copies the rest by reads and writes, which show whether the source or the target fails.
            Err(_) => break,
        }
    }
    at
}

fn by_hand(from: &File, to: &File, range: Range<u64>) -> Result<(), CopyError> {
    let mut buffer = vec![0; PIECE];
    let mut at = range.start;
    while at < range.end {
        let len = usize::try_from(range.end - at).map_or(PIECE, |left| left.min(PIECE));
        let piece = buffer.get_mut(..len).unwrap_or_default();
        let count = match read_at(from, piece, at) {
            Ok(0) => {
                let why = "the file ends before its pages do, cut while it was copied; see what Env::verify finds";
                return Err(Error::new(ErrorKind::Corrupted, why).into());
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let why = format!("the file that is copied cannot be read: {error}; see what Env::verify finds");
                return Err(Error::new(ErrorKind::Io, why).caused_by(error).into());
            }
        };
        write_all_at(to, piece.get(..count).unwrap_or_default(), at)?;
        at += count as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn files(len: usize) -> io::Result<(File, File, Vec<u8>)> {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 31 % 251).to_le_bytes()[0]).collect();
        let (from, to) = (tempfile::tempfile()?, tempfile::tempfile()?);
        from.write_all_at(&bytes, 0)?;
        Ok((from, to, bytes))
    }

    fn held(to: &File) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to.metadata()?.len()).unwrap_or(0)];
        to.read_exact_at(&mut bytes, 0).map(|()| bytes)
    }

    #[test]
    fn both_ways_copy_the_range_to_the_same_offset() -> Outcome {
        type Way = fn(&File, &File, Range<u64>) -> Result<(), CopyError>;
        let ways: [Way; 2] = [copy_range, by_hand];
        for (way, range) in
            ways.into_iter().flat_map(|way| [0..0, 5..6, 8192..3_000_000, 0..3_000_001].map(|r| (way, r)))
        {
            let (from, to, bytes) = files(3_000_001)?;
            way(&from, &to, range.clone()).map_err(|error| format!("{error:?}"))?;
            let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
            assert!(start == end || held(&to)? == [&vec![0; start], &bytes[start..end]].concat(), "{range:?}");
        }
        Ok(())
    }

    #[test]
    fn the_position_of_the_source_stays() -> Outcome {
        use std::io::Seek;
        let (mut from, to, _) = files(100_000)?;
        from.seek(io::SeekFrom::Start(77))?;
        copy_range(&from, &to, 0..100_000).map_err(|error| format!("{error:?}"))?;
        by_hand(&from, &to, 0..100_000).map_err(|error| format!("{error:?}"))?;
        assert_eq!(from.stream_position()?, 77);
        Ok(())
    }

    #[test]
    fn a_source_that_was_cut_is_damaged() -> Outcome {
        let (from, to, _) = files(10_000)?;
        for start in [0, 10_000] {
            let error = copy_range(&from, &to, start..10_001);
            assert!(
                matches!(&error, Err(CopyError::Source(error)) if error.message().contains("ends before")),
                "{error:?}"
            );
        }
        Ok(())
    }
}
