//! One opaque error with a coarse kind: what went wrong, where, and what to do about it.

mod contain;
mod kind;
mod shown;

pub(crate) use contain::{contain, contained};
pub use kind::ErrorKind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::path::Path;

use shown::{Cut, OneLine, cut};
pub(crate) use shown::{Shown, push_hex};

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed: a [`kind`](Self::kind), what is wrong, what to do, and the cause.
///
/// `Display` is one line for people, and says each thing once; `Debug` shows every field. Neither exceeds 4 KiB:
/// keys, messages and causes are cut. An `Error` is one pointer wide, and is made off the hot path.
///
/// As with [`std::io::Error`], [`source`](StdError::source) is what `Display` does not show already. A cause whose
/// text is part of the message is skipped there; [`downcast_ref`](Self::downcast_ref) and
/// [`downcast`](Self::downcast) reach it. So printing the whole chain of sources prints nothing twice.
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
    /// Whether the message contains the source's text.
    contains_source: bool,
    is_retryable: bool,
}

/// Limits in bytes of what is shown: of a message, of a name, and of the text of a source.
const MOST_MESSAGE: usize = 2048;
const MOST_NAME: usize = 512;
const MOST_SOURCE: usize = 1024;

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
            contains_source: false,
            is_retryable: kind.is_retryable(),
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

    /// Sets what [`is_retryable`](Self::is_retryable) returns: `false` for a conflict after the last of all
    /// retries, say.
    ///
    /// ```
    /// use mapleaf::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Conflict, "ten retries, ten conflicts; try again when less is written");
    /// assert!(error.is_retryable() && !error.retryable(false).is_retryable());
    /// ```
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.0.is_retryable = retryable;
        self
    }

    /// The cause, when it is a `T`.
    ///
    /// ```
    /// use mapleaf::Error;
    /// let error = Error::other(std::fmt::Error);
    /// assert!(error.downcast_ref::<std::fmt::Error>().is_some());
    /// ```
    #[must_use]
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.0.source.as_deref()?.downcast_ref()
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

    /// Whether the same call may succeed when repeated: true for `Conflict`, `Busy`, `Unavailable`, `ReadersFull`,
    /// `Capacity` and `Timeout`, unless the error [says otherwise](Self::retryable).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.is_retryable
    }

    /// The name of the function that failed (`"put"`, `"transact"`), when known.
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
        let source = source.into();
        self.0.contains_source = self.0.message.contains(&source.to_string());
        self.0.source = Some(source);
        self
    }

    /// The first part of the message: what is wrong, without the advice.
    pub(crate) fn what(&self) -> &str {
        self.0.message.split("; ").next().unwrap_or_default()
    }

    /// As [`caused_by`](Self::caused_by), with the cause of `error`. The text of `error` itself is part of this
    /// message already.
    #[cold]
    #[must_use]
    pub(crate) fn taking_up(self, error: Self) -> Self {
        match error.0.source {
            Some(source) => self.caused_by(source),
            None => self,
        }
    }

    /// Names the operation, unless one is named already.
    #[cold]
    #[must_use]
    pub(crate) fn during(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the file at fault, unless the message does.
    #[cold]
    #[must_use]
    pub(crate) fn of_file(mut self, path: &Path) -> Self {
        let path = path.display().to_string();
        if !self.0.message.contains(&path) {
            self.0.message = format!("{path}: {}", self.0.message).into();
        }
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
        cut(f, MOST_MESSAGE, |out| OneLine(out).write_str(&inner.message))?;
        if inner.kind == ErrorKind::Corrupted && !inner.message.contains(';') {
            f.write_str("; see what Env::verify finds, or restore the file from a copy")?;
        }
        // Add the page only if the message does not name it already.
        if let Some(page) = inner.page
            && !inner.message.contains(&format!("page {page}:"))
        {
            write!(f, " (page {page})")?;
        }
        if let Some(dbi) = &inner.dbi
            && !inner.message.contains(&format!("{dbi:?}"))
        {
            f.write_str(" (dbi ")?;
            cut(f, MOST_NAME, |out| write!(out, "{dbi:?}"))?;
            f.write_str(")")?;
        }
        if let Some(key) = &inner.key
            && !inner.message.contains(&Shown(key).to_string())
        {
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
            .field("dbi", &Cut(&inner.dbi, MOST_NAME))
            .field("key", &inner.key.as_deref().map(Shown))
            .field("page", &inner.page)
            .field("message", &Cut(&inner.message, MOST_SOURCE))
            .field("source", &Cut(&inner.source, MOST_SOURCE))
            .field("retryable", &inner.is_retryable)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        if self.0.contains_source { source.source() } else { Some(source) }
    }
}
