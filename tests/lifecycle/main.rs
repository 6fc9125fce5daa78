//! The life of an environment beside other processes, tools and failures: opened, locked, flushed, compacted, removed.

#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod rows;

mod closed_descriptors_drop_no_lock;
mod compaction_is_not_starved;
mod copies_by_file_tools;
mod dead_writers_are_not_waited_for;
mod destroy_keeps_undeletable_directories;
mod diagnosis_needs_no_reader_slot;
mod errors_name_the_file;
mod errors_say_what_to_do;
mod failed_copies_leave_nothing;
mod failed_flushes_are_remembered;
mod foreign_trees_are_kept;
mod foreign_writers_lose_nothing;
mod forks_during_an_opening;
mod forks_with_equal_process_ids;
mod interrupted_creations_start_over;
mod links_are_refused;
mod matrix;
mod mixed_durabilities_are_checked;
mod names_are_flushed;
mod names_are_flushed_by_descriptor;
mod newer_records_are_refused;
mod openings_block_only_their_own_path;
mod openings_take_over_from_others;
mod panics_do_not_affect_others;
mod paths_are_resolved_at_opening;
mod removed_files_are_noticed;
mod slow_flushes_block_nobody;
mod started_programs_hold_no_locks;
mod stopped_processes_block_only_briefly;
mod truncated_files_are_noticed;
mod unlistable_directories_are_supported;
mod unrelated_files_are_kept;
