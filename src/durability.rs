//! Durability: what commits survive.

/// What a returned commit survives.
///
/// Processes that write to one environment at the same time may mix `Immediate` and `Eventual`. `Process` mixes with
/// neither: a flushed commit must not be based on one that is not flushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Commits survive a power failure: data and meta page are on the disk when the commit returns (two flushes). The
    /// default.
    #[default]
    Immediate,
    /// Commits survive a killed process. A power failure does no damage, but may undo the last commits. Still one flush
    /// per commit, of the data.
    Eventual,
    /// Commits survive a killed process. After a crash of the operating system the file may be damaged: for data that
    /// can be rebuilt.
    Process,
}

impl Durability {
    /// The stronger of the two.
    pub(crate) fn stronger(self, other: Self) -> Self {
        match (self, other) {
            (Self::Immediate, _) | (_, Self::Immediate) => Self::Immediate,
            (Self::Eventual, _) | (_, Self::Eventual) => Self::Eventual,
            (Self::Process, Self::Process) => Self::Process,
        }
    }
}
