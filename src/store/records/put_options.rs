//! How a record is put: under which condition, for how long, with what metadata.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::store::records::header::NEVER;
use crate::store::records::token::Token;

/// What must hold of a key for a write to happen. A record that has expired is absent.
///
/// A condition that does not hold is an error of kind `Conflict`, or `AlreadyExists` for [`Absent`](Self::Absent), whose
/// cause is a [`RecordConflict`](crate::store::RecordConflict) with the token that the record has.
#[doc(alias("if_match", "if_version", "only_if_absent", "compare_and_set"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Nothing.
    #[default]
    Any,
    /// That there is no record.
    Absent,
    /// That there is one.
    Present,
    /// That there is one with this token: nobody has written it since.
    Token(Token),
}

/// How long a record lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ttl {
    /// For ever, also if it had a deadline before.
    #[default]
    Clear,
    /// As long as the record that it replaces; for ever if there is none.
    Keep,
    /// For this time, from the write on. Beyond the year 2554 it is for ever; zero is refused.
    After(Duration),
}

impl From<Duration> for Ttl {
    fn from(time: Duration) -> Self {
        Self::After(time)
    }
}

impl Ttl {
    /// That of a number of seconds, which may have a fraction; 0 is [`Clear`](Self::Clear).
    ///
    /// # Errors
    /// `InvalidArgument` for a negative number, NaN, and more seconds than a [`Duration`] holds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mapleaf::store::Ttl;
    /// assert_eq!(Ttl::from_secs_f64(1.5)?, Ttl::After(Duration::from_millis(1500)));
    /// assert_eq!(Ttl::from_secs_f64(0.0)?, Ttl::Clear);
    /// assert!(Ttl::from_secs_f64(-1.0).is_err() && Ttl::from_secs_f64(f64::NAN).is_err());
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn from_secs_f64(seconds: f64) -> Result<Self> {
        if seconds == 0.0 {
            return Ok(Self::Clear);
        }
        Duration::try_from_secs_f64(seconds).map(Self::After).map_err(|cause| {
            let why = format!("a record cannot live for {seconds} seconds: {cause}; pass a number from 0 on");
            Error::new(ErrorKind::InvalidArgument, why).caused_by(cause)
        })
    }

    /// The deadline of a record that is written at `now` over one with the deadline `old`.
    pub(crate) fn deadline(self, now: u64, old: u64) -> u64 {
        match self {
            Self::Clear => NEVER,
            Self::Keep => old,
            Self::After(time) => {
                u64::try_from(time.as_nanos()).ok().and_then(|time| now.checked_add(time)).unwrap_or(NEVER)
            }
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        if self != Self::After(Duration::ZERO) {
            return Ok(());
        }
        let why = "a record that lives for no time is never there; use Ttl::Clear for one that never expires";
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }
}

/// How a record is put. By default: whatever is there, for ever, without metadata.
///
/// ```
/// use std::time::Duration;
/// use mapleaf::store::{Expect, PutOptions, Records};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let seats: Records<u32, &str> = env.records("seats")?;
/// let options = PutOptions::new().expect(Expect::Absent).ttl(Duration::from_secs(600)).meta("web");
/// let held = seats.put_with(17, "ann", options.clone())?;
/// assert_eq!((held.version, &*held.user), (1, &b"web"[..]));
/// assert_eq!(seats.put_with(17, "bob", options).unwrap_err().kind(), ErrorKind::AlreadyExists);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PutOptions {
    pub(crate) ttl: Ttl,
    pub(crate) expect: Expect,
    pub(crate) meta: Vec<u8>,
}

impl PutOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the record lives.
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// What must hold.
    #[must_use]
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// Bytes of the caller's own, which [`Records::meta`](crate::store::Records::meta) reads without the value.
    #[must_use]
    pub fn meta(mut self, meta: impl AsRef<[u8]>) -> Self {
        self.meta = meta.as_ref().to_vec();
        self
    }
}
