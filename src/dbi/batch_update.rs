//! Adds functions to a batch that compute a value when it is committed.

use std::sync::Arc;

use crate::dbi::handle::Dbi;
use crate::env::{Batch, Update, What};
use crate::error::{Error, Result};
use crate::key::{Key, KeyBuf};
use crate::value::{Context, Value};

impl Batch {
    /// Adds a change: calls `f` with the value of `key` when the batch is committed, stores the value that `f` returns,
    /// or removes the key if `f` returns `None`. If the bytes are the same, nothing changes.
    ///
    /// `f` runs once, under the writer's lock, in the order of the batch: it sees the changes that the batch makes before
    /// it. It runs only if all conditions hold. A panic in `f` fails the batch with `Other`, and nothing of it is
    /// applied; other batches are not concerned. Keep `f` short, since all writers wait for it; a transaction in it is
    /// `Nested`.
    ///
    /// # Errors
    /// As [`Dbi::put`] for the key. When it is applied, those of the value: `Encode`, `TooLarge`, `Decode` for a stored
    /// value that is not of its type.
    ///
    /// ```
    /// use mapleaf::{Batch, Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let visits: Dbi<&str, u64> = env.dbi("visits")?;
    /// for _ in 0..3 {
    ///     let mut batch = Batch::new();
    ///     batch.update(&visits, "home", |visits| Some(visits.unwrap_or(0) + 1))?;
    ///     env.submit(batch)?.wait()?;
    /// }
    /// assert_eq!(visits.get(&env.snapshot()?, "home")?, Some(3));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("upsert", "merge", "fetch_add", "increment"))]
    pub fn update<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Option<V::Owned> + Send + 'static,
    ) -> Result<&mut Self> {
        self.update_as("update", dbi, key, |old| Ok(f(old)))
    }

    /// As [`update`](Self::update), with a function that may fail: then nothing of the batch is applied, and its outcome
    /// is that error.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    ///
    /// ```
    /// use mapleaf::{Batch, Dbi, Env, Error, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let balance: Dbi<&str, u64> = env.dbi("balance")?;
    /// let mut batch = Batch::new();
    /// batch.put(&balance, "bob", 20)?.try_update(&balance, "ann", |have| match have {
    ///     Some(have) if have >= 20 => Ok(Some(have - 20)),
    ///     _ => Err(Error::new(ErrorKind::Conflict, "ann has less than 20")),
    /// })?;
    /// assert_eq!(env.apply(batch).unwrap_err().kind(), ErrorKind::Conflict);
    /// assert!(balance.is_empty(&env.snapshot()?)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_update<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>> + Send + 'static,
    ) -> Result<&mut Self> {
        self.update_as("try_update", dbi, key, f)
    }

    fn update_as<K: Key, V: Value>(
        &mut self,
        operation: &'static str,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>> + Send + 'static,
    ) -> Result<&mut Self> {
        let mut buf = KeyBuf::new();
        let what = Dbi::<K, V>::encode(&key, &mut buf).map(|key| {
            let (key, handle): (Box<[u8]>, _) = (key.into(), Arc::clone(&dbi.dbi));
            let of_key = key.clone();
            let update = move |old: Option<&[u8]>| {
                let context = Context::new(&handle.uuid, &handle.origin, &of_key);
                let named = |error: Error| error.during(operation).in_dbi(&handle.name).at_key(&of_key);
                let old = old.map(|old| V::decode(old, &context)).transpose().map_err(named)?;
                let Some(new) = f(old)? else { return Ok(None) };
                let (new, mut buf) = (V::as_arg(&new), Vec::new());
                let new = V::encode(&new, &context, &mut buf).map_err(named)?;
                Ok(Some(new.to_vec()))
            };
            What::Update { key, update: Update::new(update) }
        });
        self.add(dbi, what, operation)
    }
}
