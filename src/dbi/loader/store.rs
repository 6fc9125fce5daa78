//! Storing: chunks of the sorted rows, each applied to LMDB and committed as one transaction.

use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::commit::{Session, Wait, write};
use crate::dbi::loader::progress::{LoadPhase, Progress};
use crate::dbi::loader::record::Row;
use crate::dbi::loader::source::{Position, Source};
use crate::env::Env;
use crate::error::{ErrorKind, Result};
use crate::lmdb::{Applier, Failure};
use crate::page::{Cursor, FULL, LeafFill, used_in_last_leaf};
use crate::state::State;

/// What is counted for a stored row beside its key and value, in bytes.
const ROW: usize = 16;
/// How often a chunk is tried again when a program that is no mapleaf has written while the map was grown.
const RETRIES: usize = 16;

/// How the rows are stored.
pub(super) struct Storing<'l> {
    pub env: &'l Env,
    /// By their numbers in the load.
    pub dbis: &'l [Arc<DbiRef>],
    /// How many bytes a transaction takes at most, but for its last row.
    pub chunk: usize,
    /// How full the pages of each DBI are made, in percent, by their numbers.
    pub fill: &'l [u8],
    pub progress: &'l mut Progress,
}

impl Storing<'_> {
    /// Stores all rows of `source`.
    pub(super) fn store(mut self, mut source: Source) -> Result<()> {
        self.progress.enter(LoadPhase::Storing);
        self.progress.report()?;
        let mut large = Vec::new();
        while source.row().is_some() {
            let (begun, done) = (source.position(), self.progress.now.done);
            let mut tries = 0;
            loop {
                match self.commit(&mut source, &begun, done, &mut large) {
                    Err(error) if error.kind() == ErrorKind::Conflict && tries < RETRIES => tries += 1,
                    outcome => break outcome?,
                }
            }
            self.progress.now.stored += self.progress.now.done - done;
            self.progress.now.chunks += 1;
            self.progress.report()?;
        }
        Ok(())
    }

    /// Commits the rows from `begun` on, as many as a chunk has.
    fn commit(&mut self, source: &mut Source, begun: &Position, done: u64, large: &mut Vec<u8>) -> Result<()> {
        let engine = &self.env.engine;
        let bytes = usize::try_from(self.progress.now.bytes).unwrap_or(usize::MAX).min(self.chunk);
        write(engine.writers(), Wait::Yes, "finish", |session: &mut Session<'_>| {
            let base = Arc::clone(session.base());
            // A full map is grown, and all of the chunk applied again.
            let chunk = RefCell::new((self, source, large));
            session.commit(bytes, |applier, _| {
                let (storing, source, large) = &mut *chunk.borrow_mut();
                source.rewind(begun)?;
                storing.progress.now.done = done;
                storing.apply(source, &base, applier, large)
            })
        })
    }

    fn apply(
        &mut self,
        source: &mut Source,
        base: &State,
        applier: &mut Applier<'_, '_, '_>,
        large: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut bytes = 0_usize;
        while let Some(first) = source.row() {
            let number = first.dbi;
            let Some(dbi) = self.dbis.get(number as usize) else { return Ok(()) };
            let named = |failure: Failure| Failure { error: failure.error.in_dbi(&dbi.name), ..failure };
            base.check_dbi(dbi).map_err(|error| named(error.into()))?;
            let tree = applier.tree(&dbi.name).map_err(named)?;
            let mut puts = match self.filling(base, dbi, &first).map_err(|error| named(error.into()))? {
                Some(filling) => applier.fill(tree, filling),
                None => applier.puts(tree),
            }
            .map_err(named)?;
            while let Some(row) = source.row().filter(|row| row.dbi == number) {
                if bytes >= self.chunk {
                    return Ok(());
                }
                bytes = bytes.saturating_add(row.payload()).saturating_add(ROW);
                let value = source.value(row.value, large)?;
                puts.put(row.key, value).map_err(named)?;
                self.progress.step()?;
                source.advance()?;
            }
        }
        Ok(())
    }

    /// How pages are filled from the row `first` of a DBI on, if that is behind all others.
    fn filling(&self, base: &State, dbi: &DbiRef, first: &Row<'_>) -> Result<Option<LeafFill>> {
        let below = base.tree(dbi)?;
        let last = Cursor::range(base.pages(), &below, Bound::Unbounded, Bound::Unbounded)?.next_back()?;
        if last.is_some_and(|(key, _)| key >= first.key) {
            return Ok(None);
        }
        let used = used_in_last_leaf(base.pages(), &below)?;
        let percent = self.fill.get(first.dbi as usize).copied().unwrap_or(FULL);
        Ok(Some(LeafFill::new(base.meta().page_size, percent, used)))
    }
}
