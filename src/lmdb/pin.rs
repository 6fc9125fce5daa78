//! Pins: LMDB's reader slots.
#![expect(unsafe_code, reason = "a transaction is dropped by hand, and in its own process alone")]

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heed::WithoutTls;

use crate::os::process_mark;
use crate::page::LmdbTxnId;

/// A reader slot. While it is held, the pages of its state are not reused.
pub(crate) struct Pin {
    txn: ManuallyDrop<heed::RoTxn<'static, WithoutTls>>,
    mark: u64,
    pins: Arc<AtomicUsize>,
}

// SAFETY: a pin is never read through. `id` returns a number that is set when it begins, and only `drop`, which has
// exclusive access, touches LMDB again. Without TLS the slot belongs to the transaction, not to a thread.
unsafe impl Sync for Pin {}

impl Pin {
    /// Wraps a read transaction that was begun for this pin, and counts it in `pins`.
    pub(super) fn new(txn: heed::RoTxn<'static, WithoutTls>, mark: u64, pins: &Arc<AtomicUsize>) -> Self {
        pins.fetch_add(1, Ordering::Relaxed);
        Self { txn: ManuallyDrop::new(txn), mark, pins: Arc::clone(pins) }
    }

    /// LMDB's id of the pinned state.
    pub(crate) fn id(&self) -> LmdbTxnId {
        LmdbTxnId(self.txn.id() as u64)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // In a forked child the reader slot is still the parent's. Freeing it would let pages change under the parent's
        // readers.
        if process_mark() == self.mark {
            // SAFETY: dropped once, here, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.txn) }
            // Count down only after the transaction was dropped: a thread that sees a count of zero relies on
            // no pin using LMDB's environment any more.
            self.pins.fetch_sub(1, Ordering::Release);
        }
    }
}
