//! Reads through layers of changes over a state of the file.

mod change_range;
mod count;
mod cursor;
pub(crate) mod deleted_ranges;
mod differences;
mod estimate;
mod gaps;
mod key_ranges;
mod layered_tree;
mod layers;
mod logged_cursor;
mod merge;
mod merged_changes;
mod raw;
mod read_log;

#[cfg(test)]
mod tests;

pub use cursor::LayeredCursor;
pub(crate) use gaps::{is_in, look};
pub(crate) use key_ranges::KeyRanges;
pub(crate) use layered_tree::LayeredTree;
pub(crate) use layers::Layers;
pub use logged_cursor::LoggedCursor;
pub use raw::{RawCursor, RawEntry, RawRead};
pub(crate) use read_log::{ReadLog, key_range};
