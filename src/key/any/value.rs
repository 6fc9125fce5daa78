//! The dynamic key type.

use crate::key::Timestamp;

/// A key whose type can differ from key to key, for DBIs that mix types: `Dbi<AnyKey, V>`.
///
/// Sorted by type first (null, bool, int, float, text, bytes, uuid, timestamp, list), then by value. Integers of
/// every Rust type are one type and sort together; an integer and a float are never equal. Floats sort by
/// [`f64::total_cmp`]: `-0.0` comes directly before `0.0` and is not equal to it. Lists compare element by element,
/// and a list sorts before its continuations. `Ord`, `Eq` and `Hash` agree with the order of the keys in the file.
///
/// Lists may be nested at most [`MAX_DEPTH`](Self::MAX_DEPTH) deep, and NaN cannot be stored; encoding fails for
/// both.
///
/// ```
/// use mapleaf::key::AnyKey;
///
/// let mut keys: Vec<AnyKey> = vec!["b".into(), 2.5.into(), 7_u64.into(), true.into(), (-3).into(), AnyKey::Null];
/// keys.sort();
/// assert_eq!(keys, [AnyKey::Null, true.into(), (-3).into(), 7.into(), 2.5.into(), "b".into()]);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum AnyKey {
    /// Null: sorts before everything else.
    #[default]
    Null,
    /// `false` before `true`.
    Bool(bool),
    /// An integer within the range of `i128`.
    Int(i128),
    /// A float, not NaN.
    Float(f64),
    /// Text, in the order of its code points.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The 16 bytes of a UUID.
    Uuid([u8; 16]),
    /// A point in time.
    Timestamp(Timestamp),
    /// A list, compared element by element.
    List(Vec<AnyKey>),
}

impl AnyKey {
    /// The maximum nesting of lists: 64. A list without lists in it counts as 1.
    pub const MAX_DEPTH: usize = 64;
}
