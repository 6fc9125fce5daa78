//! Unit tests of what no public name reaches.

mod chains_keep_order;
mod commits_wait_for_those_who_come_back;
mod compaction_waits_for_pins;
mod databases_and_snapshots_cost_the_same;
mod fates_are_told;
mod handles_are_looked_up;
mod turns_are_fair;
