//! The change feed of a store: its changes in the order of their commits, kept in the store itself.
//!
//! A change and its row in the feed are of one commit, so there is never one without the other. Rows that are no longer
//! kept are removed in the same commit too.

// In the order in which rustdoc is to show the methods of `Records`.
mod read;

mod watch;

mod end;

mod append;
mod event;
mod retain;
mod revision;
mod row;
mod state;
mod switch;

pub use event::{EventKind, RecordEvent};
pub use read::{EventPage, FeedTrimmed};
pub use retain::Retain;
pub use revision::Revision;
pub use watch::{Watch, WatchItem};

pub(crate) use append::{After, NewEvent, append};
pub(crate) use state::FEED_ROW;
pub(crate) use switch::{is_feed_missing, not_open};
