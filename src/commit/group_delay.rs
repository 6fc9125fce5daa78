//! The pace of group commits: how fast threads come back that were told of one, and so how many the next one waits for.

use std::time::{Duration, Instant};

/// No commit waits longer than this for others to join it.
const LONGEST: Duration = Duration::from_millis(1);

/// What the last groups were like. The clock is asked only where threads share commits.
///
/// Threads that commit again and again can be one group or two. As one, all of them come back between two commits. As two,
/// those of one come back while the other is committed: no time is lost, but each commit serves half as many. So one group is
/// better as long as all are back within the time of a commit, and two where there are more threads than that.
#[derive(Debug, Default)]
pub(crate) struct GroupDelay {
    /// How many threads were told together last, and when.
    told: u32,
    told_at: Option<Instant>,
    /// How many transactions have joined since: those of the told, as far as anybody can see.
    came: u32,
    /// When the group in flight was taken, if it is shared.
    taken_at: Option<Instant>,
    /// How long the last shared group took to commit.
    commit: Duration,
    /// How long a thread that is told takes to be back, behind those before it; `None` if not all came back the last time.
    each: Option<Duration>,
    /// How many threads the next commit waits for.
    wanted: u32,
}

impl GroupDelay {
    /// Whether who would commit alone waits for others first.
    pub(crate) fn is_shared(&self) -> bool {
        self.wanted > 1
    }

    /// How many threads are to be in the next group before it is committed, and how long that is waited for from `now` on at
    /// most: twice as long as they should take from when they were told, not from when somebody came, who may be alone by
    /// then.
    pub(crate) fn wanted(&self, now: Instant) -> (u32, Duration) {
        let expected = times(self.each.unwrap_or_default(), self.wanted).saturating_mul(2);
        let passed = self.told_at.map_or(expected, |told_at| now.saturating_duration_since(told_at));
        (self.wanted, expected.saturating_sub(passed).min(LONGEST))
    }

    /// A transaction has joined the pending group.
    pub(crate) fn joined(&mut self, now: impl FnOnce() -> Instant) {
        self.came = self.came.saturating_add(1);
        if self.came == self.told
            && let Some(told_at) = self.told_at
        {
            self.each = Some(now().saturating_duration_since(told_at) / self.told);
        }
    }

    /// A group that others could join is taken, to be committed.
    pub(crate) fn taken(&mut self, now: Instant) {
        self.taken_at = Some(now);
    }

    /// A commit has ended: `told` threads are told so, and `pending` wait for the next.
    pub(crate) fn ended(&mut self, told: u32, pending: u32, now: impl FnOnce() -> Instant) {
        let taken_at = self.taken_at.take();
        self.told_at = (told > 1 || pending > 0).then(now);
        if let (Some(taken_at), Some(now)) = (taken_at, self.told_at) {
            self.commit = now.saturating_duration_since(taken_at);
        }
        if self.came < self.told {
            // Where threads go elsewhere between commits, waiting for them is no use.
            self.each = None;
        }
        (self.told, self.came) = (told, 0);
        self.wanted = self.worth(told.saturating_add(pending), pending);
    }

    /// How many of `all` threads the next commit waits for, `pending` of which are there.
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
