//! The engines that are tested.

use std::fmt;

use crate::error::Result;
use crate::store::Backend;

type Make<B> = Box<dyn Fn() -> Result<B>>;
type Reopen<B> = Box<dyn Fn(B) -> Result<B>>;
type Close<B> = Box<dyn Fn(&B) -> Result<()>>;

/// Makes the engines that the laws are checked on.
pub struct Engines<B> {
    make: Make<B>,
    reopen: Option<Reopen<B>>,
    close: Option<Close<B>>,
}

impl<B: Backend> Engines<B> {
    /// `make` makes an empty engine each time.
    #[must_use]
    pub fn new(make: impl Fn() -> Result<B> + 'static) -> Self {
        Self { make: Box::new(make), reopen: None, close: None }
    }

    /// `reopen` ends an engine and begins another one on the same data. Without it, nothing is checked of restarts.
    #[must_use]
    pub fn reopened_by(self, reopen: impl Fn(B) -> Result<B> + 'static) -> Self {
        Self { reopen: Some(Box::new(reopen)), ..self }
    }

    /// `close` closes an engine for all clones. Without it, nothing is checked of closed engines.
    #[must_use]
    pub fn closed_by(self, close: impl Fn(&B) -> Result<()> + 'static) -> Self {
        Self { close: Some(Box::new(close)), ..self }
    }

    pub(super) fn make(&self) -> Result<B> {
        (self.make)()
    }

    /// `None` if engines of this kind are not reopened.
    pub(super) fn reopen(&self, engine: B) -> Option<Result<B>> {
        self.reopen.as_ref().map(|reopen| reopen(engine))
    }

    /// `None` if engines of this kind are not closed.
    pub(super) fn close(&self, engine: &B) -> Option<Result<()>> {
        self.close.as_ref().map(|close| close(engine))
    }
}

impl<B> fmt::Debug for Engines<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engines").finish_non_exhaustive()
    }
}

/// A law: an error says how it is broken.
pub type Law<B> = fn(&Engines<B>) -> Result<()>;
