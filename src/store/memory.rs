//! The backend in memory: its published state, and the locks around it.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::catalog::check_any_name;
use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{Backend, BackendTxn, Capabilities, Committed, Consistency};
use crate::store::changes::Changes;
use crate::store::memory_state::{MemorySnapshot, MemorySpace, State};
use crate::store::memory_txn::{MAX_KEY_LEN, MemoryTxn};
use crate::txn::CommitId;
use crate::value::MAX_VALUE_LEN;

/// A [`Backend`] in memory: for tests, caches, and data that need not outlive the process.
///
/// Its spaces are ordered maps that share what they have in common, so that a snapshot copies nothing, whatever it
/// holds. Keys and values have the limits of an [`Env`](crate::Env). Transactions run one after the other; readers never
/// wait for them. A clone is the same memory. Its data lives until the last clone and the last snapshot are dropped.
///
/// Costs: `snapshot` O(1), `get` O(log rows), a put O(log rows) and the copy of some nodes.
///
/// ```
/// use mapleaf::store::{Backend, BackendRead, Memory};
/// # fn main() -> mapleaf::Result<()> {
/// let memory = Memory::new()?;
/// let ages = memory.open_space("ages", "str", "u32")?;
/// let before = memory.snapshot()?;
/// memory.transact(|txn| txn.put(&ages, b"ann"[..].into(), b"42"[..].into()))?;
/// assert_eq!(memory.snapshot()?.get(&ages, b"ann")?.as_deref(), Some(&b"42"[..]));
/// assert_eq!(before.get(&ages, b"ann")?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    /// Drawn at random.
    id: [u8; 16],
    incarnation: u64,
    published: Mutex<Published>,
    /// Notified when a state is published, and when the memory is closed.
    changed: Condvar,
    /// Held by the transaction that runs.
    writer: Mutex<()>,
    /// The thread that holds `writer`.
    writing: Mutex<Option<ThreadId>>,
}

struct Published {
    state: Arc<State>,
    is_closed: bool,
    /// How many threads wait for `changed`.
    waiting: usize,
}

impl Memory {
    /// An empty memory, with an identity and an incarnation of its own.
    ///
    /// # Errors
    /// `Io` if the system gives no random bytes.
    pub fn new() -> Result<Self> {
        let mut random = [0; 24];
        getrandom::fill(&mut random).map_err(|error| {
            let why = format!("no random bytes for the identity of a memory: {error}; retry");
            Error::new(ErrorKind::Io, why).caused_by(error)
        })?;
        let (id, incarnation) = random.split_at(16);
        let id = id.try_into().unwrap_or_default();
        // An incarnation is never 0, which stands for none.
        let incarnation = incarnation.try_into().map_or(1, u64::from_be_bytes).max(1);
        let published = Published { state: Arc::new(State::empty(incarnation)), is_closed: false, waiting: 0 };
        let (writer, writing) = (Mutex::default(), Mutex::default());
        let shared = Shared { id, incarnation, published: published.into(), changed: Condvar::new(), writer, writing };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Closes it: every clone returns `Closed` afterwards, and those that wait for changes do so at once. Waits for the
    /// transaction that runs. Snapshots can be read further. Closing twice is allowed.
    ///
    /// # Errors
    /// `Nested` inside a transaction of this thread.
    ///
    /// ```
    /// # use mapleaf::{ErrorKind, store::{Backend, Memory}};
    /// # fn main() -> mapleaf::Result<()> {
    /// let memory = Memory::new()?;
    /// memory.close()?;
    /// assert_eq!(memory.snapshot().map_err(|error| error.kind()).err(), Some(ErrorKind::Closed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) -> Result<()> {
        self.refuse_nested("close")?;
        let _writer = lock(&self.shared.writer);
        lock(&self.shared.published).is_closed = true;
        self.shared.changed.notify_all();
        Ok(())
    }

    /// The newest state.
    fn newest(&self, operation: &'static str) -> Result<Arc<State>> {
        let published = lock(&self.shared.published);
        published.open(operation).cloned()
    }

    fn refuse_nested(&self, operation: &'static str) -> Result<()> {
        if *lock(&self.shared.writing) != Some(thread::current().id()) {
            return Ok(());
        }
        let why = "this thread is inside a transaction of this memory; use that one, or end it before";
        Err(Error::new(ErrorKind::Nested, why).during(operation))
    }

    /// Runs `change` on a copy of the newest state, which is published if it returns `Ok`.
    fn change<T>(&self, operation: &'static str, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.refuse_nested(operation)?;
        let _writing = Writing::begin(&self.shared);
        let mut state = State::clone(&*self.newest(operation)?);
        let changed = change(&mut state)?;
        let mut published = lock(&self.shared.published);
        let before = std::mem::replace(&mut published.state, Arc::new(state));
        let is_awaited = published.waiting > 0;
        drop(published);
        // This may free many rows. Nobody should wait for that.
        drop(before);
        if is_awaited {
            self.shared.changed.notify_all();
        }
        Ok(changed)
    }
}

impl Published {
    fn open(&self, operation: &'static str) -> Result<&Arc<State>> {
        if self.is_closed {
            let why = "the memory was closed; make a new one";
            return Err(Error::new(ErrorKind::Closed, why).during(operation));
        }
        Ok(&self.state)
    }
}

/// The lock of the transaction that runs, and whose it is.
struct Writing<'s> {
    shared: &'s Shared,
    _lock: MutexGuard<'s, ()>,
}

impl<'s> Writing<'s> {
    fn begin(shared: &'s Shared) -> Self {
        let writer = lock(&shared.writer);
        *lock(&shared.writing) = Some(thread::current().id());
        Self { shared, _lock: writer }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        *lock(&self.shared.writing) = None;
    }
}

/// A panic while a lock is held changes nothing that it protects: states are published whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Backend for Memory {
    type Space = MemorySpace;
    type Snapshot = MemorySnapshot;

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "memory",
            consistency: Consistency::Local,
            durable: false,
            read_only: false,
            shared: false,
            max_key_len: MAX_KEY_LEN,
            max_value_len: MAX_VALUE_LEN,
        }
    }

    fn id(&self) -> [u8; 16] {
        self.shared.id
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<MemorySpace> {
        check_any_name(name)?;
        if let Some(space) = self.newest("open_space")?.space(name, key, value)? {
            return Ok(space);
        }
        self.change("open_space", |state| state.create_space(name, key, value))
    }

    fn snapshot(&self) -> Result<MemorySnapshot> {
        self.newest("snapshot").map(MemorySnapshot::new)
    }

    fn commit(&self, changes: Changes<MemorySpace>) -> Result<Committed> {
        self.transact(|txn| changes.check(txn).and_then(|()| changes.make(txn))).map(|((), committed)| committed)
    }

    fn transact<T>(
        &self,
        mut work: impl FnMut(&mut dyn BackendTxn<MemorySpace>) -> Result<T>,
    ) -> Result<(T, Committed)> {
        self.change("transact", |state| {
            let mut txn = MemoryTxn::new(state);
            let made = work(&mut txn)?;
            Ok((made, Committed { id: txn.end(), incarnation: self.shared.incarnation }))
        })
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        self.refuse_nested("wait_changed")?;
        let began = Instant::now();
        let mut published = lock(&self.shared.published);
        loop {
            let newest = published.open("wait_changed")?.id;
            if newest > since {
                return Ok(newest);
            }
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                let why = "nothing was committed in time; retry, or wait for longer";
                return Err(Error::new(ErrorKind::Timeout, why).during("wait_changed"));
            }
            published.waiting += 1;
            let waited = self.shared.changed.wait_timeout(published, left);
            published = waited.unwrap_or_else(PoisonError::into_inner).0;
            published.waiting -= 1;
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("newest", &lock(&self.shared.published).state).finish_non_exhaustive()
    }
}
