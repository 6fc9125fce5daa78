//! A run: rows in order, each key once, in consecutive blocks. It is written once and read by the merge.

use crate::dbi::loader::block::{self, HEADER, damaged};
use crate::dbi::loader::record::{self, Rank, Row, Stored};
use crate::dbi::loader::spill::Spill;
use crate::error::Result;
use crate::page::word_at;

/// The location of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub first: u64,
    pub blocks: u64,
    pub rows: u64,
    /// How often its rows have been merged.
    pub level: u32,
}

/// Writes a run. Its blocks belong to the file only after `finish`; without it the next run overwrites them.
pub(super) struct RunWriter {
    block: Vec<u8>,
    records: u32,
    run: Run,
}

impl RunWriter {
    pub(super) fn new(spill: &Spill, level: u32) -> Self {
        let mut block = Vec::with_capacity(spill.block_size());
        block.resize(HEADER, 0);
        Self { block, records: 0, run: Run { first: spill.next_block(), blocks: 0, rows: 0, level } }
    }

    /// Adds a row, which must be above the last one.
    pub(super) fn push(&mut self, spill: &mut Spill, row: &Row<'_>) -> Result<()> {
        let row = match row.value {
            Stored::Here(value) if value.len() > spill.longest_here() => {
                Row { value: Stored::Apart(spill.write_large(value)?), ..*row }
            }
            _ => *row,
        };
        if self.block.len() + row.size() > spill.block_size() {
            self.flush(spill)?;
        }
        row.write(&mut self.block);
        self.records += 1;
        self.run.rows += 1;
        Ok(())
    }

    /// Writes the last block, and makes the run part of the file.
    pub(super) fn finish(mut self, spill: &mut Spill) -> Result<Run> {
        self.flush(spill)?;
        spill.take_blocks(self.run.first + self.run.blocks);
        Ok(self.run)
    }

    fn flush(&mut self, spill: &mut Spill) -> Result<()> {
        if self.records == 0 {
            return Ok(());
        }
        let number = self.run.first + self.run.blocks;
        block::seal(&mut self.block, number, self.records);
        spill.write_block(number, &self.block)?;
        self.run.blocks += 1;
        self.records = 0;
        self.block.truncate(HEADER);
        Ok(())
    }
}

/// A position in a run: a block, and an offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    block: u64,
    offset: usize,
}

/// Reads a run, block by block.
pub(super) struct RunReader {
    run: Run,
    block: Vec<u8>,
    /// The number of the block in memory, from 0; the number of blocks when the run is at its end.
    number: u64,
    /// Where the current record begins, where the next one begins, and where the last one ends.
    offset: usize,
    next: usize,
    end: usize,
    /// The decoded start of the current record.
    dbi: u32,
    head: u64,
}

impl RunReader {
    /// Opens a run at its first row.
    pub(super) fn new(spill: &Spill, run: Run) -> Result<Self> {
        let block = Vec::with_capacity(spill.block_size());
        let mut reader = Self { run, block, number: 0, offset: 0, next: 0, end: 0, dbi: 0, head: 0 };
        reader.load(spill, At { block: 0, offset: HEADER })?;
        Ok(reader)
    }

    /// Whether the reader has passed the last row.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.number >= self.run.blocks
    }

    /// The current row.
    #[inline]
    pub(super) fn row(&self) -> Option<Row<'_>> {
        let record = self.block.get(self.offset..self.end)?;
        record::read(record).map(|(row, _)| row)
    }

    /// The sort order of the current row among those of other runs.
    #[inline]
    pub(super) fn rank(&self) -> Rank<'_> {
        let key = self.row().map_or(&[][..], |row| row.key);
        Rank { dbi: self.dbi, head: self.head, key }
    }

    /// The part of [`rank`](Self::rank) that is compared first, without reading the row.
    #[inline]
    pub(super) fn prefix(&self) -> (u32, u64) {
        (self.dbi, self.head)
    }

    pub(super) fn at(&self) -> At {
        At { block: self.number, offset: self.offset }
    }

    /// Moves to a position where the reader has been before.
    pub(super) fn seek(&mut self, spill: &Spill, at: At) -> Result<()> {
        if at.block == self.number && !self.is_done() {
            self.offset = at.offset;
            return self.parse();
        }
        self.load(spill, at)
    }

    /// Moves to the next row.
    #[inline]
    pub(super) fn advance(&mut self, spill: &Spill) -> Result<()> {
        if self.next < self.end {
            self.offset = self.next;
            return self.parse();
        }
        self.load(spill, At { block: self.number + 1, offset: HEADER })
    }

    fn load(&mut self, spill: &Spill, at: At) -> Result<()> {
        self.number = at.block;
        self.offset = at.offset;
        if self.is_done() {
            return Ok(());
        }
        self.end = spill.read_block(self.run.first + at.block, &mut self.block)?;
        self.parse()
    }

    #[inline]
    fn parse(&mut self) -> Result<()> {
        let record = self.block.get(self.offset..self.end).and_then(record::read);
        let Some((row, rest)) = record else { return Err(damaged("a record")) };
        (self.dbi, self.head) = (row.dbi, word_at(row.key, 0));
        self.next = self.end - rest.len();
        Ok(())
    }
}
