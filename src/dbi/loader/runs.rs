//! The runs of a load. They are merged into longer ones when there are more than can be read at once.

use crate::dbi::loader::merge::Merge;
use crate::dbi::loader::progress::{LoadPhase, Progress};
use crate::dbi::loader::run::{Run, RunWriter};
use crate::dbi::loader::spill::Spill;
use crate::error::Result;

/// All runs, oldest first. Levels fall from old to new: `fan_in` runs of one level are merged into one of the next
/// level, so each row is written once per level.
#[derive(Debug)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The maximum number of runs that are read at once.
    fan_in: usize,
}

impl Runs {
    /// Computes `fan_in` for a merge within `memory` bytes.
    pub(super) fn new(spill: &Spill, memory: usize) -> Self {
        // Reading takes one block of memory for each run. Two blocks are kept back: one for the run that is being
        // written, and one spare.
        Self { runs: Vec::new(), fan_in: (memory / spill.block_size()).saturating_sub(2).max(2) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run whose rows are newer than all others.
    pub(super) fn add(&mut self, run: Run) {
        self.runs.push(run);
    }

    /// Whether there are so many newest runs of one level that they must be merged.
    pub(super) fn are_many(&self) -> bool {
        self.same_level() >= self.fan_in
    }

    /// Merges the newest runs into one, as long as there are `fan_in` of one level.
    pub(super) fn merge_many(&mut self, spill: &mut Spill, progress: &mut Progress) -> Result<()> {
        while self.are_many() {
            self.merge_newest(self.fan_in, spill, progress)?;
        }
        Ok(())
    }

    /// All rows in order. If there are too many runs, the newest are merged first, since they are the shortest.
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
