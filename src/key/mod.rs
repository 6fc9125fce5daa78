//! Order-preserving keys: the bytes of `a` come before the bytes of `b` exactly when `a < b`.
//!
//! [`display`] and [`parse`] write and read keys as text by the name of their type, for tools that do not know the
//! types when they are compiled.

// To add a key type, write a file here that implements `Key`; if the keys have a fixed width, use `fixed_key!`, as in
// `uuid.rs`. To write and read such keys as text, add the type to the list in `text_form/`. Only if mixed keys shall
// have the type too, add a variant, a tag and both directions in `any/`.
mod alone;
mod any;
mod bytes;
#[cfg(feature = "derive")]
pub mod derived;
mod escape;
mod fixed;
mod float;
mod malformed;
mod option;
mod path;
mod reverse;
mod signed;
mod simple;
mod text;
mod text_form;
mod time;
mod traits;
mod tuple;
mod unsigned;
mod user;
#[cfg(feature = "uuid")]
mod uuid;
mod wrapped;

pub use any::AnyKey;
pub(crate) use escape::escape;
pub use path::{Path, Segment};
pub use reverse::Reverse;
pub(crate) use text_form::split_part;
pub use text_form::{display, parse};
pub use time::Timestamp;
pub use traits::{AsKey, Key, KeyAs, KeyBuf, Position};
