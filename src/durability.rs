//! What commits survive.

/// What a returned commit survives.
///
/// Processes that write one environment at the same time may mix `Immediate` and `Eventual`; `Process` goes with `Process`
/// alone, for what is flushed must not stand on what is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// A power cut: data and meta page are on the disk when the commit returns (two flushes). The default.
    #[default]
    Immediate,
    /// A killed process, and a power cut without damage; the last commits before it may be gone. Still one flush a
    /// commit, of the data.
    Eventual,
    /// A killed process. After a crash of the operating system the file may be damaged: for data that can be rebuilt.
    Process,
}
