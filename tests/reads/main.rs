//! Reads: point verbs, scans, counts, listings, snapshots.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

#[path = "../common/damage.rs"]
mod damage;
#[path = "../common/errors.rs"]
mod errors;
mod list_cursors;
mod list_pages;
mod multi_keys;
mod multi_pairs;
#[path = "../common/process.rs"]
mod process;
mod scan_neighbours;
mod scan_parallel;
mod scan_pending;
mod scan_prefix;
mod scan_ranks;
mod slow_readers;
mod snapshot_is_fresh;
mod snapshot_leases;
#[path = "../common/states.rs"]
mod states;
mod verbs_get_many;
mod verbs_point_writes;
mod verbs_ranges;
mod verbs_unchanged_values;
mod verbs_widths;
