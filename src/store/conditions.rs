//! Checking the conditions of changes, and making the changes: for backends that commit inside a transaction.

use std::fmt;
use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{BackendTxn, KeySpan, Order};
use crate::store::changes::{Change, Changes, Condition, Stamped};

/// Which conditions of a [`Changes`] did not hold: the cause of the `Conflict`, by
/// [`Error::downcast_ref`](crate::Error::downcast_ref).
///
/// ```
/// use mapleaf::store::{Backend, Changes, Condition, FailedConditions, Memory};
/// # fn main() -> mapleaf::Result<()> {
/// let memory = Memory::new()?;
/// let ages = memory.open_space("ages", "str", "u32")?;
/// let there = Condition::Value { space: ages, key: b"ann".to_vec(), value: Some(vec![42]) };
/// let refused = memory.commit(Changes { conditions: vec![there], changes: vec![] }).unwrap_err();
/// assert_eq!(refused.downcast_ref::<FailedConditions>().map(|failed| &failed.at[..]), Some(&[0][..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedConditions {
    /// The positions of those that did not hold, ascending.
    pub at: Vec<usize>,
}

impl fmt::Display for FailedConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at[..] {
            [one] => write!(f, "condition {one} does not hold"),
            many => write!(f, "{} conditions do not hold, the first of them number {}", many.len(), many[0]),
        }
    }
}

impl std::error::Error for FailedConditions {}

impl FailedConditions {
    /// The error that a backend returns.
    #[must_use]
    pub fn into_error(self) -> Error {
        let why = format!("{self}, so nothing was committed; read again, and retry");
        Error::new(ErrorKind::Conflict, why).caused_by(self)
    }
}

impl<S> Changes<S> {
    /// No changes and no conditions.
    #[must_use]
    pub fn new() -> Self {
        Self { conditions: Vec::new(), changes: Vec::new() }
    }

    /// Checks all conditions in a transaction. O(bytes of the conditions), and a search for each.
    ///
    /// # Errors
    /// `Conflict`, caused by [`FailedConditions`], which lists all that do not hold; what reading the transaction
    /// returns.
    pub fn check(&self, txn: &dyn BackendTxn<S>) -> Result<()> {
        let mut at = Vec::new();
        for (n, condition) in self.conditions.iter().enumerate() {
            if !condition.holds(txn)? {
                at.push(n);
            }
        }
        if at.is_empty() { Ok(()) } else { Err(FailedConditions { at }.into_error()) }
    }

    /// Makes the changes in a transaction, in order.
    ///
    /// # Errors
    /// As [`BackendTxn::put`]; the changes before the one that failed are made.
    pub fn make(&self, txn: &mut dyn BackendTxn<S>) -> Result<()> {
        self.changes.iter().try_for_each(|change| match change {
            Change::Put { space, key, value } => {
                txn.put(space, Stamped { bytes: &key.0, stamps: &key.1 }, Stamped { bytes: &value.0, stamps: &value.1 })
            }
            Change::Delete { space, key } => txn.delete(space, key),
            Change::DeleteSpan { space, lower, upper } => txn.delete_span(space, span(lower, upper)),
        })
    }
}

impl<S> Default for Changes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Condition<S> {
    /// Whether it holds in a transaction.
    fn holds(&self, txn: &dyn BackendTxn<S>) -> Result<bool> {
        match self {
            Self::Value { space, key, value } => Ok(txn.get(space, key)?.as_deref() == value.as_deref()),
            Self::Rows { space, lower, upper, rows } => {
                let (mut expected, mut same) = (rows.iter(), true);
                let wanted = rows.len().saturating_add(1);
                txn.scan(space, span(lower, upper), Order::Ascending, wanted, &mut |key, value| {
                    same = expected.next().is_some_and(|row| row.0 == key && row.1 == value);
                    if same { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })?;
                Ok(same && expected.next().is_none())
            }
        }
    }
}

/// A span, owned.
pub(super) type OwnedSpan = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The span between two owned bounds.
pub(super) fn span<'k>(lower: &'k Bound<Vec<u8>>, upper: &'k Bound<Vec<u8>>) -> KeySpan<'k> {
    (lower.as_ref().map(Vec::as_slice), upper.as_ref().map(Vec::as_slice))
}

/// Whether no key can lie in a span, because its ends are equal or in the wrong order.
pub(super) fn is_empty_span(span: KeySpan<'_>) -> bool {
    match span {
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (Bound::Included(lower) | Bound::Excluded(lower), Bound::Excluded(upper))
        | (Bound::Excluded(lower), Bound::Included(upper)) => lower >= upper,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}
