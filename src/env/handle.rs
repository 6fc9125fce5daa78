//! The environment's handle.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;

use crate::env::engine::Engine;
use crate::error::Result;
use crate::state::{Lease, View};

/// An open environment: named, typed, ordered DBIs in one file.
///
/// A cheap handle on a shared engine: clone it, send it to other threads. LMDB allows one environment for a file in a
/// process, so opening the same file again, by whatever path, shares the first one. Dropping the last handle,
/// snapshot and scan closes the file.
///
/// | | |
/// |---|---|
/// | open | [`open`](Self::open), [`options`](Self::options), [`temporary`](Self::temporary), [`exists`](Self::exists), [`close`](Self::close), [`destroy`](Self::destroy) |
/// | read | [`snapshot`](Self::snapshot); [`changed`](Self::changed), [`wait_changed`](Self::wait_changed) |
/// | write | [`transact`](Self::transact), [`transact_with`](Self::transact_with), [`transact_or`](Self::transact_or), [`try_transact`](Self::try_transact), [`transact_timeout`](Self::transact_timeout); held: [`begin`](Self::begin), [`begin_with`](Self::begin_with), [`try_begin`](Self::try_begin), [`begin_timeout`](Self::begin_timeout); batches: [`apply`](Self::apply), [`submit`](Self::submit), [`try_submit`](Self::try_submit); [`loader`](Self::loader) |
/// | DBIs | [`dbi`](Self::dbi), [`multi_dbi`](Self::multi_dbi), [`dbi_options`](Self::dbi_options), [`dbis`](Self::dbis), [`clear_dbi`](Self::clear_dbi), [`drop_dbi`](Self::drop_dbi), [`rename_dbi`](Self::rename_dbi), [`migrate`](Self::migrate), [`migrate_multi`](Self::migrate_multi), [`raw_dbi`](Self::raw_dbi), [`create_raw_dbi`](Self::create_raw_dbi) |
/// | care | [`sync`](Self::sync), [`copy_to`](Self::copy_to), [`copy_to_writer`](Self::copy_to_writer), [`compact`](Self::compact), [`verify`](Self::verify), [`clear_stale_readers`](Self::clear_stale_readers) |
/// | look | [`info`](Self::info), [`readers`](Self::readers), [`path`](Self::path), [`uuid`](Self::uuid), [`max_key_size`](Self::max_key_size) |
///
/// Leave its files alone while it is open: the presence of lock files does not mean that they are stale, and a copy
/// made by a file tool is no backup; [`copy_to`](Self::copy_to) makes one. An environment does not survive `fork`: in
/// the child every call fails with `Closed`, even opening it again, because LMDB's state is inherited. Fork before
/// opening it, or `exec` in the child.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| ages.put(txn, "ann", 42))?;
/// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
/// # Ok(())
/// # }
/// ```
#[doc(alias("Environment", "Database", "Db", "Store"))]
#[derive(Clone)]
pub struct Env {
    pub(crate) engine: Arc<Engine>,
}

// A panic leaves nothing half done that a handle shows: it aborts the transaction in which it happened.
impl UnwindSafe for Env {}
impl RefUnwindSafe for Env {}

impl Env {
    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// The newest committed state, by this thread's lease on it.
    #[inline]
    pub(crate) fn lease(&self) -> Result<Arc<Lease<View>>> {
        self.engine.lease()
    }

    /// The path by which the environment was first opened in this process, made absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.engine.paths.path
    }

    /// The environment's UUID, 16 bytes. Created with the environment; copies and compaction keep it.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        *self.engine.identity.uuid()
    }

    /// The maximum length of a key in bytes: 511, unless the feature `longer-keys` is on.
    #[must_use]
    pub fn max_key_size(&self) -> usize {
        self.engine.max_key
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("path", &self.path()).finish_non_exhaustive()
    }
}
