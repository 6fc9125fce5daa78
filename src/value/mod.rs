//! Value codecs.

mod traits;

pub use traits::{AsValue, Context, Value};
