//! The page reader against LMDB itself: trees written through heed, read by both.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod cold_pages_are_asked_for;
mod counts_match_walks;
mod damage_is_an_error;
mod ends_meet;
mod lookups_agree;
mod metas_are_judged;
mod ranges_agree;
mod samples;
mod seeks_land;
mod splits_cover;
mod verify_accepts;
mod verify_finds;
