//! The memory that large transactions leave for the next one, freed when none comes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::state::core::Core;
use crate::state::writer_lock::WriterSlot;
use crate::state::writer_state::WriterState;
use crate::write_set::WriteSet;

/// Up to this many bytes are kept for as long as the environment is open.
const SMALL: usize = 64 << 20;

/// Memory that was not used between two looks is freed.
const PERIOD: Duration = Duration::from_millis(500);

impl WriterState {
    /// Keeps an emptied write set for the next transaction. Starts a thread that frees its memory, if that is much and
    /// no transaction comes.
    pub(crate) fn keep(&mut self, core: &Arc<Core>, mut set: WriteSet) {
        self.is_idle = false;
        if !self.is_watched && set.spare_bytes() > SMALL {
            if watch(core.writer.slot()) {
                self.is_watched = true;
            } else {
                drop(set.take_spare());
            }
        }
        self.kept = Some(set);
    }

    /// Takes the memory out if it was seen unused before. `None` when there is not much any more.
    fn take_idle(&mut self) -> Option<Vec<Vec<u8>>> {
        let kept = self.kept.as_mut().filter(|kept| kept.spare_bytes() > SMALL);
        let Some(kept) = kept else {
            self.is_watched = false;
            return None;
        };
        let was_idle = std::mem::replace(&mut self.is_idle, true);
        Some(if was_idle { kept.take_spare() } else { Vec::new() })
    }
}

/// Starts the thread. It ends when there is nothing to free, or when the environment is gone, which it does not keep
/// open. `false` if the system gives no thread.
fn watch(slot: &Arc<WriterSlot>) -> bool {
    let slot = Arc::downgrade(slot);
    let watching = move || {
        loop {
            thread::sleep(PERIOD);
            let Some(slot) = slot.upgrade() else { return };
            // What is freed is taken out under the lock and freed after it: giving 256 MiB back to the system takes
            // milliseconds, in which a writer would wait.
            match slot.look(WriterState::take_idle) {
                Some(None) => return,
                Some(Some(spare)) => drop(spare),
                // A transaction uses the state.
                None => {}
            }
        }
    };
    thread::Builder::new().name("mapleaf-memory".into()).stack_size(256 * 1024).spawn(watching).is_ok()
}
