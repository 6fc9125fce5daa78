//! Reads: point verbs, scans, counts, listings, snapshots.

#[path = "../common/mod.rs"]
mod common;
mod list_cursors;
mod list_pages;
mod multi_keys;
mod multi_pairs;
mod owned_scans;
mod raw_names;
mod raw_reads;
mod raw_writes;
mod scan_neighbours;
mod scan_parallel;
mod scan_pending;
mod scan_prefix;
mod scan_ranks;
mod slow_readers;
mod snapshot_is_fresh;
mod snapshot_leases;
mod snapshot_lists_dbis;
mod verbs_get_many;
mod verbs_point_writes;
mod verbs_ranges;
mod verbs_unchanged_values;
mod verbs_widths;
