//! The callback for snapshots that live too long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::state::reader_info::ReaderInfo;

/// The callback for snapshots that are older than a limit.
#[derive(Clone)]
pub(crate) struct SlowReader {
    pub limit: Duration,
    pub callback: Arc<dyn Fn(&ReaderInfo) + Send + Sync>,
}

impl fmt::Debug for SlowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowReader").field("limit", &self.limit).finish_non_exhaustive()
    }
}
