//! The backend over an environment.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{DbiRef, Schema};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::read::{RawCursor, RawRead};
use crate::store::backend::{
    Backend, BackendRead, BackendTxn, Capabilities, Committed, Consistency, EachRow, KeySpan, Order,
};
use crate::store::changes::Changes;
use crate::store::env_txn::EnvTxn;
use crate::txn::{CommitId, Snapshot};
use crate::value::MAX_VALUE_LEN;

/// The handle of a space of an [`Env`]: a hidden DBI.
#[derive(Clone)]
pub struct EnvSpace {
    dbi: Arc<DbiRef>,
}

/// Equal for handles of the same DBI.
impl PartialEq for EnvSpace {
    fn eq(&self, other: &Self) -> bool {
        self.dbi.engine == other.dbi.engine && self.dbi.slot == other.dbi.slot
    }
}

impl Eq for EnvSpace {}

impl EnvSpace {
    /// The DBI.
    #[inline]
    pub(super) fn dbi(&self) -> &Arc<DbiRef> {
        &self.dbi
    }

    /// The error with the name of the DBI.
    #[cold]
    pub(super) fn named(&self, error: Error) -> Error {
        error.in_dbi(&self.dbi.name)
    }
}

impl fmt::Debug for EnvSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnvSpace").field(&self.dbi.name).finish()
    }
}

/// The value of `key`, borrowed from the state.
#[inline]
pub(super) fn get<'t>(state: &'t impl RawRead, space: &EnvSpace, key: &[u8]) -> Result<Option<&'t [u8]>> {
    state.raw_get::<0>(&space.dbi, key).map_err(|error| space.named(error))
}

/// As [`get`], where all keys of the space have this many bytes, as their type says. They are then searched as numbers.
#[inline]
pub(super) fn get_of_width<'t>(
    state: &'t impl RawRead,
    space: &EnvSpace,
    width: Option<usize>,
    key: &[u8],
) -> Result<Option<&'t [u8]>> {
    // Where the width is a constant, one arm is left.
    let found = match (width, key.len()) {
        (Some(4), 4) => state.raw_get::<4>(&space.dbi, key),
        (Some(8), 8) => state.raw_get::<8>(&space.dbi, key),
        (Some(16), 16) => state.raw_get::<16>(&space.dbi, key),
        _ => state.raw_get::<0>(&space.dbi, key),
    };
    found.map_err(|error| space.named(error))
}

/// As [`BackendRead::scan`].
pub(super) fn scan(
    state: &impl RawRead,
    space: &EnvSpace,
    (lower, upper): KeySpan<'_>,
    order: Order,
    each: &mut EachRow<'_>,
) -> Result<()> {
    let rows = || {
        let mut rows = state.raw_range(&space.dbi, lower, upper)?;
        if order == Order::Ascending {
            return rows.for_each(each).map(drop);
        }
        while let Some((key, value)) = rows.next_back()? {
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    };
    rows().map_err(|error| space.named(error))
}

/// The number of rows in a span.
pub(super) fn count(state: &impl RawRead, space: &EnvSpace, (lower, upper): KeySpan<'_>) -> Result<u64> {
    state.raw_count(&space.dbi, lower, upper).map_err(|error| space.named(error))
}

impl BackendRead for Snapshot {
    type Space = EnvSpace;

    fn id(&self) -> CommitId {
        self.raw_id().into()
    }

    fn incarnation(&self) -> u64 {
        self.core().incarnation()
    }

    #[inline]
    fn get(&self, space: &EnvSpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(get(self, space, key)?.map(Cow::Borrowed))
    }

    fn scan(
        &self,
        space: &EnvSpace,
        span: KeySpan<'_>,
        order: Order,
        _wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        scan(self, space, span, order, each)
    }

    fn count(&self, space: &EnvSpace, span: KeySpan<'_>) -> Result<u64> {
        count(self, space, span)
    }
}

/// Spaces are hidden DBIs, whose names begin with `__store/`. They are created in a transaction of their own, so a space
/// is opened outside of transactions.
impl Backend for Env {
    type Space = EnvSpace;
    type Snapshot = Snapshot;

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "lmdb",
            consistency: Consistency::Local,
            durable: true,
            read_only: self.engine.config.read_only,
            shared: true,
            max_key_len: self.max_key_size(),
            max_value_len: MAX_VALUE_LEN,
        }
    }

    fn id(&self) -> [u8; 16] {
        self.uuid()
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<EnvSpace> {
        let schema = Schema { multi: false, key: key.into(), value: value.into() };
        let opened = self.open_hidden(name, &schema);
        opened.map(|dbi| EnvSpace { dbi }).map_err(|error| error.during("open_space").in_dbi(name))
    }

    fn snapshot(&self) -> Result<Snapshot> {
        self.snapshot()
    }

    fn commit(&self, changes: Changes<EnvSpace>) -> Result<Committed> {
        let make = |txn: &mut dyn BackendTxn<EnvSpace>| changes.check(txn).and_then(|()| changes.make(txn));
        Backend::transact(self, make).map(|((), committed)| committed)
    }

    fn transact<T>(&self, mut work: impl FnMut(&mut dyn BackendTxn<EnvSpace>) -> Result<T>) -> Result<(T, Committed)> {
        self.transact(|txn| {
            let made = work(&mut EnvTxn::new(txn))?;
            Ok((made, EnvTxn::new(txn).committed()))
        })
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        self.wait_changed(since, limit)
    }
}
