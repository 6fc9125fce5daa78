//! Spans and counters of what the engine does, by the features `tracing` and `metrics`: `docs/observing.md` lists them.
//!
//! Without the features the types here have no size and their functions no code. Reads, and changes inside a
//! transaction, call nothing of it. Subscribers and recorders are code of the program: a panic in them is contained.

#[cfg(feature = "metrics")]
mod counters;
#[cfg(not(feature = "metrics"))]
#[path = "no_counters.rs"]
mod counters;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(not(feature = "tracing"))]
#[path = "no_spans.rs"]
mod spans;

use std::path::Path;
use std::time::Duration;

use crate::durability::Durability;
use crate::error::Result;
use counters::Clock;
use spans::Span;

/// Whether anything is observed.
const IS_ON: bool = cfg!(any(feature = "tracing", feature = "metrics"));

/// An environment is opened.
#[must_use]
pub(crate) struct Opening(Span);

impl Opening {
    #[inline]
    pub(crate) fn begin(path: &Path) -> Self {
        counters::describe();
        Self(Span::open(path))
    }

    #[inline]
    pub(crate) fn end<T>(self, outcome: &Result<T>) {
        match outcome {
            Ok(_) => counters::opened(),
            Err(error) => self.0.failed(error.kind()),
        }
    }
}

/// A commit of LMDB, which may hold several transactions.
#[must_use]
pub(crate) struct Committing {
    span: Span,
    clock: Clock,
}

impl Committing {
    #[inline]
    pub(crate) fn begin(bytes: usize, durability: Durability) -> Self {
        Self { span: Span::commit(bytes, durability), clock: Clock::start() }
    }

    #[inline]
    pub(crate) fn end<T>(self, bytes: usize, outcome: &Result<T>, transactions: impl FnOnce(&T) -> u64) {
        match outcome {
            Ok(_) if !IS_ON => {}
            Ok(committed) => {
                let transactions = transactions(committed);
                self.span.committed(transactions);
                counters::committed(self.clock, transactions, bytes);
            }
            Err(error) => {
                self.span.failed(error.kind());
                counters::commit_failed();
            }
        }
    }
}

/// The map is made larger.
#[must_use]
pub(crate) struct Growing(Span);

impl Growing {
    #[inline]
    pub(crate) fn begin(from: usize, to: usize) -> Self {
        Self(Span::grow(from, to))
    }

    #[inline]
    pub(crate) fn end(self, outcome: &Result<()>) {
        match outcome {
            Ok(()) => counters::grown(),
            Err(error) => self.0.failed(error.kind()),
        }
    }
}

/// The file is compacted.
#[must_use]
pub(crate) struct Compacting {
    span: Span,
    /// The length of the file in bytes before.
    before: u64,
}

impl Compacting {
    #[inline]
    pub(crate) fn begin(path: &Path, length: impl FnOnce() -> u64) -> Self {
        Self { span: Span::compact(path), before: if IS_ON { length() } else { 0 } }
    }

    #[inline]
    pub(crate) fn end<T>(self, outcome: &Result<T>, length: impl FnOnce() -> u64) {
        match outcome {
            Ok(_) if !IS_ON => {}
            Ok(_) => {
                self.span.compacted(self.before, length());
                counters::compacted();
            }
            Err(error) => self.span.failed(error.kind()),
        }
    }
}

/// A state is read for longer than the limit while others are committed.
#[inline]
pub(crate) fn slow_reader(id: u64, age: Duration, lag: u64) {
    spans::slow_reader(id, age, lag);
    counters::slow_reader();
}

#[cfg(test)]
mod tests {
    #[cfg(not(any(feature = "tracing", feature = "metrics")))]
    #[test]
    fn without_the_features_nothing_is_kept() {
        use super::{Committing, Compacting, Growing, Opening};

        assert_eq!([size_of::<Opening>(), size_of::<Committing>(), size_of::<Growing>()], [0; 3]);
        assert!(!std::mem::needs_drop::<Compacting>());
        assert!(!std::mem::needs_drop::<Committing>());
    }
}
