//! Flushes commits to the disk at the request of the user.

use std::sync::{Arc, PoisonError};

use crate::durability::Durability;
use crate::env::handle::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::os::{Unflushed, located};
use crate::state::Core;

impl Env {
    /// Flushes all commits to disk. Needed with `Eventual` and `Process`, which do not do so on their own. When it
    /// returns, everything committed before the call survives a power failure. Blocks as long as the disk takes.
    ///
    /// After a flush that fails, the environment is out of use, as after a failed commit: the system may regard pages
    /// as written that are not, and a second flush would report success. The next opening checks the file and rewrites
    /// it.
    ///
    /// # Errors
    /// `CommitOutcomeUnknown` if the disk fails; `NotFound` if one of the files was removed, replaced, moved away or
    /// truncated; `Closed`, `ReadOnly`. With [`Durability::Process`] the first `sync` also flushes the names of the
    /// files, and fails with `Io` if one of the directories cannot be opened: the environment stays usable, and
    /// `sync` may be called again.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Durability, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::options().durability(Durability::Eventual).open(dir.path())?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// for age in 0..3 {
    ///     env.transact(|txn| ages.put(txn, "ann", age))?;
    /// }
    /// env.sync()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("flush", "force_sync"))]
    pub fn sync(&self) -> Result<()> {
        self.engine.config.check_flushable().and_then(|()| flush(&self.engine)).map_err(|error| error.during("sync"))
    }
}

/// Flushes the data file without holding a lock that others wait for: meanwhile the map may grow and states may be
/// opened.
///
/// One flush at a time: the system reports a failed write once per open file, so the second of two simultaneous
/// flushes would report success.
fn flush(engine: &Core) -> Result<()> {
    let _alone = engine.flushing.lock().unwrap_or_else(PoisonError::into_inner);
    engine.check_usable()?;
    let files = Arc::clone(&*engine.files()?);
    engine.check_files(&files);
    engine.check_in_place()?;
    let file = files.flushed_file();
    // The reference to the files is dropped before the flush, which may take long: a thread that replaces the files
    // needs the only reference to them.
    drop(files);
    let flushed = file.sync_data().map_err(|error| Unflushed::Failed(located(error, &engine.paths.data())));
    let flushed = flushed.and_then(|()| {
        // With the other durabilities the files' names were flushed when the environment was opened.
        if engine.config.durability == Durability::Process { engine.flush_names() } else { Ok(()) }
    });
    flushed.map_err(|unflushed| {
        let error = match unflushed {
            Unflushed::Refused(error) => return error,
            Unflushed::Failed(error) => error,
        };
        engine.flush_failed();
        let why = format!(
            "the flush failed, and what was committed since the last one may not be on the disk: {}; close and reopen the \
             environment, which checks it and writes it anew",
            error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
    })
}
