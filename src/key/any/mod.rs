//! Dynamic keys: keys of mixed types, each with a type tag.

mod decode;
mod encode;
mod from;
mod order;
mod tag;
mod value;

pub use value::AnyKey;
