//! The ways to open an environment. They are apart from the rest of `Env` so that they come first on its page: rustdoc
//! shows methods in the order of modules.

use std::path::Path;

use crate::env::{Env, EnvOptions};
use crate::error::Result;

impl Env {
    /// Opens the environment in the directory `path` with the default options. Creates the directory if it is
    /// missing.
    ///
    /// # Errors
    /// As [`EnvOptions::open`].
    ///
    /// ```
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let path = dir.path().join("data");
    /// let env = mapleaf::Env::open(&path)?;
    /// assert!(env.dbis()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// The default options, to change before opening. Not needed for a plain [`open`](Self::open).
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, OpenMode};
    /// let missing = Env::options().mode(OpenMode::MustExist).open("no/such/place");
    /// assert_eq!(missing.map_err(|error| error.kind()).err(), Some(ErrorKind::NotFound));
    /// ```
    pub fn options() -> EnvOptions {
        EnvOptions::default()
    }

    /// Creates an environment in a new temporary directory, which is removed with the last handle, snapshot and scan.
    /// Nothing is flushed to disk. For tests, and for data that need not outlive the program.
    ///
    /// # Errors
    /// As [`EnvOptions::temporary`].
    pub fn temporary() -> Result<Self> {
        Self::options().temporary()
    }
}
