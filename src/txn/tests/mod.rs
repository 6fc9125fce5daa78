//! Unit tests of transactions, by what they cost in steps.

mod costs_are_logarithmic;
mod costs_of_pairs;
mod counts_agree;
mod deletions_become_gaps;
mod lengths_are_kept;
mod owned_scans_search_once_a_block;
mod ranges_are_emptied;
mod removals_agree;
mod updates_in_place_are_linear;
