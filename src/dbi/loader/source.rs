//! The source of the rows to store: memory if all fit, otherwise the runs.

use crate::dbi::loader::buffer::Buffer;
use crate::dbi::loader::merge::Merge;
use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::row_index::RowIndex;
use crate::dbi::loader::run::At;
use crate::dbi::loader::spill::Spill;
use crate::error::Result;

/// All rows of a load in order, each key once.
pub(super) enum Source {
    Memory(Buffer, RowIndex),
    Runs(Spill, Merge),
}

/// A position to return to.
pub(super) enum Position {
    Memory(RowIndex),
    Runs(Vec<At>),
}

impl Source {
    /// Creates a source from the rows in memory, which are sorted.
    pub(super) fn memory(buffer: Buffer) -> Self {
        let first = buffer.settle(RowIndex::default());
        Self::Memory(buffer, first)
    }

    /// The current row.
    #[inline]
    pub(super) fn row(&self) -> Option<Row<'_>> {
        match self {
            Self::Memory(buffer, index) => buffer.row(*index),
            Self::Runs(_, merge) => merge.row(),
        }
    }

    /// The bytes of a value; a large value is read into `large`.
    #[inline]
    pub(super) fn value<'v>(&self, value: Stored<'v>, large: &'v mut Vec<u8>) -> Result<&'v [u8]> {
        match (value, self) {
            (Stored::Here(value), _) => Ok(value),
            (Stored::Apart(_), Self::Memory(..)) => Ok(&[]),
            (Stored::Apart(extent), Self::Runs(spill, _)) => {
                spill.read_large(extent, large)?;
                Ok(large)
            }
        }
    }

    /// Moves to the next row.
    #[inline]
    pub(super) fn advance(&mut self) -> Result<()> {
        match self {
            Self::Memory(buffer, index) => {
                *index = buffer.settle(RowIndex { entry: index.entry + 1, ..*index });
                Ok(())
            }
            Self::Runs(spill, merge) => merge.advance(spill),
        }
    }

    pub(super) fn position(&self) -> Position {
        match self {
            Self::Memory(_, index) => Position::Memory(*index),
            Self::Runs(_, merge) => Position::Runs(merge.position()),
        }
    }

    /// Returns to a position of this source.
    pub(super) fn rewind(&mut self, position: &Position) -> Result<()> {
        match (self, position) {
            (Self::Memory(_, index), Position::Memory(before)) => {
                *index = *before;
                Ok(())
            }
            (Self::Runs(spill, merge), Position::Runs(before)) => merge.rewind(spill, before),
            _ => Ok(()),
        }
    }
}
