//! Lists who reads which state, in this process and in others: these readers keep the file from reusing pages.

use std::sync::Arc;

use crate::env::engine::Engine;
use crate::env::handle::Env;
use crate::env::newest::read_newest_view;
use crate::error::Result;
use crate::state::{FreePages, ReaderInfo};

impl Env {
    /// The states that are read, by this process and by others, oldest first. Takes no reader slot, so it works even
    /// if all are taken. O(states + free pages).
    ///
    /// A killed process is listed until its slots are freed: see [`clear_stale_readers`](Self::clear_stale_readers).
    ///
    /// # Errors
    /// `Closed`, `Corrupted`, `Io`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let forgotten = env.snapshot()?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let readers = env.readers()?;
    /// assert_eq!((readers[0].id, readers[0].lag), (forgotten.id(), 1));
    /// assert_eq!(readers[0].process, std::process::id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn readers(&self) -> Result<Vec<ReaderInfo>> {
        list(&self.engine).map_err(|error| error.during("readers"))
    }

    /// Frees the reader slots of dead processes, and returns how many. Every opening does so too, unless it is
    /// `read_only`. Needed by long-running programs that share the environment with processes that get killed.
    /// O(slots).
    ///
    /// # Errors
    /// `Closed`, `Io`.
    pub fn clear_stale_readers(&self) -> Result<usize> {
        self.engine.clear_stale_readers().map_err(|error| error.during("clear_stale_readers"))
    }
}

fn list(engine: &Arc<Engine>) -> Result<Vec<ReaderInfo>> {
    // The readers are listed before the newest state is read, from which their lag is counted. So no reader that is
    // listed is ahead of that state.
    let (own, others) = (engine.kept_views(), engine.other_readers()?);
    read_newest_view(engine, "readers", |newest, above| {
        let seq = newest.head()?.seq.plus(above);
        let free = FreePages::of(newest)?;
        let mut readers = Vec::new();
        for one in &own {
            let mut reader = one.reader_info(seq.transactions_since(one.seq()?))?;
            reader.held_pages = Some(free.held_by(one.pinned.lmdb_id()));
            readers.push((one.pinned.lmdb_id(), reader));
        }
        for other in &others {
            let lag = newest.lmdb_id().commits_since(other.state);
            let reader = ReaderInfo {
                id: seq.minus(lag).0,
                age: other.seen.elapsed(),
                lag,
                thread: None,
                process: other.process,
                held_pages: Some(free.held_by(other.state)),
            };
            readers.push((other.state, reader));
        }
        readers.sort_by_key(|(state, reader)| (*state, reader.process));
        Ok(readers.into_iter().map(|(_, reader)| reader).collect())
    })
}
