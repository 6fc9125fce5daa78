//! Batches of records: all of the changes, or none.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Backend;
use crate::store::records::conflict::RecordConflicts;
use crate::store::records::core::Core;
use crate::store::records::each::{Put, encode_put, refuse_twice};
use crate::store::records::handle::{Records, sought};
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, PutOptions};
use crate::store::records::writer::{Writer, Written};
use crate::value::{AsValue, Value};

/// Changes of one store with conditions, as data: [`Records::batch`] makes one, [`Records::commit`] commits it.
///
/// All conditions are checked against the state before the batch. If any fail, all failures are reported and nothing is
/// changed. In a batch with a condition each key may occur once; without, changes are made in order, and the last one of
/// a key wins.
///
/// ```
/// use mapleaf::store::{Expect, PutOptions, RecordConflicts, Records};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let seats: Records<u32, &str> = env.records("seats")?;
/// seats.put(17, "ann")?;
/// seats.put(18, "ann")?;
/// let free = || PutOptions::new().expect(Expect::Absent);
/// let mut batch = seats.batch();
/// batch.put_with(16, "bob", free())?.put_with(17, "bob", free())?.put_with(18, "bob", free())?;
/// let error = seats.commit(batch).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Conflict);
/// let conflicts = error.downcast::<RecordConflicts>().expect("the cause");
/// assert_eq!(conflicts.iter().map(|conflict| conflict.index).collect::<Vec<_>>(), [1, 2]);
/// assert!(!seats.has(16)?);
/// # Ok(())
/// # }
/// ```
#[doc(alias("WriteBatch"))]
pub struct RecordBatch<K, V, B: Backend = Env> {
    core: Arc<Core<B::Space>>,
    steps: Vec<Step>,
    _types: PhantomData<fn() -> (K, V)>,
}

/// A step of a batch.
#[derive(Debug)]
pub(crate) enum Step {
    Put(Put),
    Delete(Box<[u8]>, Expect),
    Check(Box<[u8]>, Expect),
}

impl Step {
    /// Its key, and what must hold of it.
    pub fn key(&self) -> (&[u8], Expect) {
        match self {
            Self::Put(put) => (&put.key, put.expect),
            Self::Delete(key, expect) | Self::Check(key, expect) => (key, *expect),
        }
    }
}

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// An empty batch for this store.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let mut batch = ages.batch();
    /// batch.put("ann", 42)?.put("bob", 3)?;
    /// ages.commit(batch)?;
    /// assert_eq!(ages.len()?, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn batch(&self) -> RecordBatch<K, V, B> {
        RecordBatch { core: Arc::clone(&self.core), steps: Vec::new(), _types: PhantomData }
    }

    /// Commits all of a batch, or nothing. Returns what each put made, in the order of the puts. An empty batch commits
    /// nothing. O(steps · log n).
    ///
    /// # Errors
    /// `Conflict` if conditions do not hold: the cause is [`RecordConflicts`], all of them. `InvalidArgument` for a batch
    /// of another store, and for a key that occurs twice beside a condition. Otherwise as
    /// [`put_with`](Self::put_with). Nothing was changed then.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let balances: Records<&str, i64> = env.records("balances")?;
    /// let rate = balances.put("rate", 3)?;
    /// let mut batch = balances.batch();
    /// batch.put("ann", 5)?.put("bob", -5)?.delete("cid")?.check("rate", Expect::Token(rate.token))?;
    /// let made = balances.commit(batch)?;
    /// assert_eq!(made.len(), 2);
    /// assert_ne!(made[0].token, made[1].token);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("apply"))]
    pub fn commit(&self, mut batch: RecordBatch<K, V, B>) -> Result<Vec<Meta>> {
        self.commit_in_place(&mut batch).map_err(|error| self.named(error, "commit"))
    }

    /// As [`commit`](Self::commit), of a batch that can be committed again.
    pub(crate) fn commit_in_place(&self, batch: &mut RecordBatch<K, V, B>) -> Result<Vec<Meta>> {
        batch.check_store(&self.core)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (written, committed) = self.change(|writer| writer.apply(&mut batch.steps))?;
        Ok(written.into_iter().map(|written| written.committed(committed)).collect())
    }
}

impl<K: Key, V: Value, B: Backend> RecordBatch<K, V, B> {
    /// Adds a put, as [`Records::put`].
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`: the key or the value cannot be stored. Nothing was added.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let mut batch = ages.batch();
    /// batch.put("ann", 42)?;
    /// assert!(batch.put("", 42).is_err());
    /// assert_eq!(ages.commit(batch)?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn put(&mut self, key: impl AsKey<K>, value: impl AsValue<V>) -> Result<&mut Self> {
        self.put_with(key, value, PutOptions::default())
    }

    /// Adds a put, as [`Records::put_with`].
    ///
    /// # Errors
    /// As [`put`](Self::put); `InvalidArgument` for a lifetime of zero.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let mut batch = ages.batch();
    /// batch.put_with("ann", 42, PutOptions::new().expect(Expect::Absent).meta("imported"))?;
    /// assert_eq!(*ages.commit(batch)?[0].user, *b"imported");
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_with(&mut self, key: impl AsKey<K>, value: impl AsValue<V>, options: PutOptions) -> Result<&mut Self> {
        let put = encode_put::<K, V, _>(&self.core, &key, &value, &options);
        self.steps.push(Step::Put(put.map_err(|error| self.core.named(error, "put"))?));
        Ok(self)
    }

    /// Adds a deletion. It is no failure if there is no record.
    ///
    /// # Errors
    /// `InvalidKey` for a key that has no position in the order (NaN).
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// let mut batch = ages.batch();
    /// batch.delete("ann")?.delete("bob")?;
    /// ages.commit(batch)?;
    /// assert!(ages.is_empty()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&mut self, key: impl AsKey<K>) -> Result<&mut Self> {
        self.delete_if(key, Expect::Any)
    }

    /// Adds a deletion, as [`Records::delete_if`].
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let ann = ages.put("ann", 42)?;
    /// let mut batch = ages.batch();
    /// batch.delete_if("ann", Expect::Token(ann.token))?;
    /// ages.commit(batch)?;
    /// assert!(ages.is_empty()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_if(&mut self, key: impl AsKey<K>, expect: Expect) -> Result<&mut Self> {
        let key = self.sought(&key, "delete")?;
        self.steps.push(Step::Delete(key, expect));
        Ok(self)
    }

    /// Adds a condition alone.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    ///
    /// ```
    /// # use mapleaf::{Env, store::{Expect, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let mut batch = ages.batch();
    /// batch.check("frozen", Expect::Absent)?.put("ann", 42)?;
    /// ages.commit(batch)?;
    /// assert!(ages.has("ann")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&mut self, key: impl AsKey<K>, expect: Expect) -> Result<&mut Self> {
        let key = self.sought(&key, "check")?;
        self.steps.push(Step::Check(key, expect));
        Ok(self)
    }

    /// The number of steps: puts, deletions and checks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn sought(&self, key: &impl AsKey<K>, operation: &'static str) -> Result<Box<[u8]>> {
        let mut buf = KeyBuf::new();
        sought::<K>(key, &mut buf).map(Into::into).map_err(|error| self.core.named(error, operation))
    }

    /// Refuses a batch of another store, whose values may be bound to that one.
    pub(crate) fn check_store(&self, core: &Core<B::Space>) -> Result<()> {
        if (self.core.id, &self.core.name) == (core.id, &core.name) {
            return Ok(());
        }
        let why = format!("the batch was made for the store {:?}; commit it there", self.core.name);
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

impl<K, V, B: Backend> fmt::Debug for RecordBatch<K, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = &mut f.debug_struct("RecordBatch");
        fields.field("store", &self.core.name).field("len", &self.steps.len()).finish()
    }
}

impl<S> Writer<'_, S> {
    /// Makes all changes if all conditions hold.
    pub fn apply(&mut self, steps: &mut [Step]) -> Result<Vec<Written>> {
        refuse_twice(steps.iter().map(|step| {
            let (key, expect) = step.key();
            (key, expect != Expect::Any || matches!(step, Step::Check(..)))
        }))?;
        let mut conflicts = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let (key, expect) = step.key();
            if expect != Expect::Any {
                conflicts.extend(Self::check(key, &self.find(key)?, expect, index).err());
            }
        }
        if !conflicts.is_empty() {
            return Err(RecordConflicts(conflicts).into_error());
        }
        let mut written = Vec::new();
        for step in steps {
            match step {
                Step::Put(Put { key, record, ttl, .. }) => {
                    let found = self.find(key)?;
                    written.push(self.put(key, &found, record, *ttl)?);
                }
                Step::Delete(key, _) => {
                    let found = self.find(key)?;
                    self.delete_found(key, &found)?;
                }
                Step::Check(..) => {}
            }
        }
        Ok(written)
    }
}
