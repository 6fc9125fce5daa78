//! The runs of a load, and their merging into longer ones where there are more than can be read at once.

use crate::dbi::loader::merge::Merge;
use crate::dbi::loader::progress::{LoadPhase, Progress};
use crate::dbi::loader::run::{Run, RunWriter};
use crate::dbi::loader::spill::Spill;
use crate::error::Result;

/// All runs, oldest first. Levels fall from old to new: so many runs of one level become one of the next, and each row is
/// written as often as there are levels.
#[derive(Debug)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// How many are read at once at most.
    fan_in: usize,
}

impl Runs {
    /// For a merge within so much memory.
    pub(super) fn new(spill: &Spill, memory: usize) -> Self {
        // A block for each run, one for the run that is written, and one to spare.
        Self { runs: Vec::new(), fan_in: (memory / spill.block_size()).saturating_sub(2).max(2) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run of rows newer than all others.
    pub(super) fn add(&mut self, run: Run) {
        self.runs.push(run);
    }

    /// Whether the newest runs are so many of one level that they are to become one.
    pub(super) fn are_many(&self) -> bool {
        self.same_level() >= self.fan_in
    }

    /// Merges the newest runs into one for as long as there are as many of one level as can be read at once.
    pub(super) fn merge_many(&mut self, spill: &mut Spill, progress: &mut Progress) -> Result<()> {
        while self.are_many() {
            self.merge_newest(self.fan_in, spill, progress)?;
        }
        Ok(())
    }

    /// All rows in order. The newest runs, which are the shortest, are merged first if there are too many.
    pub(super) fn merge(&mut self, spill: &mut Spill, progress: &mut Progress) -> Result<Merge> {
        while self.runs.len() > self.fan_in {
            let surplus = self.runs.len() - self.fan_in;
            self.merge_newest((surplus + 1).min(self.fan_in), spill, progress)?;
        }
        Merge::new(spill, &self.runs)
    }

    fn same_level(&self) -> usize {
        let level = self.runs.last().map(|run| run.level);
        self.runs.iter().rev().take_while(|run| Some(run.level) == level).count()
    }

    fn merge_newest(&mut self, count: usize, spill: &mut Spill, progress: &mut Progress) -> Result<()> {
        let first = self.runs.len().saturating_sub(count);
        let newest = &self.runs[first..];
        let level = newest.iter().map(|run| run.level).max().unwrap_or_default();
        let mut merge = Merge::new(spill, newest)?;
        let mut writer = RunWriter::new(spill, level + 1);
        progress.enter(LoadPhase::Merging);
        while let Some(row) = merge.row() {
            writer.push(spill, &row)?;
            progress.step()?;
            merge.advance(spill)?;
        }
        let merged = writer.finish(spill)?;
        for run in self.runs.drain(first..) {
            spill.free_blocks(run.first, run.blocks);
        }
        self.runs.push(merged);
        progress.report()
    }
}
