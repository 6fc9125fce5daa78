//! Functions of a batch that run when it is committed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result, contain, contained};

type Run = dyn FnOnce(Option<&[u8]>) -> Result<Option<Vec<u8>>> + Send;

/// A function from the value of a key, as bytes, to its new value. It runs once.
pub(crate) struct Update(Mutex<Option<Box<Run>>>);

impl Update {
    pub(crate) fn new(run: impl FnOnce(Option<&[u8]>) -> Result<Option<Vec<u8>>> + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(run))))
    }

    /// Runs the function.
    ///
    /// # Errors
    /// What it returns; `Other` with the message of its panic.
    pub(crate) fn run(&self, old: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let run =
            run.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the batch was applied before; build another"))?;
        contained(move || run(old)).unwrap_or_else(|panic| {
            let why = format!("the update function panicked, and nothing of its batch was applied: {panic}");
            Err(Error::new(ErrorKind::Other, why))
        })
    }

    /// The bytes of what the function has captured.
    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |run| size_of_val(&**run))
    }
}

impl Drop for Update {
    fn drop(&mut self) {
        // Dropping what the function has captured may panic. That must not end this thread, which may be the one that
        // commits for other callers.
        let run = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        contain(|| drop(run));
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").finish_non_exhaustive()
    }
}
