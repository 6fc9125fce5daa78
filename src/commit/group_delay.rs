//! The group delay: how many returning threads a commit waits for, from how fast the last ones returned.

use std::time::{Duration, Instant};

/// No commit waits longer than this for others to join it.
const LONGEST: Duration = Duration::from_millis(1);

/// Measures of the last groups. The clock is read only when threads share commits.
///
/// Threads that commit in a loop can form one group or two. As one group, all of them return between two commits.
/// As two, one returns while the other is committed: no time is lost, but each commit serves half as many. So one
/// group is better if all return within the time of a commit, and two if there are more threads than that.
#[derive(Debug, Default)]
pub(crate) struct GroupDelay {
    /// How many threads the last commit notified together, and when.
    notified: u32,
    notified_at: Option<Instant>,
    /// How many transactions have joined since, presumably by the notified threads.
    came: u32,
    /// When the group in flight was taken, if others could join it.
    taken_at: Option<Instant>,
    /// How long the last shared group took to commit.
    commit: Duration,
    /// How long each notified thread takes to return after the one before; `None` if not all returned the last
    /// time.
    each: Option<Duration>,
    /// How many threads the next commit waits for.
    wanted: u32,
}

impl GroupDelay {
    /// Whether a lone thread first waits for others before it commits.
    pub(crate) fn is_shared(&self) -> bool {
        self.wanted > 1
    }

    /// How many threads the next group needs before it is committed, and how long from `now` to wait for them at
    /// most. That is twice the expected time, counted from their notification and not from the arrival of this
    /// thread, which may be alone by then.
    pub(crate) fn wanted(&self, now: Instant) -> (u32, Duration) {
        let expected = times(self.each.unwrap_or_default(), self.wanted).saturating_mul(2);
        let passed = self.notified_at.map_or(expected, |notified_at| now.saturating_duration_since(notified_at));
        (self.wanted, expected.saturating_sub(passed).min(LONGEST))
    }

    /// Notes that a transaction joined the pending group.
    pub(crate) fn joined(&mut self, now: impl FnOnce() -> Instant) {
        self.came = self.came.saturating_add(1);
        if self.came == self.notified
            && let Some(notified_at) = self.notified_at
        {
            self.each = Some(now().saturating_duration_since(notified_at) / self.notified);
        }
    }

    /// Notes that a group that others could join is taken, to be committed.
    pub(crate) fn taken(&mut self, now: Instant) {
        self.taken_at = Some(now);
    }

    /// Notes the end of a commit: `notified` threads are notified, and `pending` wait for the next commit.
    pub(crate) fn ended(&mut self, notified: u32, pending: u32, now: impl FnOnce() -> Instant) {
        let taken_at = self.taken_at.take();
        self.notified_at = (notified > 1 || pending > 0).then(now);
        if let (Some(taken_at), Some(now)) = (taken_at, self.notified_at) {
            self.commit = now.saturating_duration_since(taken_at);
        }
        if self.came < self.notified {
            // Not all of the notified threads returned during the commit. A wait for them would be useless, so no
            // commit waits until all return in time again.
            self.each = None;
        }
        (self.notified, self.came) = (notified, 0);
        self.wanted = self.worth(notified.saturating_add(pending), pending);
    }

    /// How many of `all` threads the next commit waits for; `pending` are there already.
    fn worth(&self, all: u32, pending: u32) -> u32 {
        let Some(each) = self.each else { return 0 };
        let half = all / 2;
        if times(each, all) <= self.commit {
            all
        } else if times(each, half.saturating_sub(pending)) <= self.commit {
            half
        } else {
            0
        }
    }
}

fn times(each: Duration, threads: u32) -> Duration {
    each.saturating_mul(threads)
}
