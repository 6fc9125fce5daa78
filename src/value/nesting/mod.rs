//! How deep a value may nest: a bound on every step that serde takes into a value, in any format, both ways; and whether
//! what is written comes back.
//!
//! The formats' own limits do not suffice. `rmp_serde` counts neither enum variants nor anything that it writes, so
//! that a hundred kilobytes of variants in variants overflow the stack; and a type that holds itself through `Option`
//! alone descends for ever without reading a byte. So the reader and the writer here wrap those of the format, and
//! count. Both count alike: what is written can be read.
//!
//! The writer notes in which ways it writes, too. A way that was not seen to come back leaves the value in [`Doubt`].

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
pub(super) use form::{Asked, NoForm, Note, Told, form};
pub(super) use read::limited_reader;
pub(super) use reading::{Reading, Trace};
pub(super) use write::{Floats, Format, write_limited};
