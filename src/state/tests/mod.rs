//! Unit tests of states: the lock that their writers take.

mod commits_wake_waiters;
mod the_lock_is_fair;
