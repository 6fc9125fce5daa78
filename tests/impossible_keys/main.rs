//! A key that can be named but not stored is absent, in its place in the order, for every verb that does not store it; those
//! that would store it refuse it. And what errors say of such keys and of all else: what is wrong, what to do, and how much.

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
