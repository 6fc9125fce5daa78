//! Unit tests of group commit, without files.

mod commits_keep_order;
mod groups_wait_for_returning_threads;
mod waiters_learn_the_outcome;
