//! Scans: ranges and prefixes of keys, and the iterators over their entries.

mod bounds;
mod entries;
mod halves;
mod listing;
mod owned;
#[cfg(feature = "rayon")]
mod parallel;
mod rows;
#[cfg(feature = "futures")]
mod stream;

pub use bounds::{ByteBounds, KeyBounds, KeyPrefix, KeyRange, NoEnd, NoPrefix, PartialText, RangeEnd, TextPrefix};
pub(crate) use bounds::{NO_KEY, bounds_at, no_key};
pub(crate) use entries::DecodeContext;
pub use entries::{Entries, RawEntries};
pub use halves::{Keys, Values};
pub(crate) use listing::list;
pub use listing::{ListCursor, ListOptions, Listing};
pub use owned::OwnedEntries;
#[cfg(feature = "rayon")]
pub(crate) use parallel::PAR_ITER;
#[cfg(feature = "rayon")]
pub use parallel::ParEntries;
pub(crate) use rows::{BLOCK_BYTES, BLOCK_ROWS, Rows};
#[cfg(feature = "futures")]
pub use stream::EntryStream;
