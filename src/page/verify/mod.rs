//! Verifies a file: its page graph is read by `pread`, so that a file that is too short is a fault, not a signal.

pub(crate) mod bitmap;
mod branches;
mod dups;
mod filled;
mod free_list;
mod leaves;
mod limits;
pub(crate) mod order;
mod read;
mod report;
mod trees;
mod walk;

use std::thread;
use std::time::Duration;

use crate::error::{ErrorKind, Result};
use crate::os::File;
use crate::page::meta::Meta;
use crate::page::meta_check::{FileMeta, check_metas};
use crate::page::verify::walk::Walk;

pub(crate) use bitmap::Bitmap;
pub(crate) use report::VerifyLevel;
pub use report::{Fault, PageUse, VerifyReport};

/// Checks the newest committed state of `file`.
///
/// No commit may happen at the same time: pages that a writer reuses would be reported as damage. With an active
/// writer, pin a snapshot and pass its meta page to [`verify_snapshot`].
///
/// # Errors
/// `Io` when the file cannot be read, `FormatVersion` when it has another version. Damage is in the report.
pub(crate) fn verify(file: &File, level: VerifyLevel) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let newest = match metas(file) {
        Ok(None) => return Ok(report),
        Ok(Some(FileMeta { newest, .. })) => newest,
        Err(error) if error.kind() == ErrorKind::Corrupted => {
            report.add(&error);
            match check_metas(file, false) {
                Ok(Some(FileMeta { newest, .. })) => newest,
                _ => return Ok(report),
            }
        }
        Err(error) => return Err(error),
    };
    Walk::new(file, &newest, level, report)?.run(&newest)
}

/// Checks the committed state of `meta`, whose pages the caller keeps from being reused.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_snapshot(file: &File, meta: &Meta, level: VerifyLevel) -> Result<VerifyReport> {
    Walk::new(file, meta, level, VerifyReport::default())?.run(meta)
}

/// Reads and checks the meta pages strictly, up to three times: a commit between the reads of the two pages looks like
/// damage, but hardly three times in a row.
fn metas(file: &File) -> Result<Option<FileMeta>> {
    let mut last: Result<Option<FileMeta>> = check_metas(file, true);
    for _ in 0..2 {
        match last {
            Err(ref error) if error.kind() == ErrorKind::Corrupted => {
                thread::sleep(Duration::from_millis(2));
                last = check_metas(file, true);
            }
            done => return done,
        }
    }
    last
}
