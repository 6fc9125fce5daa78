//! What an optimistic transaction reads, and what it notes down.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{BackendRead, BackendTxn, EachRow, KeySpan, Order};
use crate::store::changes::{Changes, Stamped};
use crate::store::conditions::is_empty_span;
use crate::store::own_changes::{Own, OwnChanges};
use crate::store::read_conditions::{ReadConditions, ReadRows};
use crate::write_set::check_key;

/// A snapshot with changes over it.
pub(super) struct OptimisticTxn<'r, R: BackendRead> {
    snapshot: &'r R,
    /// The longest key and the longest value in bytes.
    limits: (usize, usize),
    /// By space, of which a transaction changes few.
    own: Vec<(R::Space, OwnChanges)>,
    /// What was read of the snapshot. Reads borrow the transaction shared, and a scan's caller may read during it.
    reads: RefCell<Vec<(R::Space, ReadConditions)>>,
    indexes: u32,
}

impl<'r, R: BackendRead<Space: Clone + PartialEq>> OptimisticTxn<'r, R> {
    pub(super) fn new(snapshot: &'r R, limits: (usize, usize)) -> Self {
        Self { snapshot, limits, own: Vec::new(), reads: RefCell::default(), indexes: 0 }
    }

    /// Its changes under the conditions of what it read. `None` without changes.
    pub(super) fn into_changes(self) -> Option<Changes<R::Space>> {
        let mut all = Changes::new();
        for (space, own) in self.own {
            own.into_changes(&space, &mut all.changes);
        }
        for (space, reads) in self.reads.into_inner() {
            reads.into_conditions(&space, &mut all.conditions);
        }
        (!all.changes.is_empty()).then_some(all)
    }

    fn own(&self, space: &R::Space) -> Option<&OwnChanges> {
        self.own.iter().find(|(of, _)| of == space).map(|(_, own)| own)
    }

    fn own_mut(&mut self, space: &R::Space) -> &mut OwnChanges {
        of_space(&mut self.own, space)
    }

    /// Notes something that was read.
    fn note(&self, space: &R::Space, note: impl FnOnce(&mut ReadConditions)) {
        note(of_space(&mut self.reads.borrow_mut(), space));
    }

    fn check_value(&self, len: usize) -> Result<()> {
        let most = self.limits.1;
        if len <= most {
            return Ok(());
        }
        let why = format!("a value has at most {most} bytes here and this one has {len}; store it in parts");
        Err(Error::new(ErrorKind::TooLarge, why))
    }
}

/// The entry of a space, which is added if it has none.
fn of_space<'e, S: Clone + PartialEq, E: Default>(entries: &'e mut Vec<(S, E)>, space: &S) -> &'e mut E {
    let at = entries.iter().position(|(of, _)| of == space).unwrap_or_else(|| {
        entries.push((space.clone(), E::default()));
        entries.len() - 1
    });
    &mut entries[at].1
}

impl<R: BackendRead<Space: Clone + PartialEq>> BackendTxn<R::Space> for OptimisticTxn<'_, R> {
    fn get(&self, space: &R::Space, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        match self.own(space).map_or(Own::Nothing, |own| own.get(key)) {
            Own::Value(value) => return Ok(Some(Cow::Borrowed(value))),
            Own::Deleted => return Ok(None),
            Own::Nothing => {}
        }
        let found = self.snapshot.get(space, key)?;
        self.note(space, |reads| reads.value(key, found.as_deref()));
        Ok(found)
    }

    fn peek(&self, space: &R::Space, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        match self.own(space).map_or(Own::Nothing, |own| own.get(key)) {
            Own::Value(value) => Ok(Some(Cow::Borrowed(value))),
            Own::Deleted => Ok(None),
            Own::Nothing => self.snapshot.get(space, key),
        }
    }

    fn scan(
        &self,
        space: &R::Space,
        span: KeySpan<'_>,
        order: Order,
        wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        if is_empty_span(span) {
            return Ok(());
        }
        let none = OwnChanges::default();
        let own = self.own(space).unwrap_or(&none);
        let mut merge = Merge { own, below: Vec::new(), stop: None };
        let mut changed = own.rows(span, order).peekable();
        // Own changes hide rows of the snapshot, so more of them may be needed than are wanted.
        let wanted = wanted.saturating_add(own.len());
        self.snapshot.scan(space, span, order, wanted, &mut |key, value| {
            while let Some((own_key, row)) = changed.next_if(|(own_key, _)| precedes(own_key, key, order)) {
                merge.own_row(own_key, row, each)?;
            }
            merge.below.push((key.to_vec(), value.to_vec()));
            match changed.next_if(|(own_key, _)| *own_key == key) {
                Some((own_key, row)) => merge.own_row(own_key, row, each),
                None => merge.row_below(key, value, each),
            }
        })?;
        if merge.stop.is_none() {
            let _ = changed.try_for_each(|(key, row)| merge.own_row(key, row, each));
        }
        let Merge { below, stop, .. } = merge;
        self.note(space, |reads| reads.rows(scanned(span, order, stop.as_deref()), order, below));
        Ok(())
    }

    fn put(&mut self, space: &R::Space, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        check_key(key.bytes, self.limits.0)?;
        self.check_value(value.bytes.len())?;
        key.check()?;
        value.check()?;
        self.own_mut(space).put(key, value);
        Ok(())
    }

    fn delete(&mut self, space: &R::Space, key: &[u8]) -> Result<()> {
        // A key that cannot be stored is absent.
        if check_key(key, self.limits.0).is_ok() {
            self.own_mut(space).delete(key);
        }
        Ok(())
    }

    fn delete_span(&mut self, space: &R::Space, span: KeySpan<'_>) -> Result<()> {
        if !is_empty_span(span) {
            self.own_mut(space).delete_span(span);
        }
        Ok(())
    }

    fn next_index(&mut self) -> u32 {
        let index = self.indexes;
        self.indexes = index.saturating_add(1);
        index
    }
}

/// A scan of the snapshot, with the changes over it.
struct Merge<'o> {
    own: &'o OwnChanges,
    /// The rows of the snapshot that it came to.
    below: ReadRows,
    /// The key where the caller stopped.
    stop: Option<Vec<u8>>,
}

impl Merge<'_> {
    fn own_row(&mut self, key: &[u8], value: Option<&[u8]>, each: &mut EachRow<'_>) -> ControlFlow<()> {
        value.map_or(ControlFlow::Continue(()), |value| self.give(key, value, each))
    }

    fn row_below(&mut self, key: &[u8], value: &[u8], each: &mut EachRow<'_>) -> ControlFlow<()> {
        if self.own.is_deleted(key) { ControlFlow::Continue(()) } else { self.give(key, value, each) }
    }

    fn give(&mut self, key: &[u8], value: &[u8], each: &mut EachRow<'_>) -> ControlFlow<()> {
        let flow = each(key, value);
        if flow.is_break() {
            self.stop = Some(key.to_vec());
        }
        flow
    }
}

/// Whether a scan in this order comes to `one` before `other`.
fn precedes(one: &[u8], other: &[u8], order: Order) -> bool {
    if order == Order::Ascending { one < other } else { one > other }
}

/// The part of a span that was scanned, up to the key where the caller stopped.
fn scanned<'k>((lower, upper): KeySpan<'k>, order: Order, stop: Option<&'k [u8]>) -> KeySpan<'k> {
    match (stop, order) {
        (None, _) => (lower, upper),
        (Some(stop), Order::Ascending) => (lower, Bound::Included(stop)),
        (Some(stop), Order::Descending) => (Bound::Included(stop), upper),
    }
}
