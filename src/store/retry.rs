//! Attempts: how often, with which pauses, for how long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::store::timer::{SystemTimer, Timer};

/// How often something is tried that may succeed when it is repeated, and with which pauses.
///
/// By default there are 5 attempts. The pause after the first is at most a millisecond, after each further one at most
/// twice as long, and never longer than 100 ms. How long it is is drawn at random from the upper half, so that those who
/// came in each other's way do not meet again. There is no limit of time.
///
/// ```
/// use std::time::Duration;
/// use mapleaf::ErrorKind;
/// use mapleaf::store::RetryPolicy;
/// # fn main() -> mapleaf::Result<()> {
/// let policy = RetryPolicy::new().attempts(3).pauses(Duration::from_micros(10), Duration::from_millis(1));
/// let conflict = || mapleaf::Error::new(ErrorKind::Conflict, "somebody was faster");
/// let made = policy.run(|attempt| if attempt < 3 { Err(conflict()) } else { Ok("made") })?;
/// assert_eq!(made, "made");
///
/// let error = policy.run(|_| Err::<(), _>(conflict())).unwrap_err();
/// assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    limit: Option<Duration>,
    has_jitter: bool,
    timer: Arc<dyn Timer>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(100),
            limit: None,
            has_jitter: true,
            timer: Arc::new(SystemTimer::default()),
        }
    }
}

impl RetryPolicy {
    /// The default policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many attempts there are, the first one too. 0 is refused when it runs.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The longest pause after the first attempt, which doubles from attempt to attempt, and the longest of all.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// Whether a pause is drawn from the upper half; else it is the longest that it can be.
    #[must_use]
    pub fn jitter(mut self, has_jitter: bool) -> Self {
        self.has_jitter = has_jitter;
        self
    }

    /// For how long at most there are new attempts, counted from the first. A pause that would end at the limit or later is
    /// not made. An attempt that is being made is not stopped.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What waits; by default the thread.
    #[must_use]
    pub fn timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.timer = timer;
        self
    }

    /// Calls `work` with the number of the attempt, from 1, until it returns `Ok` or an error that cannot be retried, or
    /// until there are no more attempts.
    ///
    /// # Errors
    /// `InvalidArgument` for 0 attempts: `work` is not called. An error of `work` that is not
    /// [retryable](Error::is_retryable), unchanged. After the last attempt its error with its kind, key and cause, which
    /// is not retryable any more.
    pub fn run<T>(&self, mut work: impl FnMut(u32) -> Result<T>) -> Result<T> {
        let mut attempts = self.begin()?;
        loop {
            match work(attempts.made + 1) {
                Err(error) if error.is_retryable() => attempts.next(error)?,
                done => return done,
            }
        }
    }

    /// Begins to count.
    pub(crate) fn begin(&self) -> Result<Attempts<'_>> {
        if self.attempts == 0 {
            let why = "a policy of 0 attempts does nothing; allow one at least";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        Ok(Attempts { policy: self, made: 0, began: self.timer.elapsed() })
    }

    /// The pause after so many attempts.
    fn pause(&self, made: u32) -> Duration {
        let doubled = 1_u32.checked_shl(made - 1).and_then(|times| self.first_pause.checked_mul(times));
        let longest = doubled.map_or(self.longest_pause, |pause| pause.min(self.longest_pause));
        if !self.has_jitter {
            return longest;
        }
        let half = longest / 2;
        let span = u64::try_from(longest.saturating_sub(half).as_nanos()).unwrap_or(u64::MAX);
        // Without random bytes the pause is the longest, which is allowed too.
        let drawn = getrandom::u64().map_or(span, |drawn| if span == u64::MAX { drawn } else { drawn % (span + 1) });
        half + Duration::from_nanos(drawn)
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts", &self.attempts)
            .field("first_pause", &self.first_pause)
            .field("longest_pause", &self.longest_pause)
            .field("limit", &self.limit)
            .field("has_jitter", &self.has_jitter)
            .finish_non_exhaustive()
    }
}

/// The attempts that were made.
pub(crate) struct Attempts<'p> {
    policy: &'p RetryPolicy,
    made: u32,
    began: Duration,
}

impl Attempts<'_> {
    /// Counts an attempt that failed, and waits for the next one. Returns the last error if there is none.
    pub fn next(&mut self, error: Error) -> Result<()> {
        self.made += 1;
        let policy = self.policy;
        if self.made >= policy.attempts {
            return Err(given_up(error, format_args!("attempt {} of {} failed", self.made, policy.attempts)));
        }
        let pause = policy.pause(self.made);
        if let Some(limit) = policy.limit {
            let elapsed = policy.timer.elapsed().saturating_sub(self.began);
            if elapsed.saturating_add(pause) >= limit {
                return Err(given_up(error, format_args!("attempt {} failed, and {limit:?} pass", self.made)));
            }
        }
        policy.timer.sleep(pause);
        Ok(())
    }
}

/// The last error, which is not to be retried any more.
#[cold]
pub(crate) fn given_up(error: Error, what: fmt::Arguments<'_>) -> Error {
    let why = format!("{what}: {}; try again when less is written", error.what());
    let mut last = Error::new(error.kind(), why).retryable(false);
    if let Some(operation) = error.operation() {
        last = last.during(operation);
    }
    if let Some(dbi) = error.dbi() {
        last = last.in_dbi(dbi);
    }
    if let Some(key) = error.key() {
        last = last.at_key(key);
    }
    last.taking_up(error)
}
