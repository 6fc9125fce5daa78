//! Rewrites a whole file after a failed flush: pages that the system takes for written may not be on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Writes every byte of the file again, and flushes it. The caller keeps all writers out.
pub(crate) fn write_anew(file: &File) -> io::Result<()> {
    let mut buffer = vec![0; REWRITTEN_AT_ONCE];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut buffer, at)?;
        if count == 0 {
            return file.sync_all();
        }
        file.write_all_at(&buffer[..count], at)?;
        at += count as u64;
    }
}

/// In bytes.
const REWRITTEN_AT_ONCE: usize = 1 << 20;
