//! Trees that were changed often through LMDB, and the check that a file is healthy.

use std::fs::File;

use heed::{DatabaseFlags as F, Env, RwTxn, WithoutTls};

use crate::page::tests::samples::{Random, SampleTree};
use crate::page::verify::{VerifyLevel, verify};

/// Asserts that both levels of verification find nothing wrong.
pub(super) fn assert_clean(file: &File) {
    for level in [VerifyLevel::Fast, VerifyLevel::Full] {
        let report = verify(file, level).unwrap();
        assert!(report.is_clean(), "{level:?} {:?}", &report.faults[..report.faults.len().min(5)]);
    }
}

/// Random changes of a tree, of any kind that LMDB's flags allow.
#[derive(Clone, Copy)]
pub(super) struct Churn {
    /// The number of transactions, and of changes in each.
    pub rounds: u64,
    pub changes: usize,
    /// The number of different keys.
    pub keys: usize,
    /// The number of different values of every tenth key; the others have five.
    pub values: usize,
    /// Whether one in three changes deletes, from the second transaction on.
    pub deletes: bool,
}

impl Churn {
    /// Changes tree `at`, which has the kind `kind`. Trees with odd numbers have keys far apart.
    pub(super) fn apply(self, env: &Env<WithoutTls>, tree: SampleTree, kind: F, at: usize) {
        let mut random = Random(at as u64);
        for round in 0..self.rounds {
            let mut txn = env.write_txn().unwrap();
            for _ in 0..self.changes {
                let key =
                    (random.below(self.keys) as u64).wrapping_mul(if at.is_multiple_of(2) { 1 } else { 0x0123_4567 });
                let values = if key % 10 == 0 { self.values } else { 5 };
                let mut value = (random.below(values) as u64).to_le_bytes().to_vec();
                if !kind.contains(F::DUP_FIXED) {
                    value.extend(vec![3; random.below(3)]);
                }
                if round > 0 && random.below(3) == 0 && self.deletes {
                    tree.delete_one_duplicate(&mut txn, &key.to_le_bytes(), &value).unwrap();
                } else {
                    tree.put(&mut txn, &key.to_le_bytes(), &value).unwrap();
                }
            }
            txn.commit().unwrap();
        }
    }
}

/// Puts large values, and deletes half of them again in the same transaction. Their pages are allocated and freed, but
/// never written.
pub(super) fn put_and_delete_large(txn: &mut RwTxn<'_>, tree: SampleTree, random: &mut Random) {
    for _ in 0..60 {
        let key = random.below(500).to_be_bytes();
        tree.put(txn, &key, &vec![1; random.below(30_000)]).unwrap();
        if random.below(2) == 0 {
            tree.delete(txn, &key).unwrap();
        }
    }
}
