//! Scans: ranges and prefixes, and the one iterator over their entries.

mod bounds;
mod entries;
mod halves;
mod listing;
#[cfg(feature = "rayon")]
mod parallel;

pub use bounds::{ByteBounds, KeyPrefix, KeyRange, NoPrefix, PartialText, RangeEnd, TextPrefix};
pub(crate) use bounds::{NO_KEY, bounds_at, no_key};
pub(crate) use entries::DecodeContext;
pub use entries::{Entries, RawEntries};
pub use halves::{Keys, Values};
pub(crate) use listing::list;
pub use listing::{ListCursor, ListOptions, Listing};
#[cfg(feature = "rayon")]
pub(crate) use parallel::PAR_ITER;
#[cfg(feature = "rayon")]
pub use parallel::ParEntries;
