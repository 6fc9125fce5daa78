//! Reads through layers of changes over a state of the file.

mod change_range;
mod count;
mod cursor;
pub(crate) mod deleted_ranges;
mod estimate;
mod gaps;
mod layered_tree;
mod layers;
mod merge;
mod overlay;
mod raw;

#[cfg(test)]
mod tests;

pub use cursor::LayeredCursor;
pub(crate) use gaps::{is_in, look};
pub(crate) use layered_tree::LayeredTree;
pub(crate) use layers::Layers;
pub use raw::{RawCursor, RawEntry, RawRead};
