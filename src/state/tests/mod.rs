//! Unit tests of states: the lock that their writers take.

mod the_lock_is_fair;
