//! Writes of records that are tried again: what was written since is read, and a resolver decides.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Backend;
use crate::store::records::{
    Expect, Meta, Put, PutOptions, RecordBatch, RecordConflict, RecordConflicts, Records, encode_put, refuse_twice,
};
use crate::store::retry::{Attempts, RetryPolicy, given_up};
use crate::value::{AsValue, Value};

/// What a resolver decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution<T> {
    /// To try this.
    Retry(T),
    /// To try no more.
    GiveUp,
}

/// A record that was not put, because its condition did not hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedPut<A, W> {
    /// The key.
    pub key: A,
    /// The value.
    pub value: W,
    /// How it was to be put.
    pub options: PutOptions,
    /// What is there instead. Its index is that in the list of all records.
    pub conflict: RecordConflict,
}

/// A record to be put, and its index in the list of all.
type Listed<A, W> = (usize, (A, W, PutOptions));

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// As [`put_each`](Self::put_each), and again for those records whose condition did not hold: `resolve` gets them and
    /// returns which of them to try again, with other values or conditions as it likes. Each attempt is a commit of its own:
    /// records that were put stay, whatever happens to the others.
    ///
    /// Returns what was given up: the records that `resolve` left out, or all that were left when it gave up, in the order
    /// of the list. If it is empty, all were put.
    ///
    /// # Errors
    /// `Conflict`, not retryable, after the last attempt: the cause is [`RecordConflicts`], those of the last attempt.
    /// What `resolve` returns. `InvalidArgument` for a policy of 0 attempts, and if `resolve` returns a key that was not
    /// among those that failed, or one of them twice. As [`put_each`](Self::put_each); an error that is retryable is
    /// retried with the same records.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, PutOptions, Records, Resolution, RetryPolicy}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let stock: Records<&str, u32> = env.records("stock")?;
    /// stock.put("apples", 5)?;
    /// let new = PutOptions::new().expect(Expect::Absent);
    /// let given_up = stock.try_put_each(
    ///     [("apples", 1, new.clone()), ("pears", 2, new)],
    ///     &RetryPolicy::new(),
    ///     |mut failed| {
    ///         for put in &mut failed {
    ///             put.value += stock.require(put.key)?;
    ///             put.options = PutOptions::new().expect(put.conflict.actual.map_or(Expect::Absent, Expect::Token));
    ///         }
    ///         Ok(Resolution::Retry(failed))
    ///     },
    /// )?;
    /// assert!(given_up.is_empty());
    /// assert_eq!(stock.get_many(["apples", "pears"])?, [Some(6), Some(2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_put_each<A: AsKey<K>, W: AsValue<V>>(
        &self,
        records: impl IntoIterator<Item = (A, W, PutOptions)>,
        policy: &RetryPolicy,
        mut resolve: impl FnMut(Vec<FailedPut<A, W>>) -> Result<Resolution<Vec<FailedPut<A, W>>>>,
    ) -> Result<Vec<RecordConflict>> {
        let named = |error| self.named(error, "try_put_each");
        let mut attempts = policy.begin().map_err(named)?;
        let mut left: Vec<Listed<A, W>> = records.into_iter().enumerate().collect();
        let mut given_up = Vec::new();
        while !left.is_empty() {
            let failed = self.put_left(left, &mut attempts).map_err(named)?;
            if failed.is_empty() {
                break;
            }
            let conflicts: Vec<RecordConflict> = failed.iter().map(|failed| failed.conflict.clone()).collect();
            attempts.next(RecordConflicts(conflicts.clone()).into_error()).map_err(named)?;
            let again = match resolve(failed)? {
                Resolution::Retry(again) => again,
                Resolution::GiveUp => Vec::new(),
            };
            left = of_the_failed::<K, _, _>(again, &conflicts).map_err(named)?;
            let retried: HashSet<usize> = left.iter().map(|(index, _)| *index).collect();
            given_up.extend(conflicts.into_iter().filter(|conflict| !retried.contains(&conflict.index)));
        }
        given_up.sort_by_key(|conflict| conflict.index);
        Ok(given_up)
    }

    /// Puts what is left, in one commit, and returns what failed. An attempt that fails as a whole is repeated.
    fn put_left<A: AsKey<K>, W: AsValue<V>>(
        &self,
        left: Vec<Listed<A, W>>,
        attempts: &mut Attempts<'_>,
    ) -> Result<Vec<FailedPut<A, W>>> {
        let put = |(_, (key, value, options)): &Listed<A, W>| encode_put::<K, V, _>(&self.core, key, value, options);
        let mut puts: Vec<Put> = left.iter().map(put).collect::<Result<_>>()?;
        refuse_twice(puts.iter().map(|put| (&*put.key, put.expect != Expect::Any)))?;
        let skipped = loop {
            match self.change(|writer| writer.put_each(&mut puts)) {
                Ok((skipped, _)) => break skipped,
                Err(error) if error.is_retryable() => attempts.next(error)?,
                Err(error) => return Err(error),
            }
        };
        let mut skipped: HashMap<usize, RecordConflict> = skipped.into_iter().map(|one| (one.index, one)).collect();
        let failed = |(at, (index, (key, value, options)))| {
            let conflict = skipped.remove(&at)?;
            Some(FailedPut { key, value, options, conflict: RecordConflict { index, ..conflict } })
        };
        Ok(left.into_iter().enumerate().filter_map(failed).collect())
    }

    /// As [`commit`](Self::commit), and again if conditions do not hold: `resolve` gets the batch and all of the conflicts,
    /// and returns a whole batch of the same keys, which can be that one.
    ///
    /// # Errors
    /// `Conflict`, not retryable, after the last attempt and if `resolve` gives up: the cause is [`RecordConflicts`]. What
    /// `resolve` returns. `InvalidArgument` for a policy of 0 attempts, and if `resolve` returns a batch that has not the
    /// same keys. As [`commit`](Self::commit); an error that is retryable is retried with the same batch. Nothing was
    /// changed then.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, PutOptions, Records, Resolution, RetryPolicy}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let balances: Records<&str, i64> = env.records("balances")?;
    /// balances.put("ann", 10)?;
    /// // A transfer that is based on what is there now.
    /// let transfer = || -> mapleaf::Result<_> {
    ///     let (entry, mut batch) = (balances.entry("ann")?.expect("it was put"), balances.batch());
    ///     let unchanged = PutOptions::new().expect(Expect::Token(entry.meta.token));
    ///     batch.put_with("ann", entry.value - 3, unchanged)?.put("bob", 3)?;
    ///     Ok(batch)
    /// };
    /// let batch = transfer()?;
    /// balances.put("ann", 20)?;
    /// balances.try_commit(batch, &RetryPolicy::new(), |_, _| Ok(Resolution::Retry(transfer()?)))?;
    /// assert_eq!(balances.get_many(["ann", "bob"])?, [Some(17), Some(3)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_commit(
        &self,
        mut batch: RecordBatch<K, V, B>,
        policy: &RetryPolicy,
        mut resolve: impl FnMut(RecordBatch<K, V, B>, &RecordConflicts) -> Result<Resolution<RecordBatch<K, V, B>>>,
    ) -> Result<Vec<Meta>> {
        let named = |error| self.named(error, "try_commit");
        let mut attempts = policy.begin().map_err(named)?;
        let keys = keys_of(&batch);
        loop {
            let error = match self.commit_in_place(&mut batch) {
                Err(error) if error.is_retryable() => error,
                done => return done.map_err(named),
            };
            let conflicts = error.downcast_ref::<RecordConflicts>().cloned();
            attempts.next(error).map_err(named)?;
            // Other errors that can be retried are none of the batch.
            let Some(conflicts) = conflicts else { continue };
            match resolve(batch, &conflicts)? {
                Resolution::Retry(again) => batch = again,
                Resolution::GiveUp => {
                    let error = conflicts.into_error();
                    return Err(named(given_up(error, format_args!("the resolver gave up"))));
                }
            }
            if keys_of(&batch) != keys {
                let why = "the resolver returned a batch with other keys; return one that has the same keys";
                return Err(named(Error::new(ErrorKind::InvalidArgument, why)));
            }
        }
    }
}

fn keys_of<K: Key, V: Value, B: Backend>(batch: &RecordBatch<K, V, B>) -> HashSet<Box<[u8]>> {
    batch.steps().iter().map(|step| step.key().0.into()).collect()
}

/// What a resolver returned, by the keys of what had failed: what it did to the conflicts does not matter.
fn of_the_failed<K: Key, A: AsKey<K>, W>(
    again: Vec<FailedPut<A, W>>,
    conflicts: &[RecordConflict],
) -> Result<Vec<Listed<A, W>>> {
    let mut indexes: HashMap<&[u8], usize> = conflicts.iter().map(|one| (&*one.key, one.index)).collect();
    let index = |put: FailedPut<A, W>| {
        let mut buf = KeyBuf::new();
        let key = put.key.encode_key(&mut buf)?;
        let index = indexes.remove(key).ok_or_else(|| {
            let why = "the resolver returned a key that had not failed, or one twice; return some of what it got";
            Error::new(ErrorKind::InvalidArgument, why).at_key(key)
        })?;
        Ok((index, (put.key, put.value, put.options)))
    };
    again.into_iter().map(index).collect()
}
