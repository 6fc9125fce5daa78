//! A key that can be named but not stored is absent, in its place in the order, for every verb that does not store it; those
//! that would store it refuse it.

#[path = "../common/errors.rs"]
mod errors;

mod any_lists;
mod batches;
mod bytes;
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
