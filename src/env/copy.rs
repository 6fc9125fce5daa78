//! Copies of a live environment.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use crate::env::admin::Compact;
use crate::env::engine::Files;
use crate::env::handle::Env;
use crate::env::open::create_new;
use crate::env::os::located;
use crate::env::place::{Place, parent, sync_directory};
use crate::env::session::check_not_writing;
use crate::error::{Error, ErrorKind, Result};

impl Env {
    /// Copies the newest state to `path`, durably, while readers and writers go on: a directory for an environment in a
    /// directory, a file for one in a single file. The copy opens like any other and has the same UUID.
    ///
    /// Reads the whole file, or with [`Compact::Yes`] the pages in use, and writes as much. While it runs, the map cannot
    /// grow: a commit that needs it waits, and from then on so do snapshots of newer states.
    ///
    /// # Errors
    /// `AlreadyExists` when `path` is a file or a directory that is not empty; `Nested` inside a transaction of this
    /// thread; `DiskFull`, `PermissionDenied`, `Io`. What was written of a copy that failed is removed.
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
    pub fn copy_to(&self, path: impl AsRef<Path>, compact: Compact) -> Result<()> {
        let place = Place::new(path.as_ref(), self.engine.config.single_file);
        self.copy(&place, compact).map_err(|error| error.during("copy_to"))
    }

    fn copy(&self, place: &Place, compact: Compact) -> Result<()> {
        check_not_writing()?;
        let gate = self.engine.files()?;
        if !place.single_file {
            match fs::read_dir(&place.path).map(|mut entries| entries.next().is_some()) {
                Ok(true) => return Err(occupied(&place.path)),
                Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Err(occupied(&place.path)),
                _ => {}
            }
        }
        place.create_directory()?;
        let like = gate.file.metadata().map_err(|error| located(error, &self.engine.place.data()))?;
        copy_files(&gate, &place.data(), compact, &like)?;
        place.sync_directory()?;
        sync_directory(&parent(&place.directory()))
    }
}

fn occupied(path: &Path) -> Error {
    let why = format!("{} is not empty; copy to a new or empty directory", path.display());
    Error::new(ErrorKind::AlreadyExists, why)
}

/// Copies the newest state into the new file `target`, with owner and mode of `like`, and flushes it; a failed copy is
/// removed.
pub(crate) fn copy_files(files: &Files, target: &Path, compact: Compact, like: &Metadata) -> Result<()> {
    let mut file = create_new(target)?;
    let copied = files.lmdb.copy_to(&mut file, compact == Compact::Yes);
    let finish = || {
        // Only root may give a file away; whoever shares it by its group may still replace it.
        let _ = fchown(&file, Some(like.uid()), Some(like.gid()));
        file.set_permissions(like.permissions())?;
        file.sync_all()
    };
    let durable = copied.and_then(|()| finish().map_err(|error| located(error, target)));
    if durable.is_err() {
        let _ = fs::remove_file(target);
    }
    durable
}
