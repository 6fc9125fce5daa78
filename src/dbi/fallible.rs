//! Verbs whose closures, or rows, may fail with an error type of the caller's.

use std::ops::ControlFlow;

use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::read::RawRead;
use crate::scan::KeyRange;
use crate::txn::{Read, Write};
use crate::value::{AsValue, Value};

impl<K: Key, V: Value> Dbi<K, V> {
    /// As [`update`](Self::update), for a closure that may fail with an error type of its own. O(log n).
    ///
    /// `?` converts errors to any type, so the closure alone often does not tell its error type. Name it then:
    /// `try_update::<MyError>(…)`.
    ///
    /// # Errors
    /// What `f` returns, and those of [`update`](Self::update), converted. Nothing was changed then.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let totals: Dbi<&str, u64> = env.dbi("totals")?;
    /// let mut add = |text: &str| {
    ///     env.transact_or(|txn| {
    ///         totals.try_update::<anyhow::Error>(txn, "all", |old| Ok(Some(old.unwrap_or(0) + text.parse::<u64>()?)))
    ///     })
    /// };
    /// assert_eq!(add("40")?, Some(40));
    /// assert!(add("two").is_err());
    /// assert_eq!(add("2")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_update<E: From<Error>>(
        &self,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        self.update_as("try_update", txn, key, f)
    }

    pub(super) fn update_as<E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        let txn = txn.write_txn().open();
        let named = |error: Error| E::from(self.named(error, operation));
        let (uuid, mut key_buf, mut buf) = (*txn.raw_uuid(), KeyBuf::new(), Vec::new());
        let bytes = Self::sought(&key, &mut key_buf).map_err(named)?;
        let old = self.raw_get(txn, bytes).map_err(named)?;
        let made = f(old.map(|old| self.decode(&uuid, bytes, old)).transpose().map_err(named)?)?;
        let is_there = old.is_some();
        if let Some(made) = &made {
            if bytes.is_empty() {
                // `sought` returns no bytes for a key that cannot be encoded. Encoding the key again returns the reason
                // as an error.
                Self::encode(&key, &mut KeyBuf::new()).map_err(named)?;
            }
            let new = V::as_arg(made);
            let new = self.value_bytes(&uuid, bytes, &new, &mut buf).map_err(named)?;
            if old != Some(new) {
                txn.raw_put_over(&self.dbi, bytes, new, Some(is_there)).map_err(named)?;
            }
        } else if is_there {
            txn.raw_delete(&self.dbi, bytes).map_err(named)?;
        }
        Ok(made)
    }

    /// As [`get_or_put`](Self::get_or_put), for a closure that may fail with an error type of its own. O(log n).
    ///
    /// # Errors
    /// What `f` returns, and those of [`get_or_put`](Self::get_or_put), converted. Nothing was changed then.
    ///
    /// ```
    /// # use std::io;
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// # fn fetch(page: &str) -> io::Result<String> {
    /// #     if page == "home" { Ok("Welcome".to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    /// # }
    /// let pages: Dbi<&str, String> = env.dbi("pages")?;
    /// let mut txn = env.begin()?;
    /// let home = pages.try_get_or_put::<anyhow::Error>(&mut txn, "home", || Ok(fetch("home")?))?;
    /// assert_eq!(home, "Welcome");
    /// assert!(pages.try_get_or_put::<anyhow::Error>(&mut txn, "away", || Ok(fetch("away")?)).is_err());
    /// assert!(!pages.contains(&txn, "away")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_get_or_put<E: From<Error>>(
        &self,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        f: impl FnOnce() -> Result<V::Owned, E>,
    ) -> Result<V::Owned, E> {
        self.get_or_put_as("try_get_or_put", txn, key, f)
    }

    pub(super) fn get_or_put_as<E: From<Error>>(
        &self,
        operation: &'static str,
        txn: &mut impl Write,
        key: K::Arg<'_>,
        f: impl FnOnce() -> Result<V::Owned, E>,
    ) -> Result<V::Owned, E> {
        let txn = txn.write_txn().open();
        let named = |error: Error| E::from(self.named(error, operation));
        let mut buf = KeyBuf::new();
        let key = Self::encode(&key, &mut buf).map_err(named)?;
        txn.check_key(key).map_err(named)?;
        if let Some(old) = self.owned(txn, key).map_err(named)? {
            return Ok(old);
        }
        let new = f()?;
        self.put_encoded(txn, key, &V::as_arg(&new), Some(false)).map_err(named)?;
        Ok(new)
    }

    /// As [`retain`](Self::retain), for a closure that may fail with an error type of its own. Costs the same.
    ///
    /// # Errors
    /// What `keep` returns, and those of [`retain`](Self::retain), converted. If `keep` fails, nothing was removed,
    /// whatever it returned before. After another error some entries may be removed; a
    /// [`savepoint`](crate::WriteTxn::savepoint) can undo that.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let limits: Dbi<u32, &str> = env.dbi("limits")?;
    /// let mut txn = env.begin()?;
    /// limits.load(&mut txn, [(1, "10"), (2, "500"), (3, "none")])?;
    /// let removed = limits.try_retain::<anyhow::Error>(&mut txn, .., |_, limit| Ok(limit.parse::<u32>()? > 100));
    /// assert!(removed.is_err());
    /// assert_eq!(limits.len(&txn)?, 3);
    /// assert_eq!(limits.try_retain::<anyhow::Error>(&mut txn, ..3, |_, limit| Ok(limit.parse::<u32>()? > 100))?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_retain<E: From<Error>>(
        &self,
        txn: &mut impl Write,
        range: impl KeyRange<K>,
        keep: impl FnMut(K::Ref<'_>, V::Ref<'_>) -> Result<bool, E>,
    ) -> Result<u64, E> {
        self.retain_as("try_retain", txn, range, keep)
    }

    /// Calls `each` with the entries of a range in key order until it fails: as `Iterator::try_for_each`, at the
    /// speed of [`for_each`](Self::for_each). To stop early without an error, use `for_each` or
    /// [`find_map`](Self::find_map).
    ///
    /// # Errors
    /// What `each` returns, and as [`Dbi`] says, converted.
    ///
    /// ```
    /// # use std::io::{self, Write};
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.load(txn, [("ann", 42), ("bob", 3)]))?;
    /// let mut out = Vec::new();
    /// ages.try_for_each::<anyhow::Error>(&env.snapshot()?, .., |name, age| Ok(writeln!(out, "{name},{age}")?))?;
    /// assert_eq!(out, b"ann,42\nbob,3\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_for_each<'t, E: From<Error>>(
        &self,
        state: &'t impl Read,
        range: impl KeyRange<K>,
        mut each: impl FnMut(K::Ref<'t>, V::Ref<'t>) -> Result<(), E>,
    ) -> Result<(), E> {
        let walked = self.walk(state, range, |key, value| match each(key, value) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        });
        match walked.map_err(|error| self.named(error, "try_for_each"))? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// As [`load`](Self::load), for rows that may fail, as those of a parser do. Costs the same.
    ///
    /// The error type of the rows must be convertible from mapleaf's. Convert that of another library first:
    /// `rows.map(|row| row.map_err(MyError::from))`.
    ///
    /// # Errors
    /// The first row's that is one, and those of [`load`](Self::load), converted. The rows before it are in the
    /// transaction then, and no row after it is asked for. In a [`savepoint_or`](crate::WriteTxn::savepoint_or) all
    /// rows are stored or none.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let parse = |line: &'static str| -> Result<(&str, u32), anyhow::Error> {
    ///     let (name, age) = line.split_once(',').ok_or("no comma")?;
    ///     Ok((name, age.parse()?))
    /// };
    /// let stored = env.transact_or(|txn| ages.try_load(txn, "ann,42\nbob,3".lines().map(parse)))?;
    /// assert_eq!(stored, 2);
    /// let failed = env.transact_or(|txn| ages.try_load(txn, "cyd,70\ndan,?".lines().map(parse)));
    /// assert!(failed.is_err());
    /// assert_eq!(ages.len(&env.snapshot()?)?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_load<A: AsKey<K>, B: AsValue<V>, E: From<Error>>(
        &self,
        txn: &mut impl Write,
        rows: impl IntoIterator<Item = Result<(A, B), E>>,
    ) -> Result<u64, E> {
        self.load_as("try_load", txn, rows.into_iter())
    }
}
