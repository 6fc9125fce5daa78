//! Batches: owned changes with conditions, as data.

use std::fmt;
use std::ops::Bound;
use std::panic::UnwindSafe;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::durability::Durability;
use crate::env::update::Update;
use crate::error::{Error, ErrorKind, Result, Shown};
use crate::state::{Lease, View};
use crate::write_set::{check_key, check_value};

/// What a key must hold for a [`Batch`] to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect<T> {
    /// Any value, or none.
    Any,
    /// No value.
    Absent,
    /// Some value.
    Present,
    /// This value, with exactly these encoded bytes.
    Value(T),
}

impl<T> Expect<T> {
    /// The same expectation, with the value converted by `f`.
    pub(crate) fn try_map<U>(self, f: impl FnOnce(T) -> Result<U>) -> Result<Expect<U>> {
        Ok(match self {
            Self::Any => Expect::Any,
            Self::Absent => Expect::Absent,
            Self::Present => Expect::Present,
            Self::Value(value) => Expect::Value(f(value)?),
        })
    }
}

/// An expectation of encoded bytes.
pub(crate) type RawExpect = Expect<Box<[u8]>>;

/// Changes of any DBIs of one environment, with conditions. A batch can be built anywhere and sent to any
/// thread. [`Env::apply`](crate::Env::apply) or [`Env::submit`](crate::Env::submit) applies it as one transaction.
///
/// All conditions are checked against the state before the batch. If any fail, all failures are reported and
/// nothing is applied. Changes are made in the order they were added; of two of the same key the later one wins.
///
/// A key may be checked and written. But a batch that writes a key under a condition, by [`insert`](Self::insert),
/// [`put_if`](Self::put_if) or [`delete_if`](Self::delete_if), writes it once: since conditions are of the state before
/// the batch, a second write would not see what the first one did. `apply` and `submit` refuse such a batch with
/// `InvalidArgument`.
///
/// ```
/// use mapleaf::{Batch, Conflicts, Dbi, Env, ErrorKind, Expect};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let owner: Dbi<&str, &str> = env.dbi("owner")?;
/// let mut batch = Batch::new();
/// batch.insert(&owner, "left", "ann")?.insert(&owner, "right", "ann")?;
/// env.apply(batch)?;
///
/// let mut batch = Batch::new();
/// batch.check(&owner, "left", Expect::Value("bob"))?.insert(&owner, "right", "bob")?.delete(&owner, "left")?;
/// let error = env.apply(batch).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Conflict);
/// assert_eq!(error.downcast::<Conflicts>().unwrap().len(), 2);
/// assert_eq!(owner.get(&env.snapshot()?, "left")?, Some("ann"));
/// # Ok(())
/// # }
/// ```
#[doc(alias("WriteBatch", "compare_and_swap", "cas"))]
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) changes: Vec<Change>,
    /// `None` for the environment's durability.
    pub(crate) durability: Option<Durability>,
}

// A panic drops it, and nothing of it was applied.
impl UnwindSafe for Batch {}

/// One change or check of a batch.
#[derive(Debug)]
pub(crate) struct Change {
    pub dbi: Arc<DbiRef>,
    pub what: What,
}

/// What is done, and to which key or range.
#[derive(Debug)]
pub(crate) enum What {
    Put { key: Box<[u8]>, value: Box<[u8]>, expect: RawExpect },
    Update { key: Box<[u8]>, update: Update },
    Delete { key: Box<[u8]>, expect: RawExpect },
    DeleteRange { lower: Bound<Box<[u8]>>, upper: Bound<Box<[u8]>> },
    Check { key: Box<[u8]>, expect: RawExpect },
    Unchanged { lower: Bound<Box<[u8]>>, upper: Bound<Box<[u8]>>, since: Since },
}

/// The state that a range is compared with.
pub(crate) struct Since(pub Arc<Lease<View>>);

impl fmt::Debug for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Since").finish_non_exhaustive()
    }
}

impl Batch {
    /// Sets what the commit of this batch survives, as [`Env::transact_with`](crate::Env::transact_with). By default it
    /// is what the environment's commits survive.
    ///
    /// ```
    /// use mapleaf::{Batch, Dbi, Durability, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::open(dir.path())?;
    /// let seen: Dbi<&str, u64> = env.dbi("seen")?;
    /// let mut batch = Batch::new();
    /// batch.put(&seen, "ann", 7)?.set_durability(Durability::Eventual);
    /// env.submit(batch)?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_durability(&mut self, durability: Durability) -> &mut Self {
        self.durability = Some(durability);
        self
    }

    /// The number of changes and checks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are no changes and checks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// About how many bytes of memory the batch takes.
    pub(crate) fn bytes(&self) -> usize {
        self.changes.iter().map(|change| size_of::<Change>().saturating_add(change.what.bytes())).sum()
    }

    /// Refuses a batch that writes a key under a condition and also otherwise. O(1) memory without conditional writes,
    /// else O(n log n) for n changes.
    ///
    /// # Errors
    /// `InvalidArgument`, with the DBI and the key.
    pub(crate) fn check_written_once(&self) -> Result<()> {
        let writes = || self.changes.iter().filter_map(|change| change.what.written().map(|written| (change, written)));
        if !writes().any(|(_, (_, is_conditional))| is_conditional) {
            return Ok(());
        }
        // A key that cannot be stored has no bytes, so two of them need not be the same.
        let mut sorted: Vec<_> = writes().filter(|(_, (key, _))| !key.is_empty()).collect();
        sorted.sort_by_key(|(change, (key, _))| (change.dbi.slot, *key));
        let is_ambiguous = |pair: &[(&Change, (&[u8], bool))]| match pair {
            [(one, (key, is_conditional)), (other, (again, is_other_conditional))] => {
                one.dbi.slot == other.dbi.slot && key == again && (*is_conditional || *is_other_conditional)
            }
            _ => false,
        };
        let Some([(change, (key, _)), ..]) = sorted.windows(2).find(|pair| is_ambiguous(pair)) else { return Ok(()) };
        let why = "the batch writes this key twice, and once under a condition, which is of the state before the batch; \
                   write it once, or check the key by `check`";
        Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(&change.dbi.name).at_key(key))
    }

    /// Whether it has functions that compute values.
    pub(crate) fn has_updates(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.what, What::Update { .. }))
    }

    /// Adds a change, after checking that its key and value fit.
    pub(crate) fn push(&mut self, dbi: &Arc<DbiRef>, what: What) -> Result<&mut Self> {
        match &what {
            What::Put { key, value, .. } => {
                check_key(key, dbi.max_key)?;
                check_value(value.len())?;
            }
            What::Update { key, .. } => check_key(key, dbi.max_key)?,
            // These changes store no key. So a key that cannot be stored is accepted: no entry has it.
            What::Delete { .. } | What::Check { .. } | What::DeleteRange { .. } | What::Unchanged { .. } => {}
        }
        self.changes.push(Change { dbi: Arc::clone(dbi), what });
        Ok(self)
    }
}

impl What {
    /// The key that is written, and whether only under a condition.
    fn written(&self) -> Option<(&[u8], bool)> {
        match self {
            Self::Put { key, expect, .. } | Self::Delete { key, expect } => Some((key, *expect != Expect::Any)),
            Self::Update { key, .. } => Some((key, false)),
            Self::DeleteRange { .. } | Self::Check { .. } | Self::Unchanged { .. } => None,
        }
    }

    /// The number of bytes of the change's keys and values.
    fn bytes(&self) -> usize {
        let expected = |expect: &RawExpect| if let Expect::Value(value) = expect { value.len() } else { 0 };
        let bound = |bound: &Bound<Box<[u8]>>| match bound {
            Bound::Included(key) | Bound::Excluded(key) => key.len(),
            Bound::Unbounded => 0,
        };
        match self {
            Self::Put { key, value, expect } => key.len() + value.len() + expected(expect),
            Self::Update { key, update } => 2 * key.len() + update.bytes(),
            Self::Delete { key, expect } | Self::Check { key, expect } => key.len() + expected(expect),
            Self::DeleteRange { lower, upper } | Self::Unchanged { lower, upper, .. } => bound(lower) + bound(upper),
        }
    }
}

/// The conditions of a [`Batch`] that did not hold, in the order of the batch: at least one.
///
/// `Display` and `Debug` say how many there are, and name the first ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Conflicts(pub(crate) Vec<FailedCondition>);

/// How many failed conditions are shown.
const SHOWN: usize = 3;

/// A condition that did not hold.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedCondition {
    /// The index in the batch, from 0.
    pub index: usize,
    /// The name of the DBI.
    pub dbi: Box<str>,
    /// The encoded key; empty for a key that cannot be stored and so has no bytes.
    pub key: Box<[u8]>,
}

impl std::ops::Deref for Conflicts {
    type Target = [FailedCondition];

    fn deref(&self) -> &[FailedCondition] {
        &self.0
    }
}

impl Conflicts {
    /// An error with these conditions as its cause.
    #[cold]
    pub(crate) fn into_error(self) -> Error {
        let error = Error::new(ErrorKind::Conflict, format!("{self}; read again and retry"));
        let error = match self.first() {
            Some(first) => error.in_dbi(&first.dbi).at_key(&first.key),
            None => error,
        };
        error.caused_by(self)
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            1 => f.write_str("a condition of the batch does not hold: ")?,
            conditions => write!(f, "{conditions} conditions of the batch do not hold: ")?,
        }
        let first = &self[..self.len().min(SHOWN)];
        for (n, failed) in first.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}key {}", Shown(&failed.key))?;
            // A DBI's name is shown once, after the last of consecutive conditions of this DBI.
            if first.get(n + 1).is_none_or(|next| next.dbi != failed.dbi) {
                write!(f, " of dbi {:?}", failed.dbi)?;
            }
        }
        match self.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self[..self.len().min(SHOWN)];
        f.debug_struct("Conflicts").field("len", &self.len()).field("first", &first).finish()
    }
}

impl fmt::Debug for FailedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedCondition")
            .field("index", &self.index)
            .field("dbi", &self.dbi)
            .field("key", &Shown(&self.key))
            .finish()
    }
}

impl std::error::Error for Conflicts {}
