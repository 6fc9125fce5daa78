//! The ways to open a store of records.

use std::sync::Arc;

use crate::env::Env;
use crate::error::Result;
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::clock::{Clock, SystemClock};
use crate::store::feed::Retain;
use crate::store::records::core::Core;
use crate::store::records::handle::Records;
use crate::store::records::time::Time;
use crate::value::Value;

impl Env {
    /// Opens the store of records `name`, and creates it if it is absent. A store and a DBI may have the same name.
    ///
    /// # Errors
    /// As [`Records::open`].
    ///
    /// ```
    /// use mapleaf::store::Records;
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = mapleaf::Env::temporary()?;
    /// let users: Records<u64, &str> = env.records("users")?;
    /// assert!(users.is_empty()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn records<K: Key, V: Value>(&self, name: &str) -> Result<Records<K, V>> {
        Records::open(self, name)
    }
}

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Opens the store `name` of a backend, and creates it if it is absent.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that is empty, has a NUL, more than 239 bytes, or begins with `__`; `SchemaMismatch`
    /// if it was created with other types; `ReadOnly` if it is absent and cannot be created; `Nested` inside a
    /// transaction of an environment; what the backend adds.
    ///
    /// ```
    /// use mapleaf::ErrorKind;
    /// use mapleaf::store::{Memory, Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// let memory = Memory::new()?;
    /// let users: Records<u64, &str, _> = Records::open(&memory, "users")?;
    /// users.put(1, "ann")?;
    /// let other = Records::<u64, u32, _>::open(&memory, "users");
    /// assert_eq!(other.unwrap_err().kind(), ErrorKind::SchemaMismatch);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(backend: &B, name: &str) -> Result<Self> {
        RecordsOptions::new().open(backend, name)
    }
}

/// Options of a store of records, to change before opening it. They are those of the handle; nothing of them is stored.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use mapleaf::store::{Clock, Memory, PutOptions, Records, RecordsOptions};
///
/// struct Hand(AtomicU64);
///
/// impl Clock for Hand {
///     fn now(&self) -> u64 { self.0.load(Ordering::Relaxed) }
/// }
///
/// # fn main() -> mapleaf::Result<()> {
/// let hand = Arc::new(Hand(AtomicU64::new(1)));
/// let codes: Records<&str, u32, _> = RecordsOptions::new().clock(hand.clone()).open(&Memory::new()?, "codes")?;
/// codes.put_with("ann", 1234, PutOptions::new().ttl(Duration::from_nanos(5)))?;
/// hand.0.store(5, Ordering::Relaxed);
/// assert!(codes.has("ann")?);
/// hand.0.store(6, Ordering::Relaxed);
/// assert!(!codes.has("ann")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RecordsOptions {
    clock: Option<Arc<dyn Clock>>,
    change_log: Option<Retain>,
}

impl RecordsOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the time comes from; by default the system.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Keeps the changes of the store, for [`changes_since`](Records::changes_since) and [`watch`](Records::watch). The
    /// store remembers it: from now on all handles of all processes add their changes, until
    /// [`end_change_log`](Records::end_change_log). Opening it with another limit changes the limit.
    ///
    /// Each change is kept with the record before and after it, in the commit of the change itself. Writers of a store with
    /// a change log wait for one another on engines that run transactions at once, as they number their changes.
    #[must_use]
    pub fn change_log(mut self, retain: Retain) -> Self {
        self.change_log = Some(retain);
        self
    }

    /// Opens the store `name` with these options.
    ///
    /// # Errors
    /// As [`Records::open`]; `InvalidArgument` for a change log that keeps nothing.
    pub fn open<K: Key, V: Value, B: Backend>(self, backend: &B, name: &str) -> Result<Records<K, V, B>> {
        let (mut key, mut value) = (String::new(), String::new());
        K::name(&mut key);
        V::name(&mut value);
        let time = Time::new(self.clock.unwrap_or_else(|| Arc::new(SystemClock)));
        let opened = Core::open(backend, name, (&key, &value), time).and_then(|core| {
            core.find_feed(backend, self.change_log)?;
            Ok(core)
        });
        let core = opened.map_err(|error| error.during("open").in_dbi(name))?;
        Ok(Records::new(backend.clone(), core))
    }
}

impl std::fmt::Debug for RecordsOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordsOptions")
            .field("has_clock", &self.clock.is_some())
            .field("change_log", &self.change_log)
            .finish()
    }
}
