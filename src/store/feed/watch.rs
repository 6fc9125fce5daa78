//! Waiting for changes of a store.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::env::Env;
use crate::error::{ErrorKind, Result};
use crate::key::Key;
use crate::scan::{ByteBounds, KeyPrefix, KeyRange};
use crate::store::backend::{Backend, BackendRead};
use crate::store::feed::event::RecordEvent;
use crate::store::feed::read::no_feed;
use crate::store::feed::revision::Revision;
use crate::store::records::Records;
use crate::txn::CommitId;
use crate::value::Value;

/// How many changes are read ahead of the receiver.
const AHEAD: usize = 64;

/// The longest single wait of [`Watch::recv`], which then looks whether the engine was closed.
const ROUND: Duration = Duration::from_secs(1);

/// What a [`Watch`] receives. `K` and `V` are the owned types of keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchItem<K, V> {
    /// A record changed.
    Event(Box<RecordEvent<K, V>>),
    /// The receiver was too slow: this many changes are no longer kept, of any keys. It is 1 where nobody can say how
    /// many, after [`Watch::since`]. Read the records anew; the changes that follow are complete again.
    Lagged(u64),
}

/// Receives the changes of a store, of this and of other processes, in the order of their commits: from
/// [`Records::watch`] and [`Records::watch_range`].
///
/// It reads the store's change log, so nothing is queued for it and nothing is lost while it does not look, as long as the
/// log keeps it. At most 64 changes are read ahead. A receiver that falls behind what the log keeps receives
/// [`WatchItem::Lagged`]. To go on after a restart, keep [`revision`](Self::revision) and pass it to
/// [`since`](Self::since).
///
/// A record that expires is received as [`EventKind::Expired`](crate::store::EventKind::Expired) when it is swept or written over. What does not
/// change anything, such as deleting an absent key, is not received.
///
/// As an iterator it waits for each change, and ends after an error.
///
/// ```
/// use std::time::Duration;
/// use mapleaf::Env;
/// use mapleaf::store::{Records, RecordsOptions, Retain, WatchItem};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Records<&str, u32> = RecordsOptions::new().change_log(Retain::Count(1000)).open(&env, "ages")?;
/// let mut watch = ages.watch("user:")?;
/// ages.put("other", 1)?;
/// ages.put("user:ann", 42)?;
/// match watch.recv()? {
///     WatchItem::Event(event) => assert_eq!((&*event.key, event.current.map(|entry| entry.value)), ("user:ann", Some(42))),
///     lagged => panic!("{lagged:?}"),
/// }
/// assert_eq!(watch.recv_timeout(Duration::from_millis(1))?, None);
/// # Ok(())
/// # }
/// ```
#[doc(alias("subscribe", "Receiver", "listen"))]
pub struct Watch<K: Key, V: Value, B: Backend = Env> {
    records: Records<K, V, B>,
    bounds: ByteBounds,
    /// All changes up to here were read.
    at: Revision,
    /// The number of the next change in the feed, if it is known.
    next_number: Option<u64>,
    ready: VecDeque<WatchItem<K::Owned, V::Owned>>,
    /// Where the change stands that was received last.
    received: Revision,
    /// Whether the iterator has ended.
    is_over: bool,
}

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Receives the changes of the keys that begin with `prefix`, from now on. Prefixes are those of
    /// [`Dbi::prefix`](crate::Dbi::prefix); an empty text is that of all keys.
    ///
    /// # Errors
    /// `Unsupported` for a store without a [change log](crate::store::RecordsOptions::change_log); as [`Records`] says.
    #[doc(alias("subscribe", "listen", "on_change"))]
    pub fn watch(&self, prefix: impl KeyPrefix<K>) -> Result<Watch<K, V, B>> {
        let watch = prefix.prefix_bounds().and_then(|bounds| Watch::new(self, bounds));
        watch.map_err(|error| self.named(error, "watch"))
    }

    /// Receives the changes of the keys in a range, `..` for all, from now on.
    ///
    /// # Errors
    /// As [`watch`](Self::watch).
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Records, RecordsOptions, Retain}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let names: Records<u64, &str> = RecordsOptions::new().change_log(Retain::Count(9)).open(&env, "names")?;
    /// let mut watch = names.watch_range(10..)?;
    /// names.put(7, "ann")?;
    /// assert_eq!(watch.try_recv()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch_range(&self, range: impl KeyRange<K>) -> Result<Watch<K, V, B>> {
        let watch = range.byte_bounds().and_then(|bounds| Watch::new(self, bounds));
        watch.map_err(|error| self.named(error, "watch_range"))
    }
}

impl<K: Key, V: Value, B: Backend> Watch<K, V, B> {
    fn new(records: &Records<K, V, B>, bounds: ByteBounds) -> Result<Self> {
        let snapshot = records.backend.snapshot()?;
        let state = records.core.feed_state(&snapshot)?.ok_or_else(no_feed)?;
        let at = Revision::from(snapshot.id());
        Ok(Self {
            records: records.clone(),
            bounds,
            at,
            next_number: Some(state.appended),
            ready: VecDeque::new(),
            received: at,
            is_over: false,
        })
    }

    /// Receives the changes after `revision` instead of those from now on.
    #[must_use]
    pub fn since(mut self, revision: impl Into<Revision>) -> Self {
        self.at = revision.into();
        self.received = self.at;
        self.next_number = None;
        self.ready.clear();
        self
    }

    /// Where the change stands that was received last: [`since`](Self::since) it, another watch receives what follows.
    #[must_use]
    pub fn revision(&self) -> Revision {
        if self.ready.is_empty() { self.at } else { self.received }
    }

    /// The next change, if there is one already. O(log n + changes of other keys passed over).
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<WatchItem<K::Owned, V::Owned>>> {
        let item = self.take(|watch| watch.fill().map(|_| false));
        item.map_err(|error| self.records.named(error, "try_recv"))
    }

    /// The next change; waits for it as long as it takes.
    ///
    /// # Errors
    /// `Closed` when the engine is closed; `Unsupported` when the change log was ended; `Nested` inside a transaction of
    /// this thread; as [`Records`] says.
    pub fn recv(&mut self) -> Result<WatchItem<K::Owned, V::Owned>> {
        loop {
            if let Some(item) = self.wait(ROUND).map_err(|error| self.records.named(error, "recv"))? {
                return Ok(item);
            }
        }
    }

    /// The next change; waits for it at most for `limit`. `None` if there was none in time.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<Option<WatchItem<K::Owned, V::Owned>>> {
        self.wait(limit).map_err(|error| self.records.named(error, "recv_timeout"))
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<WatchItem<K::Owned, V::Owned>>> {
        let began = Instant::now();
        self.take(|watch| {
            let seen = watch.fill()?;
            if !watch.ready.is_empty() {
                return Ok(true);
            }
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            match watch.records.backend.wait_changed(seen, left) {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == ErrorKind::Timeout => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// The next item that is ready. `more` makes some ready, or waits, and says whether to look again.
    fn take(
        &mut self,
        mut more: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<Option<WatchItem<K::Owned, V::Owned>>> {
        let mut again = true;
        loop {
            if let Some(item) = self.ready.pop_front() {
                if let WatchItem::Event(event) = &item {
                    self.received = event.revision;
                }
                return Ok(Some(item));
            }
            if !again {
                return Ok(None);
            }
            again = more(self)?;
        }
    }

    /// Reads the next changes from the newest state, and returns its id.
    fn fill(&mut self) -> Result<CommitId> {
        let snapshot = self.records.backend.snapshot()?;
        let state = self.records.core.feed_state(&snapshot)?.ok_or_else(no_feed)?;
        if let Some(start_from) = state.trimmed_after(self.at) {
            let oldest = state.appended.saturating_sub(state.rows);
            let missed = self.next_number.map_or(1, |next| oldest.saturating_sub(next).max(1));
            (self.at, self.received, self.next_number) = (start_from, start_from, None);
            self.ready.push_back(WatchItem::Lagged(missed));
        }
        let Self { records, bounds, at, next_number, ready, .. } = self;
        let mut is_cut = false;
        records.each_change(&snapshot, *at, AHEAD, |revision, row| {
            if ready.len() >= AHEAD {
                is_cut = true;
                return Ok(ControlFlow::Break(()));
            }
            if bounds.contains(row.key) {
                ready.push_back(WatchItem::Event(Box::new(records.event(row, revision)?)));
            }
            (*at, *next_number) = (revision, Some(row.number.saturating_add(1)));
            Ok(ControlFlow::Continue(()))
        })?;
        if !is_cut {
            *at = (*at).max(snapshot.id().into());
        }
        Ok(snapshot.id())
    }
}

impl<K: Key, V: Value, B: Backend> Iterator for Watch<K, V, B> {
    type Item = Result<WatchItem<K::Owned, V::Owned>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let received = self.recv();
        self.is_over = received.is_err();
        Some(received)
    }
}

impl<K: Key, V: Value, B: Backend> FusedIterator for Watch<K, V, B> {}

impl<K: Key, V: Value, B: Backend> fmt::Debug for Watch<K, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("records", &self.records).field("at", &self.at).finish_non_exhaustive()
    }
}
