//! The life of an environment beside other processes, tools and failures: opened, locked, flushed, compacted, removed.

#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod rows;

mod closed_descriptors_drop_no_lock;
mod compaction_gets_its_turn;
mod copies_by_file_tools;
mod creations_cut_short_begin_anew;
mod cut_files_are_noticed;
mod dead_writers_are_not_waited_for;
mod destroyed_directories_may_stay;
mod diagnosis_needs_no_slot;
mod directories_need_not_be_listed;
mod durabilities_mix_as_promised;
mod errors_are_well_put;
mod errors_name_the_file;
mod failed_copies_leave_nothing;
mod failed_flushes_are_remembered;
mod files_of_others_stay;
mod foreign_trees_are_kept;
mod foreign_writers_lose_nothing;
mod forks_during_an_opening;
mod forks_with_equal_ids;
mod links_are_refused;
mod matrix;
mod names_are_flushed;
mod names_are_flushed_by_descriptor;
mod newer_records_are_refused;
mod openings_come_behind_others;
mod openings_hold_up_their_own_place_only;
mod panics_end_where_they_begin;
mod paths_stay_where_they_were;
mod programs_that_were_started_hold_nothing;
mod removed_files_are_noticed;
mod slow_flushes_hold_nobody_up;
mod stopped_processes_are_named;
