//! Copies of a live environment: their files and durability. Module `page/copy` defines their content.

use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::commit::check_not_writing;
use crate::env::handle::Env;
use crate::env::open::create_new;
use crate::env::pipelined_writer::write_pipelined;
use crate::env::tree_names::right_names;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::name_trees;
use crate::os::{
    CopyError, Directory, EnvPaths, File, FileInfo, copy_range, flush_with_all_above, give_owner_and_permissions,
    is_empty_directory, is_name_taken, located, remove_empty, remove_leftover, write_all_at,
};
use crate::page;
use crate::state::PinnedState;

/// Whether a copy omits free pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compact {
    /// Omits them and writes pages in order: a smaller copy that takes longer.
    Yes,
    /// Copies pages as they are.
    No,
}

impl Env {
    /// Copies the newest state to `path`, durably, while readers and writers continue. `path` is a directory for an
    /// environment in a directory, a file for one in a single file. The copy opens like any other environment and has
    /// the same UUID.
    ///
    /// Reads the whole file, or with [`Compact::Yes`] the pages in use, and writes as much. Commits, growth of the
    /// map and new snapshots do not wait for it. Until it ends it keeps its state's pages from being reused, as a
    /// snapshot does: [`readers`](Env::readers) lists it, and [`close`](Env::close) and [`compact`](Env::compact)
    /// fail with `Busy`. Memory: a few MiB, and with [`Compact::Yes`] 32 KiB more per GiB of the file.
    ///
    /// A compacted copy omits the remains of deleted entries. [`Compact::No`] copies damage as it is;
    /// [`Compact::Yes`] fails on the damage that it meets, which is not all that [`verify`](Env::verify) finds.
    ///
    /// # Errors
    /// `AlreadyExists` if `path` is a file, a directory that is not empty, or a directory that may not be listed and
    /// holds a file of an environment; `NotFound` for an empty path; `Nested` inside a transaction of this thread;
    /// `Corrupted` for a damaged file; `Closed`, `ReadersFull`, `DiskFull`, `PermissionDenied`, `Io`. A copy that
    /// failed is removed, with the directories that were created for it.
    ///
    /// ```
    /// # use mapleaf::{Compact, Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let backup = dir.path().join("backup");
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// env.copy_to(&backup, Compact::Yes)?;
    ///
    /// let copy = Env::open(&backup)?;
    /// assert_eq!(copy.uuid(), env.uuid());
    /// let ages: Dbi<&str, u32> = copy.dbi("ages")?;
    /// assert_eq!(ages.get(&copy.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("backup"))]
    pub fn copy_to(&self, path: impl AsRef<Path>, compact: Compact) -> Result<()> {
        let paths = EnvPaths::new(path.as_ref(), self.engine.config.single_file);
        self.copy(&paths, compact).map_err(|error| error.during("copy_to"))
    }

    fn copy(&self, paths: &EnvPaths, compact: Compact) -> Result<()> {
        check_not_writing()?;
        // The pin keeps the pages of this state unchanged while they are copied. So commits, growths and snapshots need
        // not wait for the copy.
        let newest = self.engine.pinned()?;
        let source = Arc::clone(&self.engine.files()?.file);
        if !paths.single_file {
            check_empty(paths)?;
        }
        let like = FileInfo::of(&source).map_err(|error| located(error, &self.engine.paths.data()))?;
        let created = paths.create_directory(self.engine.config.file_mode)?;
        copy_durably(&newest, &source, paths, compact, &like).inspect_err(|_| remove_empty(&created))
    }
}

/// Fails for a directory that is not empty.
fn check_empty(paths: &EnvPaths) -> Result<()> {
    match is_empty_directory(&paths.path) {
        Ok(false) => Err(occupied(&paths.path, "is not empty")),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(occupied(&paths.path, "is a file, or leads through one"))
        }
        // A directory that may not be listed can still be checked for the files of an environment.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let names = [paths.data(), paths.lmdb_lock(), paths.lock(), paths.compacted()];
            names.iter().find(|name| is_name_taken(name)).map_or(Ok(()), |name| Err(occupied(name, "is there")))
        }
        _ => Ok(()),
    }
}

/// Copies `state` to `paths`, whose directory exists, and also flushes the names. A failed copy is removed.
fn copy_durably(state: &PinnedState, source: &File, paths: &EnvPaths, compact: Compact, like: &FileInfo) -> Result<()> {
    let (directory, data) = (paths.directory(), paths.data());
    let held = Directory::open(&directory)?;
    let file = copy_state(state, source, &data, compact, like)?;
    flush_with_all_above(&held, &directory, &file).map_err(|unflushed| {
        remove_leftover(&data);
        unflushed.into()
    })
}

fn occupied(path: &Path, what: &str) -> Error {
    let why = format!("{} {what}; copy to a new or empty directory", path.display());
    Error::new(ErrorKind::AlreadyExists, why)
}

/// Copies `state`, which is in the file `source`, into the new file `target`, with owner and mode of `like`, and
/// flushes it. Returns the open file. A failed copy is removed.
pub(crate) fn copy_state(
    state: &PinnedState,
    source: &File,
    target: &Path,
    compact: Compact,
    like: &FileInfo,
) -> Result<File> {
    let file = create_new(target)?;
    let written = write_state(state, source, &file, compact).map_err(|error| match error {
        CopyError::Source(error) => error.of_file(&state.core().paths.data()),
        CopyError::Write(error) => located(error, target),
    });
    let written = written
        .and_then(|()| if compact == Compact::Yes { set_names(state, &file, target) } else { Ok(()) })
        .and_then(|()| finish(&file, like).map_err(|error| located(error, target)));
    if written.is_err() {
        remove_leftover(target);
    }
    written.map(|()| file)
}

/// Names the trees of a compacted copy as their DBIs are named, durably. Nobody else knows the file yet.
fn set_names(state: &PinnedState, file: &File, target: &Path) -> Result<()> {
    let Some(names) = right_names(state)? else { return Ok(()) };
    let bytes = file.metadata().map_err(|error| located(error, target))?.len();
    name_trees(target, bytes, &names)
}

/// Gives the copy, which nobody writes to any more, its owner and permissions, by which this process may not be allowed
/// to open it for writing.
fn finish(file: &File, like: &FileInfo) -> io::Result<()> {
    // Only root may give a file to another owner. Members of the file's group may still replace it.
    give_owner_and_permissions(file, like)?;
    file.sync_all()
}

/// Writes and flushes the pages first, then the meta pages, so that an incomplete copy cannot be taken for a complete
/// one.
fn write_state(state: &PinnedState, source: &File, target: &File, compact: Compact) -> Result<(), CopyError> {
    let (meta, pages) = (state.meta(), state.pages());
    let page_size = pages.page_size() as u64;
    let metas = match compact {
        Compact::Yes => {
            let mut out = target;
            out.seek(SeekFrom::Start(2 * page_size))?;
            write_pipelined(target, |out| page::compact(pages, meta, out))?
        }
        Compact::No => {
            // Other writers may change the free pages during the copy, so the pages are not read through the map. Free
            // pages at the end that were never written are not in the file, and cannot be copied.
            let count = meta.last_page.count_to_here().min(pages.page_count());
            copy_range(source, target, 2 * page_size..count * page_size)?;
            page::plain_metas(meta)
        }
    };
    target.sync_data()?;
    Ok(write_all_at(target, &metas, 0)?)
}
