//! Unit tests of functions that no public name reaches.

mod compaction_waits_for_pins;
mod databases_and_snapshots_cost_the_same;
mod handles_are_looked_up;
