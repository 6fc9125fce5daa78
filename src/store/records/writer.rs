//! The changes of records within one transaction of a backend, as bytes.

use std::borrow::Cow;
use std::cell::Cell;

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{BackendTxn, Committed};
use crate::store::changes::{Stamp, StampField, Stamped};
use crate::store::feed::{After, EventKind, FEED_ROW, NewEvent, append, not_open};
use crate::store::records::conflict::RecordConflict;
use crate::store::records::core::Core;
use crate::store::records::expiry::{self, DEADLINE};
use crate::store::records::header::{COMMIT_AT, Header, INCARNATION_AT, NEVER, damaged};
use crate::store::records::meta::Meta;
use crate::store::records::put_options::{Expect, Ttl};
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::rows::OfTxn;
use crate::store::records::time::CLOCK_ROW;

/// The fields of a header that the backend fills.
const STAMPS: &[Stamp] = &[
    Stamp { offset: COMMIT_AT, field: StampField::Commit },
    Stamp { offset: INCARNATION_AT, field: StampField::Incarnation },
];

/// Changes records in a transaction. It has no effects but these changes.
pub(crate) struct Writer<'t, S> {
    core: &'t Core<S>,
    txn: &'t mut (dyn BackendTxn<S> + 't),
    moment: &'t Cell<Moment>,
}

/// The time of a transaction. All writes that share it have the same time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    now: Option<u64>,
    /// Whether the row of the clock has this time.
    is_written: bool,
    /// Whether the store is known to have no feed. None begins within a transaction.
    has_no_feed: bool,
}

/// A record that was written, except for what only the commit tells.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    header: Header,
    user: Box<[u8]>,
    /// Whether this transaction wrote it; else it was there.
    is_new: bool,
}

impl Written {
    /// What the record is, after the commit.
    pub fn committed(self, committed: Committed) -> Meta {
        let mut header = self.header;
        if self.is_new {
            (header.commit, header.incarnation) = (committed.id.into(), committed.incarnation);
        }
        Meta::with_user(&header, &self.user)
    }
}

impl Written {
    /// A record that was there and stays.
    pub fn before(header: Header, row: &[u8]) -> Self {
        let user = row.get(header.len()..header.value_at()).unwrap_or_default().into();
        Self { header, user, is_new: false }
    }
}

/// A record as a transaction finds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// That of the row, even if the record has expired.
    row: Option<Header>,
    is_live: bool,
}

impl Found {
    /// The header of the record, unless it is absent or has expired.
    pub fn live(&self) -> Option<&Header> {
        self.row.as_ref().filter(|_| self.is_live)
    }
}

impl Found {
    /// The deadline of the row, which may have passed.
    pub fn expires(&self) -> Option<u64> {
        self.row.map(|header| header.expires)
    }
}

impl<'t, S> Writer<'t, S> {
    pub fn new(core: &'t Core<S>, txn: &'t mut (dyn BackendTxn<S> + 't), moment: &'t Cell<Moment>) -> Self {
        Self { core, txn, moment }
    }

    pub fn core(&self) -> &'t Core<S> {
        self.core
    }

    /// The state with the changes so far.
    pub fn rows(&self) -> OfTxn<'_, S> {
        OfTxn(&*self.txn)
    }

    /// The time of the transaction.
    pub fn now(&self) -> Result<u64> {
        if let Some(now) = self.moment.get().now {
            return Ok(now);
        }
        // A hint: on an engine whose transactions run at once, writers of different keys must not conflict over the time.
        // There the row may then be behind the newest write by as much as two writers overlap.
        let written = self.core.written(self.rows())?;
        let now = self.core.time.now_after(written);
        self.moment.set(Moment { now: Some(now), is_written: now == written, ..self.moment.get() });
        Ok(now)
    }

    /// The record of `key` as it is, and its row.
    pub fn open(&self, key: &[u8]) -> Result<(Found, Option<Cow<'_, [u8]>>)> {
        let row = if self.core.is_no_key(key) { None } else { self.txn.get(&self.core.records, key)? };
        let Some(row) = row else { return Ok((Found { row: None, is_live: false }, None)) };
        let header = Header::decode(&row).map_err(|error| error.at_key(key))?;
        let is_live = header.expires == NEVER || self.now()? < header.expires;
        Ok((Found { row: Some(header), is_live }, is_live.then_some(row)))
    }

    /// The record of `key` as it is.
    pub fn find(&self, key: &[u8]) -> Result<Found> {
        self.open(key).map(|(found, _)| found)
    }

    /// Whether `expect` holds of a record.
    pub fn check(key: &[u8], found: &Found, expect: Expect, index: usize) -> Result<(), RecordConflict> {
        let live = found.live();
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => live.is_none(),
            Expect::Present => live.is_some(),
            Expect::Token(token) => live.is_some_and(|header| header.token() == token),
        };
        if holds { Ok(()) } else { Err(RecordConflict::new(index, key, live.map(Header::token))) }
    }

    /// Puts a record in place of what was found: created now, and with no lease.
    pub fn put(&mut self, key: &[u8], found: &Found, record: &mut RecordBytes, ttl: Ttl) -> Result<Written> {
        let now = self.now()?;
        let (version, modified, old) = match found.live() {
            Some(old) => (next_version(key, old.version)?, old.modified.max(now), old.expires),
            None => (1, now, NEVER),
        };
        let header = Header {
            lease: None,
            meta_len: record.meta_len(),
            index: self.txn.next_index(),
            commit: 0,
            incarnation: 0,
            version,
            created: modified,
            modified,
            expires: ttl.deadline(now, old),
        };
        self.store(key, found, record, header)
    }

    /// Puts a record in place of what was found as its next version: with its lease and the time when it was created. A
    /// key without a record gets a new one.
    pub fn rewrite(&mut self, key: &[u8], found: &Found, record: &mut RecordBytes, ttl: Ttl) -> Result<Written> {
        let Some(old) = found.live().copied() else { return self.put(key, found, record, ttl) };
        let now = self.now()?;
        let header = Header {
            meta_len: record.meta_len(),
            index: self.txn.next_index(),
            commit: 0,
            incarnation: 0,
            version: next_version(key, old.version)?,
            modified: old.modified.max(now),
            expires: ttl.deadline(now, old.expires),
            ..old
        };
        self.store(key, found, record, header)
    }

    /// Writes the row of a record and its row in the expiry index.
    fn store(&mut self, key: &[u8], found: &Found, record: &mut RecordBytes, header: Header) -> Result<Written> {
        let old = found.row.map_or(NEVER, |old| old.expires);
        // All that can be refused is refused before the first change.
        self.check_place(key, &header)?;
        let has_feed = self.has_feed()?;
        let previous = if has_feed { self.row_of(key, found)? } else { None };
        self.write_clock()?;
        if header.expires != NEVER && header.expires != old {
            let index_key = expiry::index_key(header.expires, key);
            self.txn.put(&self.core.expiry, index_key[..].into(), [][..].into())?;
        }
        let value = Stamped { bytes: record.with_header(&header), stamps: STAMPS };
        self.txn.put(&self.core.records, key.into(), value)?;
        if old != NEVER && old != header.expires {
            self.txn.delete(&self.core.expiry, &expiry::index_key(old, key))?;
        }
        if has_feed {
            let previous = match previous {
                Some(expired) if !found.is_live => {
                    self.note(EventKind::Expired, key, After::Nothing, Some(&expired))?;
                    None
                }
                previous => previous,
            };
            self.note(EventKind::Put, key, After::Written(record.with_header(&header)), previous.as_deref())?;
        }
        Ok(Written { header, user: record.user().into(), is_new: true })
    }

    /// Writes a record with the header that it has, under a key that has no row: it stays the same write.
    pub fn keep(&mut self, key: &[u8], header: &Header, record: &mut RecordBytes) -> Result<()> {
        self.check_place(key, header)?;
        if header.expires != NEVER {
            let index_key = expiry::index_key(header.expires, key);
            self.txn.put(&self.core.expiry, index_key[..].into(), [][..].into())?;
        }
        self.txn.put(&self.core.records, key.into(), record.with_header(header).into())?;
        if self.has_feed()? {
            self.note(EventKind::Put, key, After::Kept(record.with_header(header)), None)?;
        }
        Ok(())
    }

    /// Refuses a key under which a record cannot be stored.
    fn check_place(&self, key: &[u8], header: &Header) -> Result<()> {
        self.core.check_key(key)?;
        if header.expires != NEVER && key.len() + DEADLINE > self.core.max_key_len {
            return Err(too_long_to_expire(key, self.core.max_key_len - DEADLINE));
        }
        Ok(())
    }

    /// Deletes what was found: the row of a record and its row in the expiry index.
    pub fn remove(&mut self, key: &[u8], found: &Found) -> Result<()> {
        let Some(header) = found.row else { return Ok(()) };
        if self.has_feed()? {
            let kind = if found.is_live { EventKind::Delete } else { EventKind::Expired };
            let previous = self.row_of(key, found)?;
            self.note(kind, key, After::Nothing, previous.as_deref())?;
        }
        self.txn.delete(&self.core.records, key)?;
        if header.expires != NEVER {
            self.txn.delete(&self.core.expiry, &expiry::index_key(header.expires, key))?;
        }
        Ok(())
    }

    /// Whether the store has a feed.
    fn has_feed(&self) -> Result<bool> {
        let moment = self.moment.get();
        if moment.has_no_feed {
            return Ok(false);
        }
        let has_feed = self.txn.get(&self.core.meta, FEED_ROW)?.is_some();
        self.moment.set(Moment { has_no_feed: !has_feed, ..moment });
        if has_feed && self.core.feed.get().is_none() { Err(not_open()) } else { Ok(has_feed) }
    }

    /// The row that was found, for the feed.
    fn row_of(&self, key: &[u8], found: &Found) -> Result<Option<Vec<u8>>> {
        if found.row.is_none() {
            return Ok(None);
        }
        Ok(self.txn.get(&self.core.records, key)?.map(Cow::into_owned))
    }

    /// Adds a change to the feed.
    fn note(&mut self, kind: EventKind, key: &[u8], after: After<'_>, previous: Option<&[u8]>) -> Result<()> {
        let event = NewEvent { kind, now: self.now()?, key, after, previous };
        let feed = self.core.feed.get().ok_or_else(not_open)?;
        append((feed, &self.core.meta), self.core.max_value_len, self.txn, &event)
    }

    /// Deletes a row of the expiry index.
    pub fn remove_index_row(&mut self, index_key: &[u8]) -> Result<()> {
        self.txn.delete(&self.core.expiry, index_key)
    }

    /// Writes the time of this transaction, once.
    fn write_clock(&mut self) -> Result<()> {
        let now = self.now()?;
        if !self.moment.get().is_written {
            self.txn.put(&self.core.meta, CLOCK_ROW.into(), now.to_be_bytes()[..].into())?;
            self.moment.set(Moment { is_written: true, ..self.moment.get() });
        }
        Ok(())
    }
}

fn next_version(key: &[u8], version: u64) -> Result<u64> {
    version.checked_add(1).ok_or_else(|| damaged("the version of a record is the greatest number").at_key(key))
}

#[cold]
fn too_long_to_expire(key: &[u8], most: usize) -> Error {
    let why = format!("the key of a record that expires has at most {most} bytes and this one has {}", key.len());
    Error::new(ErrorKind::TooLarge, format!("{why}; shorten or hash it")).at_key(key)
}
