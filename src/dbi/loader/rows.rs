//! Takes rows into memory, and writes them from there to runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::catalog::{DbiRef, DbiSlot};
use crate::dbi::loader::buffer::Buffer;
use crate::dbi::loader::progress::{LoadPhase, Progress, STRIDE};
use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::row_index::RowIndex;
use crate::dbi::loader::run::RunWriter;
use crate::dbi::loader::runs::Runs;
use crate::dbi::loader::source::Source;
use crate::dbi::loader::spill::Spill;
use crate::error::Result;

/// The DBIs of a load, numbered in the order of their first rows.
#[derive(Default)]
pub(super) struct Dbis {
    all: Vec<Arc<DbiRef>>,
    by_slot: HashMap<DbiSlot, usize>,
    last: usize,
}

impl Dbis {
    /// The number of a DBI. A new DBI gets the next one.
    #[inline]
    fn number(&mut self, dbi: &Arc<DbiRef>) -> usize {
        if self.all.get(self.last).is_none_or(|last| last.slot != dbi.slot) {
            let next = self.all.len();
            self.last = *self.by_slot.entry(dbi.slot).or_insert(next);
            if self.last == next {
                self.all.push(Arc::clone(dbi));
            }
        }
        self.last
    }

    /// All DBIs, by number.
    pub(super) fn all(&self) -> &[Arc<DbiRef>] {
        &self.all
    }
}

/// The rows that were taken.
pub(super) struct Rows {
    pub dbis: Dbis,
    buffer: Buffer,
    spill: Spill,
    runs: Runs,
}

/// All rows in order.
pub(super) struct Sorted {
    pub dbis: Dbis,
    pub source: Source,
    /// How many bytes went through temporary files.
    pub spilled: u64,
    /// For each DBI, by number: whether its rows arrived in key order.
    pub came_in_order: Vec<bool>,
}

impl Rows {
    pub(super) fn new(directory: PathBuf, memory: usize) -> Self {
        let spill = Spill::new(directory, memory);
        // The buffer's limit is half of `memory`, because the buffer may take up to nine tenths of `memory`: it
        // reserves memory ahead, and holds the index of short rows twice while that is moved. The rest is for the block
        // being written.
        let buffer = Buffer::new(memory / 2);
        Self { dbis: Dbis::default(), buffer, runs: Runs::new(&spill, memory), spill }
    }

    /// Takes a row whose key and value were checked. On failure this row is not taken, and all others are kept.
    #[inline]
    pub(super) fn take(&mut self, dbi: &Arc<DbiRef>, key: &[u8], value: &[u8], progress: &mut Progress) -> Result<()> {
        progress.check()?;
        if progress.now.rows.is_multiple_of(STRIDE) && progress.now.rows > 0 {
            progress.report()?;
        }
        let number = u32::try_from(self.dbis.number(dbi)).unwrap_or(u32::MAX);
        let row = Row { dbi: number, key, value: Stored::Here(value) };
        if !self.buffer.push(&row) {
            self.make_room(&row, progress)?;
        }
        progress.now.rows += 1;
        progress.now.done = progress.now.rows;
        progress.now.bytes += row.payload() as u64;
        Ok(())
    }

    /// All rows in order.
    pub(super) fn sorted(mut self, progress: &mut Progress) -> Result<Sorted> {
        if self.runs.is_empty() {
            self.buffer.sort();
            let came_in_order = self.buffer.came_in_order();
            return Ok(Sorted { dbis: self.dbis, source: Source::memory(self.buffer), spilled: 0, came_in_order });
        }
        self.write_run(progress)?;
        let came_in_order = self.buffer.came_in_order();
        let merge = self.runs.merge(&mut self.spill, progress)?;
        let spilled = self.spill.written();
        Ok(Sorted { dbis: self.dbis, source: Source::Runs(self.spill, merge), spilled, came_in_order })
    }

    #[cold]
    fn make_room(&mut self, row: &Row<'_>, progress: &mut Progress) -> Result<()> {
        self.write_run(progress)?;
        if self.buffer.push(row) {
            return Ok(());
        }
        // The row alone does not fit the buffer: write it as a run of its own, from the caller's memory.
        let mut writer = RunWriter::new(&self.spill, 0);
        writer.push(&mut self.spill, row)?;
        self.runs.add(writer.finish(&mut self.spill)?);
        self.written(progress)
    }

    /// Writes the rows in memory as a run.
    fn write_run(&mut self, progress: &mut Progress) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.buffer.sort();
        let mut writer = RunWriter::new(&self.spill, 0);
        let mut index = self.buffer.settle(RowIndex::default());
        while let Some(row) = self.buffer.row(index) {
            writer.push(&mut self.spill, &row)?;
            index = self.buffer.settle(RowIndex { entry: index.entry + 1, ..index });
        }
        self.runs.add(writer.finish(&mut self.spill)?);
        self.buffer.clear();
        self.written(progress)
    }

    fn written(&mut self, progress: &mut Progress) -> Result<()> {
        progress.now.runs += 1;
        progress.report()?;
        if self.runs.are_many() {
            self.runs.merge_many(&mut self.spill, progress)?;
            progress.enter(LoadPhase::Taking);
        }
        Ok(())
    }
}
