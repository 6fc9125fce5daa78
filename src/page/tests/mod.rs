//! Compares the page reader with LMDB itself: both read trees that were written through heed.
//!
//! Miri interprets code and cannot call LMDB. Under it, smaller trees of the same shapes are built in plain Rust, and
//! tests that read files instead of memory are left out.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[cfg(not(miri))]
mod any_width;
mod build;
mod built_files_hold;
#[cfg(not(miri))]
mod churn;
mod cold_pages_are_asked_for;
#[cfg(not(miri))]
mod copies_are_lmdbs;
#[cfg(not(miri))]
mod copies_end_early;
#[cfg(not(miri))]
mod copies_have_any_page_size;
#[cfg(not(miri))]
mod copies_refuse_damage;
mod counts_match_walks;
mod damage_is_an_error;
#[cfg(not(miri))]
mod differences_end;
mod ends_meet;
#[cfg(not(miri))]
mod foreign;
mod lookups_agree;
#[cfg(not(miri))]
mod metas_are_checked;
mod nodes_end_in_pages;
#[cfg(not(miri))]
mod nodes_fill_pages;
mod numbers_go_down;
mod ranges_agree;
mod ranges_end_in_time;
mod samples;
mod seeks_land;
mod splits_cover;
#[cfg(not(miri))]
mod verify_accepts;
#[cfg(not(miri))]
mod verify_duplicates;
#[cfg(not(miri))]
mod verify_finds;
#[cfg(not(miri))]
mod verify_free_list;
#[cfg(not(miri))]
mod verify_node_bounds;
#[cfg(not(miri))]
mod verify_parts;
#[cfg(not(miri))]
mod verify_records;
#[cfg(not(miri))]
mod verify_sizes;
