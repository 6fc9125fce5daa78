//! Whether a store has a feed, and how much it keeps.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{Backend, BackendRead};
use crate::store::changes::Stamped;
use crate::store::feed::retain::Retain;
use crate::store::feed::state::{BEGINS, FEED_ROW, FeedState};
use crate::store::records::core::{Core, space_name};
use crate::store::records::time::CLOCK_ROW;

/// The cause of an error: the store has a feed, and this handle has not opened its space.
#[derive(Debug)]
struct FeedNotOpen;

impl fmt::Display for FeedNotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the space of the change feed is not open")
    }
}

impl std::error::Error for FeedNotOpen {}

/// Whether a change failed because it could not be added to the feed.
pub(crate) fn is_feed_missing(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error + 'static>::is::<FeedNotOpen>)
}

/// The error of a change that cannot be added to the feed.
#[cold]
pub(crate) fn not_open() -> Error {
    let why = "the store got a change log after this handle was opened; open it again outside of the transaction";
    Error::new(ErrorKind::Conflict, why).caused_by(FeedNotOpen)
}

impl<S> Core<S> {
    /// What a state says about the feed.
    pub(crate) fn feed_state(&self, snapshot: &impl BackendRead<Space = S>) -> Result<Option<FeedState>> {
        snapshot.get(&self.meta, FEED_ROW)?.map(|row| FeedState::decode(&row)).transpose()
    }

    /// Opens the space of the feed.
    pub(crate) fn open_feed<B: Backend<Space = S>>(&self, backend: &B) -> Result<()> {
        if self.feed.get().is_none() {
            let space = backend.open_space(&space_name(&self.name, "feed"), "bytes", "bytes")?;
            // Another thread may have opened it first: then its handle is used.
            let _ = self.feed.set(space);
        }
        Ok(())
    }

    /// Opens the space of the feed if the store has a feed. `retain` gives it one, or changes what it keeps.
    pub(crate) fn find_feed<B: Backend<Space = S>>(&self, backend: &B, retain: Option<Retain>) -> Result<()> {
        let before = self.feed_state(&backend.snapshot()?)?;
        if before.is_some() || retain.is_some() {
            self.open_feed(backend)?;
        }
        let Some(retain) = retain else { return Ok(()) };
        retain.check()?;
        if before.is_some_and(|before| before.retain == retain) {
            return Ok(());
        }
        let set = backend.transact(|txn| {
            let before = txn.get(&self.meta, FEED_ROW)?.map(|row| FeedState::decode(&row)).transpose()?;
            let state = before.map_or(FeedState::new(retain), |before| FeedState { retain, ..before });
            // A store that was written before has had changes that the feed misses. Whoever asks for these is told so.
            let misses_some = before.is_none() && txn.get(&self.meta, CLOCK_ROW)?.is_some();
            let stamps = if misses_some { BEGINS } else { &[] };
            txn.put(&self.meta, FEED_ROW.into(), Stamped { bytes: &state.encode(), stamps })
        });
        set.map(drop)
    }
}
