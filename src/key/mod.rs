//! Order-preserving keys.

mod traits;

pub use traits::{AsKey, Key, KeyAs, KeyBuf};
