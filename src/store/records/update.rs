//! Writes that depend on what is there.

use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Backend;
use crate::store::records::handle::Records;
use crate::store::records::writer::Writer;
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Calls `f` with the value of `key`, stores the value that `f` returns, or deletes the record if `f` returns `None`.
    /// Returns the new value. O(log n) and a commit.
    ///
    /// It is atomic: nobody writes the record in between. Deadline, metadata and time of creation stay. If the bytes of
    /// the value are the same, nothing changes. On an environment and in memory `f` runs once, inside the transaction; a
    /// backend that finds conflicts at the commit runs it again, so it must have no other effects.
    ///
    /// # Errors
    /// As [`put`](Self::put). An error of the key is returned before `f` is called.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let counts: Records<&str, u64> = env.records("counts")?;
    /// let mut count = || counts.update("all", |old| Some(old.unwrap_or(0) + 1));
    /// assert_eq!((count()?, count()?), (Some(1), Some(2)));
    /// assert_eq!(counts.update("all", |_| None)?, None);
    /// assert!(!counts.has("all")?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("upsert", "merge", "modify", "compute", "fetch_and_update"))]
    pub fn update(
        &self,
        key: K::Arg<'_>,
        mut f: impl FnMut(Option<V::Ref<'_>>) -> Option<V::Owned>,
    ) -> Result<Option<V::Owned>> {
        self.update_as("update", &key, |old| Ok::<_, Error>(f(old)))
    }

    /// As [`update`](Self::update), for a closure that may fail with an error type of its own.
    ///
    /// # Errors
    /// What `f` returns, and those of [`update`](Self::update), converted. Nothing was changed then.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let totals: Records<&str, u64> = env.records("totals")?;
    /// let add = |text: &str| {
    ///     totals.try_update::<anyhow::Error>("all", |old| Ok(Some(old.unwrap_or(0) + text.parse::<u64>()?)))
    /// };
    /// assert_eq!(add("40")?, Some(40));
    /// assert!(add("two").is_err());
    /// assert_eq!(add("2")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_update<E: From<Error>>(
        &self,
        key: K::Arg<'_>,
        f: impl FnMut(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        self.update_as("try_update", &key, f)
    }

    fn update_as<E: From<Error>>(
        &self,
        operation: &'static str,
        key: &K::Arg<'_>,
        mut f: impl FnMut(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        let named = |error| E::from(self.named(error, operation));
        let mut buf = KeyBuf::new();
        let key = key.encode_key(&mut buf).map_err(named)?;
        let mut refused = None;
        let updated = self.change(|writer| update_in::<V, _, E>(writer, key, &mut refused, &mut f));
        match (updated, refused) {
            (Ok((made, _)), _) => Ok(made),
            (Err(_), Some(error)) => Err(error),
            (Err(error), None) => Err(named(error)),
        }
    }

    /// Returns the value of `key`. If the record is absent, stores what `f` returns and returns that. O(log n), and a
    /// commit if it was absent.
    ///
    /// Whoever loses a race gets the value of the winner. `f` runs at most once and outside of the transaction, so it may
    /// take its time and use the store.
    ///
    /// # Errors
    /// As [`put`](Self::put). An error of the key is returned before `f` is called.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ids: Records<&str, u64> = env.records("ids")?;
    /// assert_eq!(ids.get_or_put("ann", || 7)?, 7);
    /// assert_eq!(ids.get_or_put("ann", || unreachable!("it is there"))?, 7);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("or_insert", "get_or_insert"))]
    pub fn get_or_put(&self, key: K::Arg<'_>, f: impl FnOnce() -> V::Owned) -> Result<V::Owned> {
        self.get_or_put_as("get_or_put", &key, || Ok::<_, Error>(f()))
    }

    /// As [`get_or_put`](Self::get_or_put), for a closure that may fail with an error type of its own.
    ///
    /// # Errors
    /// What `f` returns, and those of [`get_or_put`](Self::get_or_put), converted. Nothing was changed then.
    ///
    /// ```
    /// # use std::io;
    /// # use mapleaf::{Env, store::Records};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// # fn fetch(page: &str) -> io::Result<String> { Err(io::ErrorKind::TimedOut.into()) }
    /// let pages: Records<&str, &str> = env.records("pages")?;
    /// assert!(pages.try_get_or_put::<anyhow::Error>("home", || Ok(fetch("home")?)).is_err());
    /// assert!(!pages.has("home")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_get_or_put<E: From<Error>>(
        &self,
        key: K::Arg<'_>,
        f: impl FnOnce() -> Result<V::Owned, E>,
    ) -> Result<V::Owned, E> {
        self.get_or_put_as("try_get_or_put", &key, f)
    }

    fn get_or_put_as<E: From<Error>>(
        &self,
        operation: &'static str,
        key: &K::Arg<'_>,
        f: impl FnOnce() -> Result<V::Owned, E>,
    ) -> Result<V::Owned, E> {
        let named = |error| E::from(self.named(error, operation));
        let mut buf = KeyBuf::new();
        let key = key.encode_key(&mut buf).and_then(|key| self.core.check_key(key).map(|()| key)).map_err(named)?;
        let found = self.backend.snapshot().and_then(|snapshot| self.value_of(&snapshot, key)).map_err(named)?;
        if let Some(found) = found {
            return Ok(found);
        }
        let made = f()?;
        let put = || {
            let mut record = self.core.record::<V>(key, &V::as_arg(&made), &[])?;
            self.change(|writer| writer.put_absent::<V>(key, &mut record))
        };
        let (winner, _) = put().map_err(named)?;
        Ok(winner.unwrap_or(made))
    }
}

/// Updates in a transaction. The error of the closure is kept in `refused`, whatever its type.
pub(crate) fn update_in<V: Value, S, E>(
    writer: &mut Writer<'_, S>,
    key: &[u8],
    refused: &mut Option<E>,
    f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
) -> Result<Option<V::Owned>> {
    writer.update::<V>(key, |old| {
        f(old).map_err(|error| {
            *refused = Some(error);
            Error::new(ErrorKind::Other, "the closure refused")
        })
    })
}
