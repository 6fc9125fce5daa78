//! The verbs within one transaction of a backend. Whatever a handle calls, these run.

use crate::error::Result;
use crate::store::records::core::Core;
use crate::store::records::header::NEVER;
use crate::store::records::put_options::{Expect, Ttl};
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::writer::{Found, Writer, Written};
use crate::value::{AsValue, Value};

impl<S> Writer<'_, S> {
    /// Puts a record if `expect` holds.
    pub fn put_if(&mut self, key: &[u8], record: &mut RecordBytes, ttl: Ttl, expect: Expect) -> Result<Written> {
        let found = self.find(key)?;
        Self::check(key, &found, expect, 0).map_err(|conflict| conflict.into_error(expect))?;
        self.put(key, &found, record, ttl)
    }

    /// Deletes a record if `expect` holds, and returns whether there was one.
    pub fn delete_if(&mut self, key: &[u8], expect: Expect) -> Result<bool> {
        let found = self.find(key)?;
        Self::check(key, &found, expect, 0).map_err(|conflict| conflict.into_error(expect))?;
        self.delete_found(key, &found)
    }

    /// Deletes what was found if it is live, and returns whether it is. The sweep removes what has expired.
    pub fn delete_found(&mut self, key: &[u8], found: &Found) -> Result<bool> {
        let is_live = found.live().is_some();
        if is_live {
            self.remove(key, found)?;
        }
        Ok(is_live)
    }

    /// Puts a record and returns the value that was there.
    pub fn replace<V: Value>(&mut self, key: &[u8], record: &mut RecordBytes) -> Result<Option<V::Owned>> {
        let (found, old) = self.owned::<V>(key)?;
        self.put(key, &found, record, Ttl::Clear)?;
        Ok(old)
    }

    /// Deletes a record and returns its value.
    pub fn take<V: Value>(&mut self, key: &[u8]) -> Result<Option<V::Owned>> {
        let (found, old) = self.owned::<V>(key)?;
        self.delete_found(key, &found)?;
        Ok(old)
    }

    /// Puts a record if there is none; else returns the value that is there.
    pub fn put_absent<V: Value>(&mut self, key: &[u8], record: &mut RecordBytes) -> Result<Option<V::Owned>> {
        let (found, old) = self.owned::<V>(key)?;
        if old.is_none() {
            self.put(key, &found, record, Ttl::Clear)?;
        }
        Ok(old)
    }

    /// Gives a record another deadline. Nothing changes if it has that one already.
    pub fn touch(&mut self, key: &[u8], ttl: Ttl) -> Result<Option<Written>> {
        let (found, row) = self.open(key)?;
        let (Some(row), Some(header)) = (row, found.live().copied()) else { return Ok(None) };
        if ttl == Ttl::Clear && header.expires == NEVER {
            return Ok(Some(Written::before(header, &row)));
        }
        let mut record = RecordBytes::again(&header, row.into_owned());
        self.rewrite(key, &found, &mut record, ttl).map(Some)
    }

    /// Calls `f` with the value, and puts the value that it returns or deletes the record. Nothing changes if the value
    /// has the same bytes.
    pub fn update<V: Value>(
        &mut self,
        key: &[u8],
        f: impl FnOnce(Option<V::Ref<'_>>) -> Result<Option<V::Owned>>,
    ) -> Result<Option<V::Owned>> {
        self.core().check_key(key)?;
        let mut record = RecordBytes::default();
        let (found, made, is_same) = {
            let (found, row) = self.open(key)?;
            let header = found.live().copied();
            let row = row.as_deref().zip(header);
            let old = row.map(|(row, header)| &row[header.value_at()..]);
            let made = f(old.map(|old| self.core().decode::<V>(key, old)).transpose()?)?;
            if let Some(made) = &made {
                let user = row.map_or(&[][..], |(row, header)| &row[header.len()..header.value_at()]);
                record.fill::<V, S>(self.core(), key, &V::as_arg(made), user)?;
            }
            let is_same = made.is_some() && old == Some(record.value());
            (found, made, is_same)
        };
        match &made {
            Some(_) if is_same => {}
            Some(_) => drop(self.rewrite(key, &found, &mut record, Ttl::Keep)?),
            None => drop(self.delete_found(key, &found)?),
        }
        Ok(made)
    }

    /// What is there, and its value.
    pub fn owned<V: Value>(&self, key: &[u8]) -> Result<(Found, Option<V::Owned>)> {
        let (found, row) = self.open(key)?;
        let (Some(row), Some(header)) = (row, found.live()) else { return Ok((found, None)) };
        let value = self.core().decode::<V>(key, &row[header.value_at()..])?;
        Ok((found, Some(V::own(value))))
    }
}

impl<S> Core<S> {
    /// The bytes of a record.
    pub fn record<V: Value>(&self, key: &[u8], value: &impl AsValue<V>, meta: &[u8]) -> Result<RecordBytes> {
        self.check_key(key)?;
        RecordBytes::of(self, key, value, meta)
    }
}
