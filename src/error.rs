//! One opaque error with a coarse kind: what went wrong, where, and what to do about it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure an [`Error`] is: coarse, and chosen by what the caller can do.
///
/// More kinds may come: match with a last arm for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing asked for does not exist: an environment, a DBI.
    NotFound,
    /// The thing to be created exists already.
    AlreadyExists,
    /// Another writer came first. Nothing was applied; read again and retry.
    Conflict,
    /// A key that cannot be stored: empty, NaN, malformed.
    InvalidKey,
    /// An argument that has no meaning: a name with NUL, another environment's snapshot.
    InvalidArgument,
    /// A key, value or transaction over its limit.
    TooLarge,
    /// A DBI was opened with other types than it was created with.
    SchemaMismatch,
    /// The file does not hold what it must: damage, or not a database at all.
    Corrupted,
    /// The file is of a format or version that this build does not read.
    FormatVersion,
    /// The map has reached its maximum size.
    MapFull,
    /// All reader slots are taken. Drop snapshots, or raise `max_readers`; then retry.
    ReadersFull,
    /// All DBIs allowed by `max_dbis` are in use.
    DbisFull,
    /// The disk is full. Nothing was applied.
    DiskFull,
    /// The operating system refused a call; its own error is the source.
    Io,
    /// The disk failed while a commit was being made durable: it may or may not have happened. Reopen to see.
    CommitOutcomeUnknown,
    /// A value could not be encoded.
    Encode,
    /// Stored bytes are not what their type expects.
    Decode,
    /// A write on a read-only environment.
    ReadOnly,
    /// A call that would wait for the transaction it is made in.
    Nested,
    /// Somebody else holds what this call needs now. Retry later.
    Busy,
    /// The environment was closed, or this process is a fork of the one that opened it.
    Closed,
    /// The handle was released.
    Released,
    /// The operating system or a policy does not allow it.
    PermissionDenied,
    /// A capacity chosen by the user is used up.
    Capacity,
    /// A time limit passed.
    Timeout,
    /// Not offered here: a foreign DBI's flags, a medium, a platform.
    Unsupported,
    /// Held by a lock with an owner.
    Locked,
    /// The caller's own error, carried through [`Error::other`].
    Other,
}

/// Why an operation failed: a [`kind`](Self::kind), what is wrong, what to do, and the cause.
///
/// `Display` is one line for people; `Debug` shows every field; [`source`](StdError::source) keeps the cause. One pointer
/// wide; made off the hot path.
///
/// ```
/// use mapleaf::{Dbi, Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let error = env.transact(|txn| ages.put(txn, "", 42)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidKey);
/// assert_eq!((error.operation(), error.dbi()), (Some("put"), Some("ages")));
/// assert!(!error.is_retryable());
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    dbi: Option<Box<str>>,
    key: Option<Box<[u8]>>,
    page: Option<u64>,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a message that says what is wrong and what to do.
    ///
    /// For implementations of the key and value traits. Allocates once.
    ///
    /// ```
    /// use mapleaf::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Decode, "not a colour; write one of red, green, blue");
    /// assert_eq!(error.kind(), ErrorKind::Decode);
    /// ```
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            dbi: None,
            key: None,
            page: None,
            message: message.into(),
            source: None,
        }))
    }

    /// Carries an error of the caller's own through a closure that returns [`Result`].
    ///
    /// [`downcast`](Self::downcast) takes it out again. Its kind is [`ErrorKind::Other`].
    ///
    /// ```
    /// use mapleaf::{Error, ErrorKind};
    /// let error = Error::other(std::fmt::Error);
    /// assert_eq!(error.kind(), ErrorKind::Other);
    /// assert!(error.downcast::<std::fmt::Error>().is_ok());
    /// ```
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        Self::new(ErrorKind::Other, source.to_string()).caused_by(source)
    }

    /// The cause, when it is a `T`; else the error itself, unchanged.
    ///
    /// # Errors
    /// Gives `self` back when the cause is absent or of another type.
    pub fn downcast<T: StdError + 'static>(mut self) -> Result<T, Self> {
        match self.0.source.take().map(<dyn StdError + Send + Sync>::downcast::<T>) {
            Some(Ok(cause)) => Ok(*cause),
            Some(Err(source)) => {
                self.0.source = Some(source);
                Err(self)
            }
            None => Err(self),
        }
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed when made again: `Conflict`, `Busy`, `ReadersFull`, `Capacity`, `Timeout`.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Busy, Capacity, Conflict, ReadersFull, Timeout};
        matches!(self.0.kind, Conflict | Busy | ReadersFull | Capacity | Timeout)
    }

    /// The operation that failed, as its function is named (`"put"`, `"transact"`), when known.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The name of the DBI concerned, when there is one.
    #[must_use]
    pub fn dbi(&self) -> Option<&str> {
        self.0.dbi.as_deref()
    }

    /// The encoded key concerned, when there is one.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key.as_deref()
    }

    /// The number of the damaged page, for [`ErrorKind::Corrupted`] when it is known.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.0.page
    }

    /// What is wrong and what to do, without the context that `Display` adds.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Damage on page `page`.
    #[cold]
    pub(crate) fn corrupted(page: u64, why: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorKind::Corrupted, why);
        error.0.page = Some(page);
        error
    }

    /// Adds the cause.
    #[cold]
    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation, unless one is named already.
    #[cold]
    #[must_use]
    pub(crate) fn during(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the DBI, unless one is named already.
    #[cold]
    #[must_use]
    pub(crate) fn in_dbi(mut self, name: &str) -> Self {
        self.0.dbi.get_or_insert_with(|| name.into());
        self
    }

    /// Keeps the encoded key, unless one is kept already.
    #[cold]
    #[must_use]
    pub(crate) fn at_key(mut self, key: &[u8]) -> Self {
        self.0.key.get_or_insert_with(|| key.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(page) = inner.page {
            write!(f, " (page {page})")?;
        }
        if let Some(dbi) = &inner.dbi {
            write!(f, " (dbi {dbi:?})")?;
        }
        if let Some(key) = &inner.key {
            write!(f, " (key {})", Shown(key))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("operation", &inner.operation)
            .field("dbi", &inner.dbi)
            .field("key", &inner.key.as_deref().map(|key| Shown(key).to_string()))
            .field("page", &inner.page)
            .field("message", &inner.message)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A key for people: its text where it is printable, escapes elsewhere, cut after 64 bytes.
struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.len().min(64);
        write!(f, "\"{}\"", self.0[..cut].escape_ascii())?;
        if cut < self.0.len() {
            write!(f, "... {} bytes", self.0.len())?;
        }
        Ok(())
    }
}
