//! Reading the feed of a store.

use std::fmt;
use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::store::backend::{Backend, BackendRead, Order};
use crate::store::feed::event::{RecordEvent, event};
use crate::store::feed::revision::Revision;
use crate::store::feed::row::{self, FeedRow};
use crate::store::feed::state::FeedState;
use crate::store::feed::switch::not_open;
use crate::store::records::Records;
use crate::txn::CommitId;
use crate::value::Value;

/// Changes of a store, in the order of their commits: from [`Records::changes_since`]. `K` and `V` are the owned types of
/// keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage<K, V> {
    /// The changes, the oldest first.
    pub events: Vec<RecordEvent<K, V>>,
    /// Where the next page begins: after all that was read here.
    pub next: Revision,
    /// Whether there are more.
    pub has_more: bool,
}

/// The cause of an error: changes after the revision that was asked for are no longer kept.
/// [`Error::downcast`] returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedTrimmed {
    /// From where on all changes are kept. Read the records themselves, and then the changes from here on.
    pub start_from: Revision,
}

impl fmt::Display for FeedTrimmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "changes up to the revision {} are no longer kept", self.start_from)
    }
}

impl std::error::Error for FeedTrimmed {}

impl FeedTrimmed {
    #[cold]
    fn into_error(self) -> Error {
        let why = format!("{self}; read the records anew, and the changes from that revision on");
        Error::new(ErrorKind::NotFound, why).caused_by(self)
    }
}

impl FeedState {
    /// The commit up to which changes are no longer kept, if it is after `since`.
    pub(super) fn trimmed_after(&self, since: Revision) -> Option<Revision> {
        (self.trimmed_to > u64::from(since.commit())).then(|| Revision::from(CommitId::from(self.trimmed_to)))
    }
}

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// The revision of the newest state: after every change that was committed before. O(1).
    ///
    /// To follow a store, take this first, then read the records, then [`changes_since`](Self::changes_since) it.
    ///
    /// # Errors
    /// As [`Records`] says.
    pub fn revision(&self) -> Result<Revision> {
        let snapshot = self.backend.snapshot().map_err(|error| self.named(error, "revision"))?;
        Ok(snapshot.id().into())
    }

    /// The changes of this store after a revision, at most `limit` of them, in the order of their commits and within a
    /// commit in that in which they were made. In any process, and after a restart. O(log n + changes read).
    ///
    /// The store must be opened with [`change_log`](crate::store::RecordsOptions::change_log) once; from then on all its
    /// changes are kept, by whatever handle they are made. Changes from before that count as no longer kept.
    ///
    /// # Errors
    /// `NotFound` if changes after `since` are no longer kept: its cause, [`FeedTrimmed`], says where to start again;
    /// `Unsupported` for a store without a change log; `InvalidArgument` for a limit of 0; as [`Records`] says.
    ///
    /// ```
    /// use mapleaf::Env;
    /// use mapleaf::store::{EventKind, Records, RecordsOptions, Retain};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = RecordsOptions::new().change_log(Retain::Count(1000)).open(&env, "ages")?;
    /// let start = ages.revision()?;
    /// ages.put("ann", 42)?;
    /// ages.put("ann", 43)?;
    /// ages.delete("ann")?;
    /// let page = ages.changes_since(start, 100)?;
    /// let kinds: Vec<_> = page.events.iter().map(|event| event.kind).collect();
    /// assert_eq!(kinds, [EventKind::Put, EventKind::Put, EventKind::Delete]);
    /// let (previous, current) = (page.events[1].previous.as_ref(), page.events[1].current.as_ref());
    /// assert_eq!((previous.map(|entry| entry.value), current.map(|entry| entry.value)), (Some(42), Some(43)));
    /// assert!(ages.changes_since(page.next, 100)?.events.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("change_feed", "changelog", "cdc", "tail"))]
    pub fn changes_since(&self, since: impl Into<Revision>, limit: usize) -> Result<EventPage<K::Owned, V::Owned>> {
        self.page_of(since.into(), limit).map_err(|error| self.named(error, "changes_since"))
    }

    fn page_of(&self, since: Revision, limit: usize) -> Result<EventPage<K::Owned, V::Owned>> {
        if limit == 0 {
            let why = "a limit of 0 returns no change and never comes to an end; pass one above 0";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        let snapshot = self.backend.snapshot()?;
        let state = self.core.feed_state(&snapshot)?.ok_or_else(no_feed)?;
        if let Some(start_from) = state.trimmed_after(since) {
            return Err(FeedTrimmed { start_from }.into_error());
        }
        let (mut events, mut has_more) = (Vec::new(), false);
        self.each_change(&snapshot, since, limit.saturating_add(1), |revision, row| {
            has_more = events.len() == limit;
            if has_more {
                return Ok(ControlFlow::Break(()));
            }
            events.push(self.event(row, revision)?);
            Ok(ControlFlow::Continue(()))
        })?;
        let newest = Revision::from(snapshot.id());
        let next =
            events.last().filter(|_| has_more).map_or(newest.max(since), |event: &RecordEvent<_, _>| event.revision);
        Ok(EventPage { events, next, has_more })
    }

    /// Calls `each` with the changes after a revision, until it breaks.
    pub(super) fn each_change(
        &self,
        snapshot: &B::Snapshot,
        since: Revision,
        wanted: usize,
        mut each: impl FnMut(Revision, &FeedRow<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.core.open_feed(&self.backend)?;
        let space = self.core.feed.get().ok_or_else(not_open)?;
        let mut failed = None;
        let span = (Bound::Excluded(&since.key()[..]), Bound::Unbounded);
        snapshot.scan(space, span, Order::Ascending, wanted, &mut |key, value| {
            let each = row::revision(key).and_then(|revision| each(revision, &FeedRow::decode(value)?));
            each.unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn event(&self, row: &FeedRow<'_>, revision: Revision) -> Result<RecordEvent<K::Owned, V::Owned>> {
        event::<K, V>(row, revision, &self.core.context(row.key)).map_err(|error| error.at_key(row.key))
    }
}

#[cold]
pub(super) fn no_feed() -> Error {
    let why = "the store keeps no changes; open it with RecordsOptions::change_log once";
    Error::new(ErrorKind::Unsupported, why)
}
