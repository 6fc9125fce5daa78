//! The head of this process's last commit, for threads that open its state.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::catalog::{CommitSeq, DbiId, Head};
use crate::page::LmdbTxnId;

/// LMDB's id of the last commit of this process, and its head. A thread that opens that state need not read the head
/// from the file: every commit puts it on another page, which is not in the processor's cache and may have to be
/// faulted in.
///
/// It is a sequence lock, written and read without locking: a mutex would cost both sides as much as a small commit.
#[derive(Default)]
pub(crate) struct LastCommit {
    /// Odd while the words are being changed.
    version: AtomicU64,
    /// The id, then the head: count of commits, schema epoch, next DBI. An id of 0 is no commit.
    words: [AtomicU64; 4],
}

impl LastCommit {
    /// The head of LMDB's state `id`, if that is the last commit of this process. Also `None` while the next commit
    /// is being noted: then the head is read from the file.
    pub(crate) fn head(&self, id: LmdbTxnId) -> Option<Head> {
        let version = self.version.load(Ordering::Acquire);
        let [found, seq, epoch, next_dbi] = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_whole = version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version;
        let next_dbi = DbiId(u32::try_from(next_dbi).ok()?);
        (is_whole && found == id.0 && found != 0).then_some(Head { seq: CommitSeq(seq), epoch, next_dbi })
    }

    /// Notes the head of a commit. The caller is the only writer.
    pub(crate) fn set(&self, id: LmdbTxnId, head: Head) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let words = [id.0, head.seq.0, head.epoch, u64::from(head.next_dbi.0)];
        self.words.iter().zip(words).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    fn head(n: u64) -> Head {
        Head { seq: CommitSeq(n), epoch: n.wrapping_mul(3), next_dbi: DbiId(7) }
    }

    #[test]
    fn only_the_last_commit_is_known_and_no_commit_is_none() {
        let last = LastCommit::default();
        let known = |id| last.head(LmdbTxnId(id));
        assert_eq!(last.head(LmdbTxnId(0)), None);
        last.set(LmdbTxnId(4), head(9));
        assert_eq!((known(4), known(3), known(5)), (Some(head(9)), None, None));
        last.set(LmdbTxnId(5), head(10));
        assert_eq!((known(4), known(5)), (None, Some(head(10))));
    }

    #[test]
    fn a_head_that_is_read_while_it_changes_is_whole_or_none() {
        let (last, done, mut seen) = (LastCommit::default(), AtomicBool::new(false), 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                // Two ids that alternate, with another head each time.
                let mut n = 0;
                while !done.load(Ordering::Relaxed) {
                    last.set(LmdbTxnId(1 + n % 2), head(2 + n));
                    n += 1;
                }
            });
            while seen < 10_000 {
                for id in [1, 2] {
                    if let Some(found) = last.head(LmdbTxnId(id)) {
                        seen += 1;
                        let whole = (found.epoch, found.seq.0 % 2) == (found.seq.0.wrapping_mul(3), (id + 1) % 2);
                        // A scope that unwinds would wait for the other thread forever.
                        if !whole {
                            done.store(true, Ordering::Relaxed);
                        }
                        assert!(whole, "{found:?}");
                    }
                }
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}
