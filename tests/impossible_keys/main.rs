//! Keys that can be expressed but not stored: they are absent, at their position in the order, for every method that
//! does not store them, and refused by those that do. And the texts of errors about such keys and everything else: what
//! is wrong, what to do, and how long.

mod any_lists;
mod batches;
mod bytes;
#[path = "../common/mod.rs"]
mod common;
mod error_sizes;
mod error_words;
mod extremes;
mod generated;
mod law;
mod listing;
mod memory;
mod nan;
mod pairs;
mod paths;
mod prefixes;
mod reads;
mod refusals;
mod texts;
mod times;
mod tuples;
mod user_types;
mod writes;
