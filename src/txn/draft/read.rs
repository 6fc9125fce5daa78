//! What a draft reads, with a note of it.

use std::ops::Bound;

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::page::TreeRecord;
use crate::read::{LoggedCursor, RawEntry, RawRead};
use crate::txn::draft::Draft;

impl RawRead for Draft {
    type Cursor<'t> = LoggedCursor<'t>;

    fn raw_uuid(&self) -> &[u8; 16] {
        self.state.raw_uuid()
    }

    fn raw_id(&self) -> u64 {
        self.state.raw_id()
    }

    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>> {
        self.state.raw_get::<W>(dbi, key)
    }

    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()> {
        self.state.raw_get_many::<W>(dbi, keys, each)
    }

    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64> {
        self.state.raw_rank(dbi, key)
    }

    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<LoggedCursor<'t>> {
        self.state.logged_range(dbi, (lower, upper))
    }

    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)> {
        self.state.raw_tree(dbi)
    }

    fn raw_len(&self, dbi: &DbiRef) -> Result<u64> {
        self.state.raw_len(dbi)
    }

    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.state.raw_count(dbi, lower, upper)
    }

    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        self.state.raw_estimate(dbi, lower, upper)
    }

    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>> {
        self.state.raw_nth(dbi, n)
    }

    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        self.state.raw_split(dbi, lower, upper, parts)
    }
}
