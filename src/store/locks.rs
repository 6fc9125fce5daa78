//! Named locks with a holder, a deadline and a fencing token.

use std::fmt;
use std::time::{Duration, Instant};

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result, Shown};
use crate::store::backend::{Backend, BackendRead};
use crate::store::records::rows::OfSnapshot;
use crate::store::records::{Records, RecordsOptions, Ttl};

type Rows<B> = Records<&'static str, &'static [u8], B>;

/// Named locks over any [`Backend`], for threads, processes and machines that share it.
///
/// A lock has a holder, which is a text that the caller chooses, and a deadline: a holder that dies loses it then. Times
/// are those of the store's clock, which all processes of an environment share with the system; on several machines their
/// clocks must agree about as well as the shortest deadline demands.
///
/// A holder that is slow can lose its lock without noticing. So each acquisition has a fencing token, a number that is
/// greater than that of every earlier one of the same lock, also after a restart. Pass it to what the lock protects, and
/// have it refuse a number that is lower than one it has seen.
///
/// ```
/// use std::time::Duration;
/// use mapleaf::store::Locks;
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let locks = Locks::open(&env, "jobs")?;
/// let first = locks.acquire("nightly", "worker 1", Duration::from_secs(30))?;
/// let refused = locks.acquire("nightly", "worker 2", Duration::from_secs(30)).unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Locked);
/// assert!(locks.release(&first)?);
/// let second = locks.acquire("nightly", "worker 2", Duration::from_secs(30))?;
/// assert!(second.fence > first.fence);
/// assert!(!locks.release(&first)?);
/// # Ok(())
/// # }
/// ```
#[doc(alias("mutex", "lease", "semaphore", "leader_election"))]
pub struct Locks<B: Backend = Env> {
    rows: Rows<B>,
}

/// A lock that is held, or was: what [`Locks::acquire`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LockGrant {
    /// The name of the lock.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// The number of the acquisition: greater than that of every earlier one of this lock.
    pub fence: u64,
    /// From when on it is free again, in nanoseconds since 1970.
    pub until: u64,
}

/// The cause of an error of kind `Locked`: who holds the lock. [`Error::downcast`] returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHeld {
    /// Who holds it, until when.
    pub grant: LockGrant,
}

impl fmt::Display for LockHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LockGrant { name, holder, .. } = &self.grant;
        write!(f, "{} is held by {}", Shown(name.as_bytes()), Shown(holder.as_bytes()))
    }
}

impl std::error::Error for LockHeld {}

/// The longest time that a waiting thread sleeps: a deadline passes without a commit that would wake it.
const ROUND: Duration = Duration::from_millis(50);

/// The bytes of a row before the holder: fence and deadline.
const HEAD: usize = 16;

/// What the row of a lock says. It stays when the lock is released, so that its fence goes on.
#[derive(Clone, Copy)]
struct LockRow<'r> {
    fence: u64,
    /// From when on it is free; 0 after a release.
    until: u64,
    holder: &'r str,
}

impl<'r> LockRow<'r> {
    fn decode(row: &'r [u8]) -> Result<Self> {
        let parts = row.split_first_chunk::<HEAD>().and_then(|(head, holder)| {
            let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
            let holder = str::from_utf8(holder).ok()?;
            Some(Self { fence: number(&head[..8]), until: number(&head[8..]), holder })
        });
        parts.ok_or_else(damaged)
    }

    fn encode(self) -> Vec<u8> {
        [&self.fence.to_be_bytes()[..], &self.until.to_be_bytes(), self.holder.as_bytes()].concat()
    }

    fn grant(self, name: &str) -> LockGrant {
        LockGrant { name: name.into(), holder: self.holder.into(), fence: self.fence, until: self.until }
    }
}

impl<B: Backend> Locks<B> {
    /// Opens the locks `name` of a backend, a store of their own, and creates them if they are absent.
    ///
    /// # Errors
    /// As [`Records::open`].
    pub fn open(backend: &B, name: &str) -> Result<Self> {
        Self::open_with(backend, name, RecordsOptions::new())
    }

    /// As [`open`](Self::open), with a clock, or a change log to [watch](Records::watch).
    ///
    /// # Errors
    /// As [`RecordsOptions::open`].
    pub fn open_with(backend: &B, name: &str, options: RecordsOptions) -> Result<Self> {
        options.open(backend, name).map(|rows| Self { rows })
    }

    /// Takes the lock `name` for `holder`, for `time` from now on. If `holder` has it already, the deadline is the new one
    /// and the fence stays. O(log n) and a commit.
    ///
    /// # Errors
    /// `Locked`, which can be retried, if another has it: the cause is a [`LockHeld`]. `InvalidArgument` for a time of zero
    /// and an empty holder; as [`Records::put`].
    pub fn acquire(&self, name: &str, holder: &str, time: Duration) -> Result<LockGrant> {
        self.take(name, holder, time).map_err(|error| self.rows.named(error, "acquire"))
    }

    /// As [`acquire`](Self::acquire), and waits for the lock at most for `limit`. Those who wait are not in a line: who
    /// looks first after it was freed gets it.
    ///
    /// # Errors
    /// As `acquire`: `Locked` when the time is over.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, ErrorKind, store::Locks};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let locks = Locks::open(&env, "jobs")?;
    /// locks.acquire("nightly", "worker 1", Duration::from_millis(20))?;
    /// let late = locks.acquire_timeout("nightly", "worker 2", Duration::from_secs(1), Duration::from_secs(10))?;
    /// assert_eq!(late.fence, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_timeout(&self, name: &str, holder: &str, time: Duration, limit: Duration) -> Result<LockGrant> {
        self.wait(name, holder, time, limit).map_err(|error| self.rows.named(error, "acquire_timeout"))
    }

    fn wait(&self, name: &str, holder: &str, time: Duration, limit: Duration) -> Result<LockGrant> {
        let began = Instant::now();
        loop {
            // The state is taken before the look, so that a release after it ends the wait.
            let seen = self.rows.backend.snapshot()?.id();
            let locked = match self.take(name, holder, time) {
                Err(error) if error.kind() == ErrorKind::Locked => error,
                taken => return taken,
            };
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(locked);
            }
            match self.rows.backend.wait_changed(seen, left.min(ROUND)) {
                Err(error) if error.kind() != ErrorKind::Timeout => return Err(error),
                _ => {}
            }
        }
    }

    fn take(&self, name: &str, holder: &str, time: Duration) -> Result<LockGrant> {
        if holder.is_empty() || time.is_zero() {
            let why = "a lock needs a holder that is not empty and a time above zero";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        self.change(name, |row, now| {
            let until = Ttl::After(time).deadline(now, now);
            let row = match row {
                Some(row) if row.until > now && row.holder != holder => return Err(held(row.grant(name))),
                Some(row) if row.until > now => LockRow { until, ..row },
                row => {
                    let before = row.map_or(0, |row| row.fence);
                    LockRow { fence: before.checked_add(1).ok_or_else(damaged)?, until, holder }
                }
            };
            Ok((row.grant(name), Some(row.encode())))
        })
    }

    /// Gives a lock that is still held a new deadline: `time` from now on. `None` if it was lost.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), without `Locked`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, store::Locks};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let locks = Locks::open(&env, "jobs")?;
    /// let grant = locks.acquire("nightly", "worker 1", Duration::from_secs(30))?;
    /// let grant = locks.renew(&grant, Duration::from_secs(60))?.expect("it is held");
    /// assert_eq!(locks.holder("nightly")?, Some(grant));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("keep_alive", "heartbeat"))]
    pub fn renew(&self, grant: &LockGrant, time: Duration) -> Result<Option<LockGrant>> {
        let renew = || {
            if time.is_zero() {
                return Err(Error::new(ErrorKind::InvalidArgument, "a lock needs a time above zero"));
            }
            self.change(&grant.name, |row, now| {
                let Some(row) = row.filter(|row| is_of(row, grant, now)) else { return Ok((None, None)) };
                let row = LockRow { until: Ttl::After(time).deadline(now, now), ..row };
                Ok((Some(row.grant(&grant.name)), Some(row.encode())))
            })
        };
        renew().map_err(|error| self.rows.named(error, "renew"))
    }

    /// Gives a lock back, and returns whether it was still held by this grant. Only its holder can.
    ///
    /// # Errors
    /// As [`Records::delete`].
    #[doc(alias("unlock"))]
    pub fn release(&self, grant: &LockGrant) -> Result<bool> {
        let released = self.change(&grant.name, |row, now| {
            let Some(row) = row.filter(|row| is_of(row, grant, now)) else { return Ok((false, None)) };
            Ok((true, Some(LockRow { until: 0, ..row }.encode())))
        });
        released.map_err(|error| self.rows.named(error, "release"))
    }

    /// Who holds a lock. `None` if it is free. O(log n).
    ///
    /// # Errors
    /// As [`Records::get`].
    pub fn holder(&self, name: &str) -> Result<Option<LockGrant>> {
        let holder = || {
            let snapshot = self.rows.backend.snapshot()?;
            let now = self.rows.core.now(OfSnapshot(&snapshot))?;
            let Some(row) = self.rows.value_of(&snapshot, name.as_bytes())? else { return Ok(None) };
            let row = LockRow::decode(&row)?;
            Ok((row.until > now).then(|| row.grant(name)))
        };
        holder().map_err(|error| self.rows.named(error, "holder"))
    }

    /// Runs `work` on the row of a lock and the time, and stores the row that it returns.
    fn change<T>(
        &self,
        name: &str,
        work: impl Fn(Option<LockRow<'_>>, u64) -> Result<(T, Option<Vec<u8>>)>,
    ) -> Result<T> {
        let changed = self.rows.change(|writer| {
            let now = writer.now()?;
            let (found, old) = writer.owned::<&[u8]>(name.as_bytes())?;
            let (result, row) = work(old.as_deref().map(LockRow::decode).transpose()?, now)?;
            if let Some(row) = row {
                let mut record = writer.core().record::<&[u8]>(name.as_bytes(), &&row[..], &[])?;
                writer.put(name.as_bytes(), &found, &mut record, Ttl::Clear)?;
            }
            Ok(result)
        });
        changed.map(|(result, _)| result)
    }
}

/// Whether a row is that of a grant, and still held.
fn is_of(row: &LockRow<'_>, grant: &LockGrant, now: u64) -> bool {
    row.until > now && row.fence == grant.fence && row.holder == grant.holder
}

#[cold]
fn damaged() -> Error {
    Error::new(ErrorKind::Corrupted, "the row of a lock is damaged; restore a copy")
}

#[cold]
fn held(grant: LockGrant) -> Error {
    let held = LockHeld { grant };
    Error::new(ErrorKind::Locked, format!("the lock {held}; wait for it, or retry later"))
        .retryable(true)
        .caused_by(held)
}

impl<B: Backend> Clone for Locks<B> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}

impl<B: Backend> fmt::Debug for Locks<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locks").field(&self.rows.name()).finish()
    }
}
