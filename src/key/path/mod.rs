//! Hierarchical keys: paths of segments, whose subtrees are contiguous ranges.

mod elements;
mod encode;
mod family;
mod list;
mod parse;
mod random;
mod segment;

pub use list::Path;
pub use segment::Segment;
