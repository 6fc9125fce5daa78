//! Stores the sorted rows in chunks, each applied to LMDB and committed as one transaction.

use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::commit::{Session, write};
use crate::dbi::loader::progress::{LoadPhase, Progress};
use crate::dbi::loader::record::Row;
use crate::dbi::loader::source::{Position, Source};
use crate::env::Env;
use crate::error::{ErrorKind, Result};
use crate::lmdb::{Applier, Failure};
use crate::page::{Cursor, FILL_PERCENT_MAX, LeafFill, used_in_last_leaf};
use crate::state::State;

/// Bytes counted for a stored row besides its key and value.
const ROW: usize = 16;
/// How often a chunk is retried when a program other than mapleaf wrote while the map was grown.
const RETRIES: usize = 16;

/// The parameters of storing.
pub(super) struct Storing<'l> {
    pub env: &'l Env,
    /// Indexed by their numbers in the load.
    pub dbis: &'l [Arc<DbiRef>],
    /// The maximum size of a transaction in bytes; its last row may exceed it.
    pub chunk: usize,
    /// The fill factor of each DBI's pages, in percent, indexed by the DBIs' numbers.
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

    /// Commits one chunk of rows, starting at `begun`.
    fn commit(&mut self, source: &mut Source, begun: &Position, done: u64, large: &mut Vec<u8>) -> Result<()> {
        let engine = &self.env.engine;
        let bytes = usize::try_from(self.progress.now.bytes).unwrap_or(usize::MAX).min(self.chunk);
        write(engine.writer_access(), "finish", |session: &mut Session<'_>| {
            let base = Arc::clone(session.base());
            // If the map is full, `commit` grows it and calls this closure again. So each call begins with the first
            // row of the chunk.
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
            let tree = applier.tree(dbi.tree()).map_err(named)?;
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

    /// How to fill pages from row `first` of a DBI on. `None` unless the row comes after all stored keys.
    fn filling(&self, base: &State, dbi: &DbiRef, first: &Row<'_>) -> Result<Option<LeafFill>> {
        let below = base.tree(dbi)?;
        let last = Cursor::range(base.pages(), &below, Bound::Unbounded, Bound::Unbounded)?.next_back()?;
        if last.is_some_and(|(key, _)| key >= first.key) {
            return Ok(None);
        }
        let used = used_in_last_leaf(base.pages(), &below)?;
        let percent = self.fill.get(first.dbi as usize).copied().unwrap_or(FILL_PERCENT_MAX);
        Ok(Some(LeafFill::new(base.meta().page_size, percent, used)))
    }
}
