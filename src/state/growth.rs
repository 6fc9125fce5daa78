//! Growth of the maps of open files: mapleaf's and LMDB's.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::page::EnvMap;
use crate::state::files::Files;

/// A failure to enlarge the maps.
pub(crate) enum NotGrown {
    /// Nothing has changed.
    Refused(Error),
    /// LMDB has no map any more: the environment is unusable.
    Fatal(Error),
}

/// The size of a map of at least `wanted` bytes: the present size, doubled as often as needed, within the maximum.
///
/// # Errors
/// `MapFull` if the maximum is below `wanted`.
pub(crate) fn grown_size(files: &Files, wanted: usize, max_map_size: usize) -> Result<usize> {
    let page_size = files.map.page_size();
    let mut size = files.map.len();
    while size < wanted {
        size = size.saturating_mul(2);
    }
    let size = size.min(max_map_size) / page_size.max(4096) * page_size.max(4096);
    if size < wanted {
        return Err(Error::new(
            ErrorKind::MapFull,
            format!(
                "the data does not fit max_map_size, {max_map_size} bytes; nothing was changed, open with a larger one"
            ),
        ));
    }
    Ok(size)
}

/// Replaces both maps by larger ones of `size` bytes.
///
/// mapleaf's new map is made first, and another one of the same size as a test for LMDB's. If the system refuses
/// either, nothing has changed. LMDB's resize unmaps before it maps, so if that fails, the environment is unusable.
pub(crate) fn enlarge_to(files: &mut Arc<Files>, size: usize) -> Result<(), NotGrown> {
    let map = || EnvMap::new(&files.file, size, files.map.page_size()).map_err(NotGrown::Refused);
    let enlarged = map()?;
    // `resize` unmaps LMDB's map before it makes a larger one, so a failure there cannot be undone. This second map
    // tests first whether the address space holds LMDB's map as well.
    drop(map()?);
    files.lmdb.resize(size).map_err(NotGrown::Fatal)?;
    *files = Arc::new(files.with_map(enlarged));
    Ok(())
}

/// The number of bytes up to the last page of either meta page.
pub(crate) fn used_by_newest(files: &Files) -> usize {
    let newest = files.map.metas();
    let last = newest.meta(0).last_page.max(newest.meta(1).last_page);
    usize::try_from(last.end(files.map.page_size() as u64)).unwrap_or(usize::MAX)
}
