//! Keys of mixed types, each with a tag.

mod decode;
mod encode;
mod from;
mod order;
mod tag;
mod value;

pub use value::AnyKey;
