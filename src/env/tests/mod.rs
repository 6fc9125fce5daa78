//! Unit tests of what no public name reaches.

mod chains_keep_order;
mod fates_are_told;
mod turns_are_fair;
