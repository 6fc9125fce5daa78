//! Order-preserving keys: the bytes of `a` come before the bytes of `b` exactly when `a < b`.

mod alone;
mod any;
mod bytes;
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
pub use time::Timestamp;
pub use traits::{AsKey, Key, KeyAs, KeyBuf, Position};
