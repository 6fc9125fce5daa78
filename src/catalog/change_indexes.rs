//! The indexes of changes within their commits, which tokens are made of.

use std::sync::{Mutex, PoisonError};

/// Gives out the indexes of changes within a commit: 0, 1, 2 and so on.
///
/// The id of a commit is used again if its transaction is not committed. Somebody may have seen the tokens of that one, so
/// no index is given out twice for an id.
#[derive(Debug, Default)]
pub(crate) struct ChangeIndexes(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    /// The commit that the last index was for, and the index after it.
    commit: u64,
    next: u32,
    /// The greatest id that any index was for.
    newest: u64,
    /// Above all indexes that were given out for ids up to `newest`.
    above: u32,
}

impl ChangeIndexes {
    /// An index for a change of this commit. After 2^32 for one commit the last one is given out again.
    pub(crate) fn take(&self, commit: u64) -> u32 {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if commit > given.newest {
            (given.commit, given.newest, given.next) = (commit, commit, 0);
        } else if commit != given.commit {
            // Transactions that ran on this one or on others had this id already. Which indexes they had is not known.
            (given.commit, given.next) = (commit, given.above);
        }
        let index = given.next;
        given.next = index.saturating_add(1);
        given.above = given.above.max(given.next);
        index
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_new_commit_begins_at_0_and_one_that_failed_goes_on() {
        let indexes = ChangeIndexes::default();
        assert_eq!([5, 5, 6, 6, 6].map(|commit| indexes.take(commit)), [0, 1, 0, 1, 2]);
        // Both failed: 5 is tried again, and 6 on it.
        assert_eq!([5, 5, 6, 6, 7].map(|commit| indexes.take(commit)), [3, 4, 5, 6, 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_pair_is_given_out_twice(commits in vec(1..6_u64, 1..200)) {
            let (indexes, mut given) = (ChangeIndexes::default(), HashSet::new());
            for commit in commits {
                let index = indexes.take(commit);
                prop_assert!(given.insert((commit, index)), "{} {}", commit, index);
            }
        }
    }
}
