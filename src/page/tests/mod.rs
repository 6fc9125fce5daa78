//! The page reader against LMDB itself: trees written through heed, read by both.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod copies_are_lmdbs;
mod copies_end_early;
mod copies_have_any_page_size;
mod copies_refuse_damage;
mod counts_match_walks;
mod damage_is_an_error;
mod ends_meet;
mod foreign;
mod lookups_agree;
mod metas_are_judged;
mod ranges_agree;
mod samples;
mod seeks_land;
mod splits_cover;
mod verify_accepts;
mod verify_duplicates;
mod verify_finds;
mod verify_free_list;
mod verify_parts;
mod verify_records;
mod verify_rooms;
mod verify_sizes;
