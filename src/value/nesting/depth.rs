//! The nesting counter.

/// The maximum nesting of a value: 127 arrays, maps, structs and enum variants, one inside the other.
///
/// It equals the limit of `serde_json`, and holds for every format here. Deeper values fail with `Encode` when
/// written and `Decode` when read.
pub const MAX_DEPTH: u8 = 127;

/// How many `Some` and newtypes may be directly nested. Only a type that contains itself through nothing but these
/// reaches the limit, and nothing else would stop it.
const MAX_WRAPPERS: u8 = 16;

/// The error message for a value nested beyond the limits.
pub(super) const TOO_DEEP: &str = "nested deeper than 127 levels";

/// How many more levels the value may have.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    levels: u8,
    wrappers: u8,
}

impl Depth {
    /// The limits at the outermost level of a value.
    pub(super) const START: Self = Self { levels: MAX_DEPTH, wrappers: MAX_WRAPPERS };

    /// Enters an array, a map, a struct or an enum variant; `None` when that is too deep.
    #[inline]
    pub(super) fn into_level(self) -> Option<Self> {
        Some(Self { levels: self.levels.checked_sub(1)?, wrappers: MAX_WRAPPERS })
    }

    /// Enters a `Some` or a newtype; `None` when too many are directly nested.
    #[inline]
    pub(super) fn into_wrapper(self) -> Option<Self> {
        Some(Self { levels: self.levels, wrappers: self.wrappers.checked_sub(1)? })
    }
}
