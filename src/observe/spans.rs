//! The spans of the feature `tracing`.

use std::path::Path;
use std::time::Duration;

use tracing::field::Empty;
use tracing::span::EnteredSpan;
use tracing::{debug_span, info_span, warn};

use crate::durability::Durability;
use crate::error::{ErrorKind, contain};

/// A span that is entered until it is dropped. `None` if the subscriber panicked.
pub(super) struct Span(Option<EnteredSpan>);

impl Span {
    fn enter(span: impl FnOnce() -> tracing::Span) -> Self {
        let mut entered = None;
        contain(|| entered = Some(span().entered()));
        Self(entered)
    }

    pub(super) fn open(path: &Path) -> Self {
        Self::enter(|| info_span!(target: "mapleaf", "open", path = %path.display(), error = Empty))
    }

    pub(super) fn commit(bytes: usize, durability: Durability) -> Self {
        Self::enter(
            || debug_span!(target: "mapleaf", "commit", bytes, durability = ?durability, transactions = Empty, error = Empty),
        )
    }

    pub(super) fn grow(from: usize, to: usize) -> Self {
        Self::enter(|| info_span!(target: "mapleaf", "grow", from, to, error = Empty))
    }

    pub(super) fn compact(path: &Path) -> Self {
        Self::enter(
            || info_span!(target: "mapleaf", "compact", path = %path.display(), before = Empty, after = Empty, error = Empty),
        )
    }

    pub(super) fn committed(&self, transactions: u64) {
        self.record(|span| span.record("transactions", transactions));
    }

    pub(super) fn compacted(&self, before: u64, after: u64) {
        self.record(|span| span.record("before", before).record("after", after));
    }

    pub(super) fn failed(&self, kind: ErrorKind) {
        self.record(|span| span.record("error", tracing::field::debug(kind)));
    }

    fn record<'s>(&'s self, record: impl FnOnce(&'s tracing::Span) -> &'s tracing::Span) {
        if let Some(span) = &self.0 {
            contain(|| {
                record(span);
            });
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let entered = self.0.take();
        contain(|| drop(entered));
    }
}

pub(super) fn slow_reader(id: u64, age: Duration, lag: u64) {
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    contain(|| warn!(target: "mapleaf", id, age_ms, lag, "slow reader"));
}
