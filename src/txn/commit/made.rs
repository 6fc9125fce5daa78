//! What a closure comes to.

/// What a closure returns, and how many transactions it was.
pub(crate) type Made<T, E> = Result<(T, u64), E>;
