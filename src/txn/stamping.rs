//! What a transaction stamps rows with.

/// The incarnation of the engine, and how many indexes were given out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamping {
    /// The incarnation of the engine.
    pub incarnation: u64,
    indexes: u32,
}

impl Stamping {
    pub(super) fn new(incarnation: u64) -> Self {
        Self { incarnation, indexes: 0 }
    }

    /// A number that no other change of the transaction has. A savepoint that is undone does not give its numbers back:
    /// somebody may have seen them.
    pub(crate) fn next_index(&mut self) -> u32 {
        let index = self.indexes;
        self.indexes = index.saturating_add(1);
        index
    }
}
