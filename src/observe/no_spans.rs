//! No spans: the feature `tracing` is off.

use std::path::Path;
use std::time::Duration;

use crate::durability::Durability;
use crate::error::ErrorKind;

pub(super) struct Span;

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "as the spans of the feature")]
impl Span {
    #[inline]
    pub(super) fn open(_: &Path) -> Self {
        Self
    }

    #[inline]
    pub(super) fn commit(_: usize, _: Durability) -> Self {
        Self
    }

    #[inline]
    pub(super) fn grow(_: usize, _: usize) -> Self {
        Self
    }

    #[inline]
    pub(super) fn compact(_: &Path) -> Self {
        Self
    }

    #[inline]
    pub(super) fn committed(&self, _: u64) {}

    #[inline]
    pub(super) fn compacted(&self, _: u64, _: u64) {}

    #[inline]
    pub(super) fn failed(&self, _: ErrorKind) {}
}

#[inline]
pub(super) fn slow_reader(_: u64, _: Duration, _: u64) {}
