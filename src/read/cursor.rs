//! The cursor of all readers: over the file alone, or over the file and layers of changes.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::page::Cursor;
use crate::read::merge::MergeCursor;
use crate::read::raw::{RawCursor, RawEntry};

/// The entries of a range of one state that are not read yet, from both ends.
#[derive(Clone)]
pub struct LayeredCursor<'t>(Kind<'t>);

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "opening the common one allocates nothing")]
enum Kind<'t> {
    Plain(Cursor<'t>),
    Merged(Box<MergeCursor<'t>>),
}

impl<'t> LayeredCursor<'t> {
    #[inline]
    pub(crate) fn plain(cursor: Cursor<'t>) -> Self {
        Self(Kind::Plain(cursor))
    }

    pub(crate) fn merged(cursor: MergeCursor<'t>) -> Self {
        Self(Kind::Merged(Box::new(cursor)))
    }
}

impl<'t> RawCursor<'t> for LayeredCursor<'t> {
    #[inline]
    fn next(&mut self) -> Result<Option<RawEntry<'t>>> {
        match &mut self.0 {
            Kind::Plain(cursor) => cursor.next(),
            Kind::Merged(cursor) => cursor.step::<true>(),
        }
    }

    #[inline]
    fn next_back(&mut self) -> Result<Option<RawEntry<'t>>> {
        match &mut self.0 {
            Kind::Plain(cursor) => cursor.next_back(),
            Kind::Merged(cursor) => cursor.step::<false>(),
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        match &mut self.0 {
            Kind::Plain(cursor) => cursor.seek(key),
            Kind::Merged(cursor) => cursor.seek(key),
        }
    }

    fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        match &mut self.0 {
            Kind::Plain(cursor) => cursor.seek_back(key),
            Kind::Merged(cursor) => cursor.seek_back(key),
        }
    }

    #[inline]
    fn for_each<B>(&mut self, each: impl FnMut(&'t [u8], &'t [u8]) -> ControlFlow<B>) -> Result<ControlFlow<B>> {
        match &mut self.0 {
            Kind::Plain(cursor) => cursor.for_each(each),
            Kind::Merged(cursor) => cursor.for_each(each),
        }
    }
}
