//! Positions among the sorted rows in memory.

/// The position of a row: its DBI's number, and its index among the rows of that DBI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowIndex {
    pub dbi: usize,
    pub entry: usize,
}
