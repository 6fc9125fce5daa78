//! Limits on how deep a value may nest, in any format, for writing and reading; and the check that a written value
//! reads back the same.
//!
//! The formats' own limits do not suffice. `rmp_serde` counts neither enum variants nor anything that it writes, so a
//! hundred kilobytes of nested variants overflow the stack. A type that contains itself only through `Option`
//! recurses forever without reading a byte. So the reader and the writer here wrap those of the format and count,
//! both in the same way: what is written can be read.
//!
//! The writer also records how it writes. A way of writing that was not yet verified puts the value in [`Doubt`].

mod depth;
mod doubt;
mod elements;
mod forks;
mod form;
mod form_parts;
mod read;
mod reading;
mod step;
mod write;

pub use depth::MAX_DEPTH;
pub(super) use doubt::Doubt;
pub(super) use form::{Asked, NoForm, Note, Recording, form};
pub(super) use read::limited_reader;
pub(super) use reading::{Reading, Trace};
pub(super) use write::{Floats, Format, write_limited};
