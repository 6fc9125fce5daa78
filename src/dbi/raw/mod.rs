//! DBIs as bytes, for programs that do not know their types.

mod handle;
mod open;
mod read;
mod write;

pub use handle::RawDbi;
pub use write::RawDbiMut;
