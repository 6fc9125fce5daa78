//! LMDB's write transaction as a value that owns the environment that it borrows from.
#![expect(unsafe_code, reason = "a transaction borrows the environment beside it")]

use std::mem;
use std::sync::Arc;

use crate::lmdb::connection::Lmdb;
use crate::lmdb::failure::Failure;
use crate::lmdb::transaction::Writer;
use crate::page::LmdbTxnId;

/// LMDB's write transaction, with the environment that it belongs to. Dropping it aborts the transaction, on the
/// thread that began it; in a forked child it is leaked, since LMDB's lock is the parent's.
pub(crate) struct OwnedWriter {
    /// `None` only while this is being used up. Dropped before `lmdb`.
    writer: Option<Writer<'static>>,
    id: LmdbTxnId,
    lmdb: Arc<Lmdb>,
}

impl OwnedWriter {
    /// Waits for LMDB's write lock, across processes. The result must be used up or dropped on this thread.
    pub(crate) fn begin(lmdb: &Arc<Lmdb>) -> Result<Self, Failure> {
        let lmdb = Arc::clone(lmdb);
        // SAFETY: the environment lives as long as `lmdb`, at the same address, and `lmdb` is dropped after `writer`.
        // The lifetime does not leave this type: `with` hands the transaction to a closure that takes any lifetime.
        let borrowed: &'static Lmdb = unsafe { &*Arc::as_ptr(&lmdb) };
        let writer = borrowed.begin_write()?;
        Ok(Self { id: writer.id(), writer: Some(writer), lmdb })
    }

    /// The id that this transaction commits as.
    #[inline]
    pub(crate) fn id(&self) -> LmdbTxnId {
        self.id
    }

    /// Hands the transaction to `body`, which must commit or drop it.
    #[inline]
    pub(crate) fn with<T>(mut self, body: impl for<'e> FnOnce(Option<Writer<'e>>) -> T) -> T {
        // `self` keeps the environment alive until `body` has ended, also by a panic: it is dropped after that.
        body(self.writer.take())
    }
}

impl Drop for OwnedWriter {
    fn drop(&mut self) {
        if self.writer.is_some() && !self.lmdb.is_own_process() {
            mem::forget(self.writer.take());
        }
        // After this function Rust drops the fields in their order: first the transaction, then the environment that it
        // uses.
    }
}
