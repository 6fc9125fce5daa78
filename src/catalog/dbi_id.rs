//! The numbers of DBIs: in the file, and in a process.

/// The number of a DBI in the catalogue. A DBI that is dropped and created again gets another; none is used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub(crate) struct DbiId(pub u32);

impl DbiId {
    /// The number after this one, unless this is the last.
    #[inline]
    pub(crate) fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

/// The slot of an open DBI: its number in this process, counted from 0 and never used twice. Each state keeps the root
/// that it found for a DBI in the cell of the DBI's slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub(crate) struct DbiSlot(pub usize);

impl DbiSlot {
    /// The slot of the DBI that is opened after this one.
    #[inline]
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
