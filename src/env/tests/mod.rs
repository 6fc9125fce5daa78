//! Unit tests of what no public name reaches.

mod chains_keep_order;
mod compaction_waits_for_pins;
mod commits_wait_for_those_who_come_back;
mod fates_are_told;
mod turns_are_fair;
