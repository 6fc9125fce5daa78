//! The compacted copy that a killed process left.

use crate::os::{EnvPaths, File, is_held, open_regular, remove_leftover};
use crate::page;

/// Removes what a killed compaction of a file with pages of `page_size` bytes left, if no process has it open. A file
/// of that name that was not made by a compaction stays.
pub(crate) fn remove_compacted(paths: &EnvPaths, page_size: usize) {
    let path = paths.compacted();
    let is_ours = |file: &File| matches!(page::may_be_compacted(file, page_size), Ok(true));
    if open_regular(&path).is_ok_and(|file| matches!(is_held(&file, &path), Ok(false)) && is_ours(&file)) {
        remove_leftover(&path);
    }
}
