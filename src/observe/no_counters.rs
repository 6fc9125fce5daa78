//! No counters: the feature `metrics` is off.

pub(super) struct Clock;

impl Clock {
    #[inline]
    pub(super) fn start() -> Self {
        Self
    }
}

#[inline]
pub(super) fn describe() {}

#[inline]
pub(super) fn opened() {}

#[inline]
pub(super) fn committed(_: Clock, _: u64, _: usize) {}

#[inline]
pub(super) fn commit_failed() {}

#[inline]
pub(super) fn grown() {}

#[inline]
pub(super) fn compacted() {}

#[inline]
pub(super) fn slow_reader() {}
