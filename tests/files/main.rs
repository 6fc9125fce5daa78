//! Files of an environment: opened, created, grown, copied, compacted, closed, removed.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod cold_files;
mod compact_beside_readers;
mod copies_beside_growth;
mod copies_hold_the_model;
mod copies_keep_modes;
mod copies_of_foreign_trees;
mod crash_kill;
#[path = "../common/damage.rs"]
mod damage;
mod durability_unclean;
mod env_close;
mod env_compact;
mod env_copy;
mod env_destroy;
mod env_full_disk;
mod env_full_disk_freed;
mod env_info;
mod env_temporary;
#[path = "../common/errors.rs"]
mod errors;
mod foreign_files;
#[path = "../common/fork.rs"]
mod fork;
mod fork_child;
mod growth_address_space;
mod growth_map;
mod head_is_found_again;
mod lmdb_tools;
#[path = "../common/mount.rs"]
mod mount;
mod open_modes;
mod open_read_only_media;
mod open_sharing;
mod open_sizes;
#[path = "../common/process.rs"]
mod process;
mod sample_data;
#[path = "../../examples/support/mod.rs"]
mod support;
#[path = "../common/tools.rs"]
mod tools;
mod unclean_close;
