//! Files of an environment: opened, created, grown, copied, compacted, closed, removed; and their bytes.

mod cold_files;
#[path = "../common/mod.rs"]
mod common;
mod compact_beside_readers;
mod copies_beside_growth;
mod copies_hold_the_model;
mod copies_into_streams;
mod copies_keep_modes;
mod copies_of_foreign_trees;
mod crash_kill;
mod durability_unclean;
mod env_close;
mod env_compact;
mod env_copy;
mod env_destroy;
mod env_full_disk;
mod env_full_disk_freed;
mod env_info;
mod env_temporary;
mod file_modes;
mod foreign_files;
mod foreign_raw;
mod fork_child;
mod format_golden;
mod growth_address_space;
mod growth_map;
mod lmdb_tools;
mod missing_head;
mod open_modes;
mod open_read_only_media;
mod open_sharing;
mod open_sizes;
mod unclean_close;
