//! The rows of a state, whatever kind of state it is.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::error::Result;
use crate::store::backend::{BackendRead, BackendTxn, EachRow, KeySpan, Order};
use crate::store::env_backend::{self, EnvSpace};
use crate::txn::Read;

/// A state to read rows from.
pub(crate) trait Rows<'t, S>: Copy {
    /// The value of `key`.
    fn row(self, space: &S, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>>;

    /// As [`row`](Self::row), and a transaction does not depend on it.
    fn hint(self, space: &S, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>> {
        self.row(space, key)
    }

    /// Calls `each` with the rows of a span, ascending, until it breaks.
    fn each(self, space: &S, span: KeySpan<'_>, wanted: usize, each: &mut EachRow<'_>) -> Result<()>;

    /// The number of rows in a span.
    fn count(self, space: &S, span: KeySpan<'_>) -> Result<u64>;
}

/// The rows of a snapshot.
pub(crate) struct OfSnapshot<'t, R>(pub &'t R);

impl<R> Clone for OfSnapshot<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for OfSnapshot<'_, R> {}

impl<'t, R: BackendRead> Rows<'t, R::Space> for OfSnapshot<'t, R> {
    fn row(self, space: &R::Space, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>> {
        self.0.get(space, key)
    }

    fn each(self, space: &R::Space, span: KeySpan<'_>, wanted: usize, each: &mut EachRow<'_>) -> Result<()> {
        self.0.scan(space, span, Order::Ascending, wanted, each)
    }

    fn count(self, space: &R::Space, span: KeySpan<'_>) -> Result<u64> {
        self.0.count(space, span)
    }
}

/// The rows of a state of an environment.
pub(crate) struct OfState<'t, R>(pub &'t R);

impl<R> Clone for OfState<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for OfState<'_, R> {}

impl<'t, R: Read> Rows<'t, EnvSpace> for OfState<'t, R> {
    #[inline]
    fn row(self, space: &EnvSpace, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>> {
        Ok(env_backend::get(self.0, space, key)?.map(Cow::Borrowed))
    }

    fn each(self, space: &EnvSpace, span: KeySpan<'_>, _wanted: usize, each: &mut EachRow<'_>) -> Result<()> {
        env_backend::scan(self.0, space, span, Order::Ascending, each)
    }

    fn count(self, space: &EnvSpace, span: KeySpan<'_>) -> Result<u64> {
        env_backend::count(self.0, space, span)
    }
}

/// The rows of a transaction.
pub(crate) struct OfTxn<'t, S>(pub &'t (dyn BackendTxn<S> + 't));

impl<S> Clone for OfTxn<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for OfTxn<'_, S> {}

impl<'t, S> Rows<'t, S> for OfTxn<'t, S> {
    fn row(self, space: &S, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>> {
        self.0.get(space, key)
    }

    fn hint(self, space: &S, key: &[u8]) -> Result<Option<Cow<'t, [u8]>>> {
        self.0.peek(space, key)
    }

    fn each(self, space: &S, span: KeySpan<'_>, wanted: usize, each: &mut EachRow<'_>) -> Result<()> {
        self.0.scan(space, span, Order::Ascending, wanted, each)
    }

    fn count(self, space: &S, span: KeySpan<'_>) -> Result<u64> {
        let mut rows = 0;
        self.each(space, span, usize::MAX, &mut |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }
}
