//! The count itself.

/// How deep a value may nest: 127 arrays, maps, structs and enum variants, one inside the other.
///
/// It is what `serde_json` reads, and holds for every format here. Deeper values are `Encode` when written and `Decode`
/// when read.
pub const MAX_DEPTH: u8 = 127;

/// How many `Some` and newtypes may stand directly inside each other. Only a type that holds itself through nothing
/// else gets there, and for it there is no other end.
const MAX_WRAPPERS: u8 = 16;

/// What a value nested beyond the limits is refused with.
pub(super) const TOO_DEEP: &str = "nested deeper than 127 levels";

/// How much deeper the value may still go.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    levels: u8,
    wrappers: u8,
}

impl Depth {
    /// At the value's outside.
    pub(super) const START: Self = Self { levels: MAX_DEPTH, wrappers: MAX_WRAPPERS };

    /// Inside an array, a map, a struct or an enum variant; `None` when that is too deep.
    #[inline]
    pub(super) fn into_level(self) -> Option<Self> {
        Some(Self { levels: self.levels.checked_sub(1)?, wrappers: MAX_WRAPPERS })
    }

    /// Inside a `Some` or a newtype; `None` when too many stand directly inside each other.
    #[inline]
    pub(super) fn into_wrapper(self) -> Option<Self> {
        Some(Self { levels: self.levels, wrappers: self.wrappers.checked_sub(1)? })
    }
}
