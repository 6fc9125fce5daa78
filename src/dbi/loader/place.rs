//! Places among sorted rows in memory.

/// A row's place: the number of its DBI, and which of the DBI's rows it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowIndex {
    pub table: usize,
    pub entry: usize,
}
