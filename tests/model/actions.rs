//! The actions of the model and their answers. Keys, values and databases are numbers.

use std::ops::Bound;

use mapleaf::{Durability, ErrorKind, Expect};

/// Two bounds, which may be reversed.
pub type Ends = (Bound<u16>, Bound<u16>);

/// A change of a typed database.
#[derive(Clone, Debug)]
pub enum Write {
    Put(u16, u16),
    Insert(u16, u16),
    Replace(u16, u16),
    /// To this value; `None` removes the entry.
    Update(u16, Option<u16>),
    GetOrPut(u16, u16),
    Append(u16, u16),
    Delete(u16),
    Take(u16),
    PopFirst,
    PopLast,
    DeleteRange(Ends),
    DeletePrefix(u16),
    /// Of the range, entries whose key number is a multiple of this.
    Retain(Ends, u16),
    /// Of the range, entries whose key number is a multiple of the second, at most as many as the third.
    Extract(Ends, u16, usize),
    Clear,
    Load(Vec<(u16, u16)>),
}

/// A read of a typed database.
#[derive(Clone, Debug)]
pub enum Look {
    Get(u16),
    GetMany(Vec<u16>),
    Contains(u16),
    First,
    Last,
    Floor(u16),
    Ceiling(u16),
    Lower(u16),
    Higher(u16),
    Walk(Ends, Vec<Step>),
    Keys(Vec<Step>),
    Values(bool),
    Prefix(u16, bool),
    Len,
    IsEmpty,
    Count(Ends),
    Rank(u16),
    Nth(u64),
    Sample(usize, u64),
    /// Stops after this many entries.
    ForEach(Ends, usize),
    /// The first entry whose key number is a multiple of this.
    FindMap(Ends, u16),
    List {
        prefix: u16,
        limit: usize,
        reverse: bool,
    },
}

/// A step of a walk from both ends.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Next,
    NextBack,
    Seek(u16),
    SeekBack(u16),
}

/// A change of the set of pairs.
#[derive(Clone, Debug)]
pub enum PairWrite {
    Insert(u16),
    Remove(u16),
    RemoveAll(u16),
    Clear,
}

/// A read of the set of pairs.
#[derive(Clone, Debug)]
pub enum PairLook {
    Contains(u16),
    ContainsKey(u16),
    Values(u16, bool),
    ValuesRange(u16, Ends),
    Count(u16),
    Len,
    IsEmpty,
    Pairs(bool),
    Range(Ends),
    Keys,
}

/// One action in a transaction.
#[derive(Clone, Debug)]
pub enum Action {
    Write(usize, Write),
    Look(usize, Look),
    PairWrite(PairWrite),
    PairLook(PairLook),
    Savepoint(Vec<Action>, End),
}

/// How a closure ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Keep,
    Fail,
    Panic,
}

/// An entry of a batch, with conditions of type `E`.
#[derive(Clone, Debug)]
pub enum Change<E> {
    Put(u16, u16, E),
    Insert(u16, u16),
    Delete(u16, E),
    DeleteRange(Ends),
    Check(u16, E),
}

/// The entries of a batch, each with the number of its database.
pub type Changes<E> = Vec<(usize, Change<E>)>;

/// The condition of a batch entry, before the content of the database is known.
#[derive(Clone, Copy, Debug)]
pub enum Hope {
    Is(Expect<u16>),
    /// The value that is there when the batch is made, or its absence.
    Held,
}

impl<E> Change<E> {
    /// The same change with conditions of another type.
    pub fn with<F>(&self, mut condition: impl FnMut(u16, &E) -> F) -> Change<F> {
        match self {
            Self::Put(key, value, expect) => Change::Put(*key, *value, condition(*key, expect)),
            Self::Insert(key, value) => Change::Insert(*key, *value),
            Self::Delete(key, expect) => Change::Delete(*key, condition(*key, expect)),
            Self::DeleteRange(ends) => Change::DeleteRange(*ends),
            Self::Check(key, expect) => Change::Check(*key, condition(*key, expect)),
        }
    }
}

/// How a transaction is begun and committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// By a closure, or one with its own type of errors.
    Closure,
    ClosureOr,
    /// By a closure that does not wait for others.
    TryClosure,
    /// By `begin` and `commit`, or `abort`.
    Held,
    /// By a draft, which is dropped instead of aborted.
    Draft,
}

/// How batches are submitted.
#[derive(Clone, Debug)]
pub enum Way {
    Apply,
    Submit,
    TrySubmit,
    /// Submitted inside a closure that does these actions and ends in this way. The batches are applied after the
    /// closure, however it ends.
    Within(Vec<Action>, End),
}

/// One action on the environment.
#[derive(Clone, Debug)]
pub enum Transition {
    Transact { actions: Vec<Action>, end: End, door: Door },
    Batches(Vec<Changes<Hope>>, Way),
    Look(usize, Look),
    PairLook(PairLook),
    ParScan(usize, Ends, usize),
    Hold,
    CheckHeld(usize),
    Refresh(usize),
    Release(usize),
    ClearDbi(usize),
    DropDbi(usize),
    Compact,
    Reopen(Durability),
}

/// One action of a thread, concurrent with those of others.
#[derive(Clone, Debug)]
pub enum Task {
    /// If it only looks, it keeps no change.
    Transact {
        actions: Vec<Action>,
        end: End,
        door: Door,
        looks: bool,
    },
    Apply(Changes<Hope>),
    Submit(Vec<Changes<Hope>>),
    Clear(usize),
}

/// The concurrent tasks of all threads, and the environment they use.
#[derive(Clone, Debug)]
pub struct Round {
    pub durability: Durability,
    /// Whether the map is so small that commits fail.
    pub is_cramped: bool,
    pub tasks: Vec<Vec<Task>>,
}

/// An answer, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Is(bool),
    Count(u64),
    Value(Option<u16>),
    Values(Vec<Option<u16>>),
    Entry(Option<(u16, u16)>),
    Entries(Vec<Option<(u16, u16)>>),
    Pages(Vec<Vec<(u16, u16)>>),
    Refused(ErrorKind),
}
