//! heed's environments, which the ports open alike. These lines count for no side.
#![expect(unsafe_code, reason = "heed opens an environment by an unsafe function")]

use std::path::Path;

use heed::{Env, EnvFlags, EnvOpenOptions, TlsUsage, WithoutTls};

/// Opens the environment in a directory.
pub(crate) fn open_heed(path: &Path, flags: EnvFlags) -> heed::Result<Env> {
    open(EnvOpenOptions::new(), path, flags)
}

/// Opens the environment in a directory, with transactions for reading that can be sent to other threads.
pub(crate) fn open_heed_without_tls(path: &Path) -> heed::Result<Env<WithoutTls>> {
    open(EnvOpenOptions::new().read_txn_without_tls(), path, EnvFlags::empty())
}

fn open<T: TlsUsage>(mut options: EnvOpenOptions<T>, path: &Path, flags: EnvFlags) -> heed::Result<Env<T>> {
    options.map_size(1 << 30).max_dbs(16);
    // SAFETY: nobody changes the file but by LMDB, and no flag lets pages change under a reader.
    unsafe { options.flags(flags).open(path) }
}
