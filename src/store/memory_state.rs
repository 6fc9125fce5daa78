//! A state of the backend in memory, and its snapshots.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use smallvec::SmallVec;

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{BackendRead, EachRow, KeySpan, Order};
use crate::store::conditions::is_empty_span;
use crate::txn::CommitId;

/// The bytes of a key. Most lie in the node of the map, so that a search follows no pointer to compare them.
pub(super) type RowKey = SmallVec<[u8; 40]>;
/// The rows of a space.
pub(super) type Rows = OrdMap<RowKey, Arc<[u8]>>;

/// A state of all spaces. A clone shares everything.
#[derive(Clone)]
pub(super) struct State {
    /// The incarnation of the memory.
    pub memory: u64,
    /// The id of the last commit.
    pub id: CommitId,
    names: OrdMap<Arc<str>, Arc<Types>>,
    /// By the number of the space.
    pub spaces: Vector<Rows>,
}

/// A space by name, with the names of its types.
struct Types {
    key: Box<str>,
    value: Box<str>,
    space: MemorySpace,
}

/// The handle of a space of a [`Memory`](crate::store::Memory).
#[derive(Clone, PartialEq, Eq)]
pub struct MemorySpace {
    memory: u64,
    number: usize,
    name: Arc<str>,
}

impl fmt::Debug for MemorySpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemorySpace").field(&self.name).finish()
    }
}

impl State {
    pub(super) fn empty(memory: u64) -> Self {
        Self { memory, id: CommitId::from(0), names: OrdMap::new(), spaces: Vector::new() }
    }

    /// The space `name`, if it exists.
    pub(super) fn space(&self, name: &str, key: &str, value: &str) -> Result<Option<MemorySpace>> {
        let Some(found) = self.names.get(name) else { return Ok(None) };
        if *found.key == *key && *found.value == *value {
            return Ok(Some(found.space.clone()));
        }
        let why = format!(
            "it was created with keys of type {} and values of type {}, and is opened with {key} and {value}; open it as it was created",
            found.key, found.value
        );
        Err(Error::new(ErrorKind::SchemaMismatch, why).in_dbi(name))
    }

    /// The space `name`, which is created unless it exists.
    pub(super) fn create_space(&mut self, name: &str, key: &str, value: &str) -> Result<MemorySpace> {
        if let Some(space) = self.space(name, key, value)? {
            return Ok(space);
        }
        let name: Arc<str> = name.into();
        let space = MemorySpace { memory: self.memory, number: self.spaces.len(), name: Arc::clone(&name) };
        self.spaces.push_back(Rows::new());
        self.names.insert(name, Arc::new(Types { key: key.into(), value: value.into(), space: space.clone() }));
        Ok(space)
    }

    /// The number of a space, which must be of this memory.
    pub(super) fn number(&self, space: &MemorySpace) -> Result<usize> {
        if space.memory == self.memory {
            return Ok(space.number);
        }
        let why = "the handle is of another memory; open the space in this one";
        Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(&space.name))
    }

    /// The rows of a space. `None` for a space that was created later.
    fn rows(&self, space: &MemorySpace) -> Result<Option<&Rows>> {
        Ok(self.spaces.get(self.number(space)?))
    }

    pub(super) fn get(&self, space: &MemorySpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(self.rows(space)?.and_then(|rows| rows.get(key)).map(|value| Cow::Borrowed(&**value)))
    }

    pub(super) fn scan(
        &self,
        space: &MemorySpace,
        span: KeySpan<'_>,
        order: Order,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        let Some(rows) = self.rows(space)?.filter(|_| !is_empty_span(span)) else { return Ok(()) };
        let mut rows = rows.range::<_, [u8]>(span);
        while let Some((key, value)) = if order == Order::Ascending { rows.next() } else { rows.next_back() } {
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("id", &self.id).field("spaces", &self.spaces.len()).finish_non_exhaustive()
    }
}

/// One state of a [`Memory`](crate::store::Memory). It keeps its rows, also when the memory is closed.
#[derive(Clone, Debug)]
pub struct MemorySnapshot {
    state: Arc<State>,
}

impl MemorySnapshot {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

impl BackendRead for MemorySnapshot {
    type Space = MemorySpace;

    fn id(&self) -> CommitId {
        self.state.id
    }

    fn incarnation(&self) -> u64 {
        self.state.memory
    }

    fn get(&self, space: &MemorySpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        self.state.get(space, key)
    }

    fn scan(
        &self,
        space: &MemorySpace,
        span: KeySpan<'_>,
        order: Order,
        _wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        self.state.scan(space, span, order, each)
    }

    fn count(&self, space: &MemorySpace, span: KeySpan<'_>) -> Result<u64> {
        if let (Bound::Unbounded, Bound::Unbounded) = span {
            return Ok(self.state.rows(space)?.map_or(0, |rows| rows.len() as u64));
        }
        let mut rows = 0;
        self.state.scan(space, span, Order::Ascending, &mut |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }
}
