//! What the one writer of this process keeps between transactions.

use std::sync::Arc;

use crate::lmdb::Handles;
use crate::state::committed::State;
use crate::state::files::Files;
use crate::write_set::WriteSet;

/// What the one writer of this process keeps between transactions.
#[derive(Default)]
pub(crate) struct WriterState {
    pub handles: Handles,
    /// The files as they were in the last transaction, and its base, which becomes the base of the next one. A thread
    /// that replaces the files or their map holds the writer's mutex, and drops both.
    pub last: Option<(Arc<Files>, Arc<State>)>,
    /// The write set of the last session, emptied: allocating its buffers again would cost more than a small
    /// transaction.
    pub kept: Option<WriteSet>,
    /// Whether a thread frees the memory of `kept` once it is idle.
    pub is_watched: bool,
    /// Whether that thread has seen `kept`, and no transaction has used it since.
    pub is_idle: bool,
    /// The number of failed flushes when the meta pages were last written again.
    pub taken_back: u32,
}
