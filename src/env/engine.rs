//! The engine of an environment, which its handles share: its core, group commit, and the threads that work for it.

use std::mem;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::commit::{Committer, GroupCommit, WriterAccess};
use crate::durability::Durability;
use crate::env::submitted::Submission;
use crate::error::Result;
use crate::state::{Core, Lease, Sweeper, View};

/// What all `Env` handles of an environment share. Snapshots hold the core alone. Cached leases, which hold the core
/// too, are dropped with the last handle.
pub(crate) struct Engine {
    core: Arc<Core>,
    /// Group commit; `None` if commits do not wait for the disk: then each transaction has its own commit.
    groups: Option<Arc<GroupCommit>>,
    committer: Committer<Submission>,
    /// Started by the first snapshot; `None` inside if the system gives no thread.
    sweeper: OnceLock<Option<Sweeper>>,
}

impl Deref for Engine {
    type Target = Arc<Core>;

    #[inline]
    fn deref(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Engine {
    /// An engine over `core`. There may be one at a time: see [`engine_over`](crate::env::registry::engine_over).
    pub(crate) fn new(core: Arc<Core>) -> Arc<Self> {
        let shares = core.config.durability != Durability::Process && !core.config.read_only;
        let committer = Committer::new(core.config.max_backlog);
        Arc::new(Self {
            core,
            groups: shares.then(|| Arc::new(GroupCommit::new())),
            committer,
            sweeper: OnceLock::new(),
        })
    }

    /// The core, which outlives the engine if snapshots live.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// What a transaction needs to become the only writer.
    #[inline]
    pub(crate) fn writer_access(&self) -> WriterAccess<'_> {
        WriterAccess { core: &self.core, groups: self.groups.as_ref() }
    }

    pub(crate) fn committer(&self) -> &Committer<Submission> {
        &self.committer
    }

    /// The newest committed state, by this thread's lease on it.
    #[inline]
    pub(crate) fn lease(&self) -> Result<Arc<Lease<View>>> {
        self.core.pass()?;
        let lease = self.core.states().leases.newest(self.core.id(), || self.core.newest_view())?;
        self.sweeper.get_or_init(|| {
            let core = Arc::downgrade(&self.core);
            Sweeper::start(self.core.states(), move || {
                if let Some(core) = core.upgrade() {
                    core.check_files_now();
                    // This call notes when the states of other processes were first seen. Later calls compute the ages
                    // of these states from that.
                    let _ = core.other_readers();
                }
            })
        });
        Ok(lease)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // In a forked child, the locks that are taken below may be held forever: another thread of the parent may have
        // held them at the fork.
        if self.core.is_own_process() {
            self.committer.end();
            if let Some(Some(sweeper)) = self.sweeper.get() {
                sweeper.stop();
            }
            // Waits for a sweep in progress, which may hold states. It would drop them later than this thread, and the
            // environment would be closed only then.
            let _sweep = self.core.states().hold_sweep();
            self.core.states().leases.drop_if(|_| true);
        } else {
            // At the fork, another thread of the parent may have been changing the group commit and the backlog. They
            // may be half changed, so they are leaked and not dropped.
            mem::forget(self.groups.take());
            self.committer.forget();
        }
    }
}
