//! Closes an environment before its last handle is dropped.

use crate::commit::{check_not_writing, lock_writer};
use crate::env::handle::Env;
use crate::env::registry;
use crate::error::Result;
use crate::state::WriterState;

impl Env {
    /// Closes the environment at once. Every clone of this `Env` and every `Dbi` returns `Closed` afterwards. Waits
    /// for a running write transaction. Dropping the last handle closes as well. Closing twice is allowed. Does not
    /// flush commits.
    ///
    /// # Errors
    /// `Busy` while snapshots, scans or copies of this process live; `Nested` inside a transaction; `Closed` in a
    /// forked child.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::open(dir.path())?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(env.close().map_err(|error| error.kind()), Err(ErrorKind::Busy));
    /// drop(snap);
    /// env.close()?;
    /// assert_eq!(env.snapshot().map_err(|error| error.kind()).err(), Some(ErrorKind::Closed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) -> Result<()> {
        // In a forked child, `lock_writer` could wait forever, since a thread of the parent may have held the writer's
        // lock at the fork. So a fork is refused first.
        self.engine.check_not_forked().and_then(|()| check_not_writing()).map_err(|error| error.during("close"))?;
        let mut writer = lock_writer(self.engine.writer_access());
        // The reservation keeps other threads from opening the file meanwhile: they would share a core that is closing.
        let _reserved = registry::reserve(&self.engine.paths, self.engine.file_id());
        // The writer's state refers to the open files too, so it is dropped before they are closed.
        *writer.state() = WriterState::default();
        self.engine.close().map_err(|error| error.during("close"))
    }
}
