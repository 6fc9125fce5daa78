//! Reading through layers of changes that lie over a state of the file.

mod count;
mod cursor;
mod estimate;
mod merge;
mod overlay;
mod overlays;
mod run;
pub(crate) mod runs;
mod view;

#[cfg(test)]
mod tests;

pub use cursor::LayeredCursor;
pub(crate) use overlays::Overlays;
pub(crate) use view::{View, look};
