//! The result of a closure.

/// What a closure returns, and how many transactions it counts as.
pub(crate) type Made<T, E> = Result<(T, u64), E>;
