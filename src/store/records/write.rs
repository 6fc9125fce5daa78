//! Writes of one record by themselves: each commits.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::store::backend::Backend;
use crate::store::records::handle::{Records, sought};
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, PutOptions, Ttl};
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Stores `value` under `key`, whatever is there: without metadata, for ever, created now. O(log n) and a commit.
    ///
    /// # Errors
    /// As [`Records`] says; `Encode` for a value that cannot be encoded, `TooLarge` for one over 2 GiB.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// assert_eq!(ages.put("ann", 42)?.version, 1);
    /// assert_eq!(ages.put("ann", 43)?.version, 2);
    /// assert_eq!(ages.replace("ann", 44)?, Some(43));
    /// assert_eq!(ages.take("ann")?, Some(44));
    /// assert!(!ages.delete("ann")?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("set", "store", "insert"))]
    pub fn put(&self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Meta> {
        self.put_as(&key, &value, &PutOptions::default()).map_err(|error| self.named(error, "put"))
    }

    /// Stores `value` under `key` if a condition holds, for a time, or with metadata. O(log n) and a commit.
    ///
    /// # Errors
    /// As [`put`](Self::put). `Conflict` if the condition does not hold, `AlreadyExists` if the key was to be absent: the
    /// cause is a [`RecordConflict`](crate::store::RecordConflict). `InvalidArgument` for a lifetime of zero; `TooLarge`
    /// for a key of a record that expires that is less than 8 bytes shorter than the longest key.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, store::{Expect, PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let read = ages.put("ann", 42)?;
    /// let unchanged = PutOptions::new().expect(Expect::Token(read.token));
    /// assert_eq!(ages.put_with("ann", 43, unchanged.clone())?.version, 2);
    /// assert_eq!(ages.put_with("ann", 44, unchanged).unwrap_err().kind(), ErrorKind::Conflict);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("compare_and_swap", "cas", "put_if_absent", "insert"))]
    pub fn put_with(&self, key: K::Arg<'_>, value: V::Arg<'_>, options: PutOptions) -> Result<Meta> {
        let put = self.put_as(&key, &value, &options);
        put.map_err(|error| self.named(error, "put_with"))
    }

    fn put_as(&self, key: &K::Arg<'_>, value: &V::Arg<'_>, options: &PutOptions) -> Result<Meta> {
        options.ttl.check()?;
        let mut buf = KeyBuf::new();
        let key = key.encode_key(&mut buf)?;
        let mut record = self.core.record::<V>(key, value, &options.meta)?;
        let put = self.change(|writer| writer.put_if(key, &mut record, options.ttl, options.expect));
        put.map(|(written, committed)| written.committed(committed))
    }

    /// Stores `value` under `key` as [`put`](Self::put), and returns the value that was there. O(log n) and a commit.
    ///
    /// # Errors
    /// As [`put`](Self::put); `Decode` for an old value that is not of type `V`.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// assert_eq!(ages.replace("ann", 42)?, None);
    /// assert_eq!(ages.replace("ann", 43)?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("swap", "getset"))]
    pub fn replace(&self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Option<V::Owned>> {
        let replace = || {
            let mut buf = KeyBuf::new();
            let key = key.encode_key(&mut buf)?;
            let mut record = self.core.record::<V>(key, &value, &[])?;
            self.change(|writer| writer.replace::<V>(key, &mut record))
        };
        replace().map(|(old, _)| old).map_err(|error| self.named(error, "replace"))
    }

    /// Deletes the record of `key`, and returns whether there was one. O(log n), and a commit if there was.
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// assert!(ages.delete("ann")?);
    /// assert!(!ages.delete("ann")?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("remove", "del", "erase"))]
    pub fn delete(&self, key: K::Arg<'_>) -> Result<bool> {
        self.delete_as(&key, Expect::Any).map_err(|error| self.named(error, "delete"))
    }

    /// Deletes the record of `key` if a condition holds, and returns whether there was one. O(log n).
    ///
    /// # Errors
    /// As [`Records`] says; `Conflict` and `AlreadyExists` as for [`put_with`](Self::put_with).
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind, store::{Expect, RecordConflict, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let locks: Records<&str, &str> = env.records("locks")?;
    /// let mine = locks.put("door", "ann")?.token;
    /// assert!(locks.delete_if("door", Expect::Token(mine))?);
    /// let error = locks.delete_if("door", Expect::Token(mine)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Conflict);
    /// assert_eq!(error.downcast::<RecordConflict>().expect("the cause").actual, None);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("compare_and_delete"))]
    pub fn delete_if(&self, key: K::Arg<'_>, expect: Expect) -> Result<bool> {
        self.delete_as(&key, expect).map_err(|error| self.named(error, "delete_if"))
    }

    fn delete_as(&self, key: &K::Arg<'_>, expect: Expect) -> Result<bool> {
        let mut buf = KeyBuf::new();
        let key = sought::<K>(key, &mut buf)?;
        self.change(|writer| writer.delete_if(key, expect)).map(|(was_there, _)| was_there)
    }

    /// Deletes the record of `key`, and returns its value. O(log n), and a commit if there was one.
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// ages.put("ann", 42)?;
    /// assert_eq!((ages.take("ann")?, ages.take("ann")?), (Some(42), None));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("remove", "pop"))]
    pub fn take(&self, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        let take = || {
            let mut buf = KeyBuf::new();
            let key = sought::<K>(&key, &mut buf)?;
            self.change(|writer| writer.take::<V>(key))
        };
        take().map(|(old, _)| old).map_err(|error| self.named(error, "take"))
    }

    /// Gives the record of `key` a new deadline: `time` from now on. A write as any other, with a new token, though value,
    /// metadata and time of creation stay. `None` if there is no record. O(log n + its length) and a commit.
    ///
    /// # Errors
    /// As [`Records`] says; `InvalidArgument` for a time of zero.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, store::{PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let sessions: Records<&str, u64> = env.records("sessions")?;
    /// sessions.put_with("ann", 7, PutOptions::new().ttl(Duration::from_secs(60)))?;
    /// assert!(sessions.touch("ann", Duration::from_secs(60))?.is_some());
    /// assert_eq!(sessions.persist("ann")?.expect("it is there").expires, None);
    /// assert_eq!(sessions.touch("bob", Duration::from_secs(60))?, None);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("expire", "keep_alive"))]
    pub fn touch(&self, key: K::Arg<'_>, time: Duration) -> Result<Option<Meta>> {
        self.touch_as(&key, Ttl::After(time)).map_err(|error| self.named(error, "touch"))
    }

    /// Takes the deadline from the record of `key`. As [`touch`](Self::touch); nothing changes if it has none.
    ///
    /// # Errors
    /// As [`Records`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, store::{PutOptions, Records}};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// let put = ages.put_with("ann", 42, PutOptions::new().ttl(std::time::Duration::from_secs(60)))?;
    /// assert!(put.expires.is_some());
    /// assert_eq!(ages.persist("ann")?.and_then(|meta| meta.expires), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn persist(&self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        self.touch_as(&key, Ttl::Clear).map_err(|error| self.named(error, "persist"))
    }

    fn touch_as(&self, key: &K::Arg<'_>, ttl: Ttl) -> Result<Option<Meta>, Error> {
        ttl.check()?;
        let mut buf = KeyBuf::new();
        let key = sought::<K>(key, &mut buf)?;
        let (written, committed) = self.change(|writer| writer.touch(key, ttl))?;
        Ok(written.map(|written| written.committed(committed)))
    }
}
