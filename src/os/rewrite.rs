//! Rewrites a whole file after a failed flush: pages that the system regards as written may not be on the disk, and
//! the system would not write them again.

use std::fs::File;
use std::io;

use crate::os::sys::{read_at, write_all_at};

/// Writes every byte of the file again, and flushes it. The caller keeps all writers out.
pub(crate) fn write_anew(file: &File) -> io::Result<()> {
    let mut buffer = vec![0; REWRITTEN_AT_ONCE];
    let mut at = 0;
    loop {
        let count = read_at(file, &mut buffer, at)?;
        if count == 0 {
            return file.sync_all();
        }
        write_all_at(file, &buffer[..count], at)?;
        at += count as u64;
    }
}

/// The number of bytes rewritten at once.
const REWRITTEN_AT_ONCE: usize = 1 << 20;
