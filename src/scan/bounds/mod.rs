//! Bounds of scans: ranges and prefixes of keys, converted to ranges of bytes.

mod builder;
mod byte_bounds;
mod end;
mod leading;
mod prefix;
mod range;
mod text_prefix;
mod texts;
mod unstorable;

pub use builder::{KeyBounds, NoEnd};
pub use byte_bounds::ByteBounds;
pub use end::RangeEnd;
pub use prefix::{KeyPrefix, NoPrefix};
pub use range::KeyRange;
pub use text_prefix::{PartialText, TextPrefix};
pub(crate) use unstorable::{NO_KEY, bounds_at, no_key, seek, seek_back};
