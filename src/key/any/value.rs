//! The dynamic key itself.

use crate::key::Timestamp;

/// A key whose type is chosen key by key, for DBIs that mix types: `Dbi<AnyKey, V>`.
///
/// Sorted by type first (null, bool, int, float, text, bytes, uuid, timestamp, list), then by value. Integers of every
/// Rust type are one type and sort together; an integer and a float never compare equal. Floats are in the order of
/// [`f64::total_cmp`]: `-0.0` comes directly before `0.0` and is not equal to it. Lists compare element by element, a
/// list before its continuations. `Ord`, `Eq` and `Hash` agree with the order of the keys in the file.
///
/// [`MAX_DEPTH`](Self::MAX_DEPTH) bounds how deep lists nest, and NaN cannot be stored; both are errors when encoded.
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
    /// Nothing: before everything else.
    #[default]
    Null,
    /// `false` before `true`.
    Bool(bool),
    /// An integer of any width and sign up to 128 bits signed.
    Int(i128),
    /// A float, not NaN.
    Float(f64),
    /// Text, by code points.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The 16 bytes of a UUID.
    Uuid([u8; 16]),
    /// A point in time.
    Timestamp(Timestamp),
    /// A list, element by element.
    List(Vec<AnyKey>),
}

impl AnyKey {
    /// How deep lists may nest: 64, counted so that a list without lists in it is 1 deep.
    pub const MAX_DEPTH: usize = 64;
}
