//! Order-preserving keys: the bytes of `a` come before the bytes of `b` exactly when `a < b`.

// There is no list of all key types. A new one implements `Key`, by `fixed_key!` if its keys have a fixed width, as in
// `uuid.rs`. Only if mixed keys shall have it too, `any/` needs a variant, a tag, and both directions.
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

pub use any::AnyKey;
pub(crate) use escape::escape;
pub use path::{Path, Segment};
pub use reverse::Reverse;
pub use time::Timestamp;
pub use traits::{AsKey, Key, KeyAs, KeyBuf, Position};
