//! The kinds of errors.

/// What kind of failure an [`Error`](crate::Error) is: coarse, and chosen by what the caller can do.
///
/// Each kind says what makes it. Three kinds mapleaf itself does not make yet: they are for programs and layers over
/// it, which make their errors by [`Error::new`](crate::Error::new). More kinds may come: match with a last arm for the
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing asked for does not exist: an environment that must exist, a DBI that must not be created, one that was
    /// dropped.
    NotFound,
    /// The thing to be created exists already: an environment with `CreateNew`, the target of a copy.
    AlreadyExists,
    /// Another writer came first: a condition of a batch does not hold, or a commit failed that a transaction was based
    /// on. Nothing was applied; read again and retry.
    Conflict,
    /// A key that cannot be stored: empty, NaN, malformed.
    InvalidKey,
    /// An argument that has no meaning: a name with NUL, another environment's snapshot, options other than those with
    /// which the environment is open.
    InvalidArgument,
    /// A key, value or transaction over its limit.
    TooLarge,
    /// A DBI was opened with other types than it was created with.
    SchemaMismatch,
    /// The file does not hold what it must: damage, or not a database at all.
    Corrupted,
    /// The file is of a format or version that this build does not read.
    FormatVersion,
    /// The map has reached its maximum size, `max_map_size`.
    MapFull,
    /// All reader slots are taken. Drop snapshots, or raise `max_readers`; then retry.
    ReadersFull,
    /// All DBIs allowed by `max_dbis` are in use.
    DbisFull,
    /// The disk is full, or a quota or the limit of file sizes is reached. Nothing was applied.
    DiskFull,
    /// The operating system refused a call, or a writer that a copy goes to; its own error is the source.
    Io,
    /// The disk failed while a commit was being made durable: it may or may not have happened. Every call fails with
    /// this kind until the environment is opened again, which shows what is there.
    CommitOutcomeUnknown,
    /// A value could not be encoded, or would not be read back as the same value.
    Encode,
    /// Stored bytes are not what their type expects. A key or value type of a program's own makes it too.
    Decode,
    /// A write on a read-only environment.
    ReadOnly,
    /// The call would wait for the transaction that it is made in.
    Nested,
    /// Another thread or process holds what this call needs, and the call does not wait: a transaction for
    /// `try_transact`, snapshots for `close`. Retry later.
    Busy,
    /// A service or a medium that this call needs does not answer. Retry later. For programs over mapleaf:
    /// mapleaf itself does not make it.
    Unavailable,
    /// The environment was closed, or this process is a fork of the one that opened it.
    Closed,
    /// The handle gave up what it held: a transaction whose thread is ending has no locks any more.
    Released,
    /// The operating system or a policy does not allow it.
    PermissionDenied,
    /// A capacity chosen by the user is used up. For programs over mapleaf, such as a cache with a limit:
    /// mapleaf itself does not make it.
    Capacity,
    /// A time limit passed: that of `transact_timeout`, `begin_timeout` or `wait_changed`.
    Timeout,
    /// Not supported: a foreign DBI's flags, a type whose values have no text, a medium, a platform.
    Unsupported,
    /// Held by a lock with an owner: [`Locks::acquire`](crate::store::Locks::acquire).
    Locked,
    /// The caller's own error, carried through [`Error::other`](crate::Error::other).
    Other,
}

impl ErrorKind {
    /// Whether errors of this kind can be retried, unless they say otherwise.
    pub(super) fn is_retryable(self) -> bool {
        use ErrorKind::{Busy, Capacity, Conflict, ReadersFull, Timeout, Unavailable};
        matches!(self, Conflict | Busy | Unavailable | ReadersFull | Capacity | Timeout)
    }
}
