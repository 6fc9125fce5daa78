//! Merges runs: all their rows in order, only the newest of each key.

use std::cmp::Ordering;

use crate::dbi::loader::record::Row;
use crate::dbi::loader::run::{At, Run, RunReader};
use crate::dbi::loader::spill::Spill;
use crate::error::Result;

/// Reads several runs as one sequence of rows.
pub(super) struct Merge {
    /// Oldest first.
    readers: Vec<RunReader>,
    /// A heap of the readers that are not at their end: the least row on top, the newest first among equal ones.
    heap: Vec<usize>,
}

impl Merge {
    /// Opens `runs`, oldest first. Allocates a block for each.
    pub(super) fn new(spill: &Spill, runs: &[Run]) -> Result<Self> {
        let readers: Vec<_> = runs.iter().map(|run| RunReader::new(spill, *run)).collect::<Result<_>>()?;
        let mut merge = Self { heap: Vec::with_capacity(readers.len()), readers };
        merge.build();
        Ok(merge)
    }

    /// The current row.
    #[inline]
    pub(super) fn row(&self) -> Option<Row<'_>> {
        self.readers.get(*self.heap.first()?)?.row()
    }

    /// Moves to the next key.
    pub(super) fn advance(&mut self, spill: &Spill) -> Result<()> {
        let Some(&top) = self.heap.first() else { return Ok(()) };
        // Older versions of the current row, in other runs, are skipped before the current row is: while it stays on
        // top, comparing with it finds them.
        while let Some(at) = self.second() {
            let older = self.heap[at];
            if self.keys(top, older) != Ordering::Equal {
                break;
            }
            self.step(spill, at)?;
        }
        self.step(spill, 0)
    }

    /// The positions of all runs.
    pub(super) fn position(&self) -> Vec<At> {
        self.readers.iter().map(RunReader::at).collect()
    }

    /// Moves all runs back to saved positions.
    pub(super) fn rewind(&mut self, spill: &Spill, position: &[At]) -> Result<()> {
        for (reader, at) in self.readers.iter_mut().zip(position) {
            reader.seek(spill, *at)?;
        }
        self.build();
        Ok(())
    }

    fn build(&mut self) {
        self.heap.clear();
        self.heap.extend((0..self.readers.len()).filter(|of| !self.readers[*of].is_done()));
        for at in (0..self.heap.len() / 2).rev() {
            self.sift(at);
        }
    }

    /// Moves the run at heap index `at` to its next row.
    fn step(&mut self, spill: &Spill, at: usize) -> Result<()> {
        let of = self.heap[at];
        self.readers[of].advance(spill)?;
        if self.readers[of].is_done() {
            self.heap.swap_remove(at);
        }
        // `swap_remove` may put a run of another branch here. It can only have to move down, as `sift` does: the run
        // above `at` is the top, if there is one, and no row sorts before the top.
        self.sift(at);
        Ok(())
    }

    /// The heap index of the second-least row.
    fn second(&self) -> Option<usize> {
        match self.heap.len() {
            0 | 1 => None,
            2 => Some(1),
            _ => Some(if self.is_before(self.heap[2], self.heap[1]) { 2 } else { 1 }),
        }
    }

    fn sift(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(&first) = self.heap.get(left) else { return };
            let right = self.heap.get(right).filter(|second| self.is_before(**second, first)).map(|_| right);
            let least = right.unwrap_or(left);
            if !self.is_before(self.heap[least], self.heap[at]) {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    #[inline]
    fn is_before(&self, one: usize, other: usize) -> bool {
        // Of two rows with the same key, the one in the newer run comes first, so that the older one is skipped.
        self.keys(one, other).then(other.cmp(&one)) == Ordering::Less
    }

    #[inline]
    fn keys(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (&self.readers[one], &self.readers[other]);
        // `rank` reads the key itself. That is done only if the first bytes of both keys are equal.
        one.prefix().cmp(&other.prefix()).then_with(|| one.rank().order(&other.rank()))
    }
}
